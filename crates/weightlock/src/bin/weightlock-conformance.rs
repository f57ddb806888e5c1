//! The binary `weightlock-conformance`: the client protocol of the public Sigstore conformance suite, over the same code as
//! the verbs. For tests only; nothing else takes an identity token as an argument.

use std::process::ExitCode;

fn main() -> ExitCode {
    weightlock::conformance::run(std::env::args_os()).into()
}
