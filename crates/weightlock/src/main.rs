//! The binary `weightlock`: everything is in the library, so that the Python wheel can carry the command line too.

use std::process::ExitCode;

fn main() -> ExitCode {
    weightlock::run(std::env::args_os()).into()
}
