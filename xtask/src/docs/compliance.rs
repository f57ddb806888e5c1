//! `docs/compliance.md`: which control rests on which check, made from the table that `weightlock evidence export` uses.

use std::fmt::Write as _;

use weightlock::commands::evidence::export::controls::{CONTROLS, Control, Framework};

/// Where it lies.
pub(super) const PATH: &str = "docs/compliance.md";

const HEAD: &str = r#"<!-- Made by `cargo xtask docs` from the sources. -->

# Controls and the evidence for them

Which evidence a model can have for the controls that organisations are asked about, and the command that yields each. The tables are
made from the list that the program itself uses; titles are ours, they quote no framework, and none of this is legal advice.

```console
$ weightlock evidence export --policy policy.toml ./model
$ weightlock evidence export --policy policy.toml --json ./model > controls.json
$ weightlock evidence export --policy policy.toml --format csv ./model > controls.csv
$ weightlock evidence export --policy policy.toml --format oscal ./model > results.oscal.json
```

The model is judged as [`gate`](policy.md) judges it, with the same flags and exit codes; the document is written also where the answer
is no. For each control there is

- what exactly the standing is about ("shows"). A control is always wider than that;
- every check that it rests on, with its state (`met`, `not-met`, `no-answer`, `waived`, `skipped`, `not-run`, `not-demanded`), what came of
  it, and the digests of the statements and reports behind it;
- a standing, which is the worst of its checks: **verified** only where each of them ran and holds and is a signature, a level that
  follows from signed provenance, somebody's signed word about exactly these bytes, or the policy; **declared** where it is what a
  statement that counts says (a card, a bill of materials, a measured value, a report of another tool, a licence); **inferred** where it
  was worked out from content (the scan); **failed** where a check said no, also when a waiver stands in for it; **unknown** otherwise. A check that the
  policy does not demand was not judged: it is unknown, whatever lies with the model (of levels, all three are judged once
  provenance is demanded);
- what no tool gives. An export is evidence for somebody who judges a control, and never the judgement.

In OSCAL (assessment results 1.2.1) a check is an observation and a control a finding about our own objective of it; `satisfied` stands
only where the standing is verified, everything else is `not-satisfied` with the reason `fail` or `other`. Policies and evidence are in the back matter, by
digest. The tests have another implementation read it, compliance-trestle, whose models are made from NIST's schema; the schema file itself is not tried
there. In CSV each line is a control and a check; a cell that a spreadsheet would take for a formula begins with an apostrophe. The JSON has a
[schema](schemas/evidence-export.json).

To have a document that nobody changed afterwards, sign it: `weightlock sign-blob --key auditor.key results.oscal.json`.
"#;

const FOOT: &str = r#"
## What was compared with what

The elements of G7, CISA and Annex XI are those of [`bom check`](howto/bom.md#does-it-have-what-is-asked-for), whose lists follow the published ones;
facts that you state with `--facts` are known to `bom check`, and not to an export. Numbers of SP 800-218A that 800-218 does not have (PS.1.3, PW.3.1)
follow its final text of July 2024 as we know it: compare them before you quote them. SOC 2 has no list of what a model needs; the rows say which
criteria the evidence speaks to, and an auditor decides whether it is enough.
"#;

/// The whole page.
pub(super) fn page() -> String {
    let mut text = HEAD.to_owned();
    for framework in Framework::ALL {
        let _ = write!(
            text,
            "\n## {}\n\n`{}`\n\n| control | shows | rests on | command | what no tool gives |\n|---|---|---|---|---|\n",
            framework.title(),
            framework.word()
        );
        let of = CONTROLS.iter().filter(|control| control.framework == framework);
        of.for_each(|control| text += &row(control));
    }
    text + FOOT
}

fn row(control: &Control) -> String {
    let basis: Vec<String> = control
        .rests_on
        .iter()
        .map(|basis| format!("`{}`", basis.name()))
        .collect();
    let basis = if basis.is_empty() {
        "nothing".to_owned()
    } else {
        basis.join(", ")
    };
    format!(
        "| `{}` {} | {} | {basis} | `{}` | {} |\n",
        control.id, control.title, control.shows, control.command, control.beyond
    )
}
