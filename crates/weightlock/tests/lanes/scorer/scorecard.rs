//! `docs/bom-scorecard.md` still says what is: every tool is asked again, and judged by the same reader.

use std::path::{Path, PathBuf};

use serde_json::Value;
use weightlock_peers::{
    Peer,
    boms::{Asked, Faults, Job, Score, Subjects, TOOLS, faults, judge},
    program,
    scanners::repository,
};

const WEIGHTLOCK: &str = env!("CARGO_BIN_EXE_weightlock");
/// A claim that depends on what is installed on the machine.
const OF_THE_MACHINE: &str = "a program of the machine that made the document";

struct Asking<'a> {
    subjects: &'a Subjects,
    home: &'a Path,
}

impl Asking<'_> {
    /// Every document of a tool with what validators say of it; `None` is Weightlock.
    fn all(&self, tool: Option<Peer>) -> Vec<(Score, Faults)> {
        let name = tool.map_or("weightlock", Peer::name);
        let jobs: Vec<Job> = (0..self.subjects.names.len())
            .map(|number| {
                let folder = self.subjects.folder(number);
                let document = self.home.join(format!("{name}-{number}.json"));
                let asked = match tool {
                    Some(tool) => Asked::tool(tool, &folder, &document).unwrap(),
                    None => Asked::weightlock(Path::new(WEIGHTLOCK), &folder, &document),
                };
                Job {
                    subject: self.subjects.names[number].clone(),
                    code: asked.run().unwrap(),
                    folder,
                    document,
                }
            })
            .collect();
        let documents: Vec<PathBuf> = jobs.iter().map(|it| it.document.clone()).collect();
        let scores = judge(&jobs).unwrap();
        scores.into_iter().zip(faults(&documents).unwrap()).collect()
    }
}

#[test]
fn the_scorecard_says_what_comes_out_of_a_run() {
    let wanted = TOOLS.into_iter().chain([Peer::BomModels, Peer::BomTools]);
    if wanted.into_iter().any(|peer| program(peer).is_none()) {
        return;
    }
    let published = std::fs::read(repository().join("docs/bom-scorecard.json")).unwrap();
    let published: Value = serde_json::from_slice(&published).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let subjects = Subjects::make(folder.path()).unwrap();
    assert_eq!(subjects.names.len(), 14);
    let asking = Asking {
        subjects: &subjects,
        home: folder.path(),
    };
    let tools = std::iter::once(None).chain(TOOLS.map(Some));
    for (tool, told) in tools.zip(published["tools"].as_array().unwrap()) {
        assert_eq!(told["name"], tool.map_or("weightlock", Peer::name));
        for (at, (score, faults)) in asking.all(tool).into_iter().enumerate() {
            let told = &told["results"][at];
            let what = format!("{tool:?}: {}", score.subject);
            assert_eq!(told["subject"], score.subject, "{what}");
            assert_eq!(told["facts"], score.facts.len(), "{what}");
            assert_eq!(told["missing"], serde_json::json!(score.missing()), "{what}");
            assert_eq!(kinds(&told["wrong"]), of_score(&score), "{what}");
            assert_eq!(told["digests"], serde_json::json!(score.digests), "{what}");
            for (member, fault) in [("schema", &faults.schema), ("references", &faults.references)] {
                assert_eq!(
                    told["faults"][member].is_null(),
                    fault.is_none(),
                    "{what}: {fault:?}"
                );
            }
            if tool.is_none() {
                // What the vectors promise is no matter of what was published.
                assert_eq!(score.missing(), Vec::<String>::new(), "{what}");
                assert_eq!(score.wrong, [], "{what}");
                assert_eq!(faults, Faults::default(), "{what}");
                assert!(!score.names_host, "{what}");
            }
        }
    }
}

fn kinds(wrong: &Value) -> Vec<String> {
    let all = wrong.as_array().unwrap().iter();
    let kinds = all.map(|it| it[0].as_str().unwrap().to_owned());
    kinds.filter(|it| it != OF_THE_MACHINE).collect()
}

fn of_score(score: &Score) -> Vec<String> {
    let kinds = score.wrong.iter().map(|(kind, _)| kind.clone());
    kinds.filter(|it| it != OF_THE_MACHINE).collect()
}
