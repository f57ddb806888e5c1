//! Tar archives: what readers disagree on, and the members.
//!
//! Used for NeMo models, old PyTorch files, layers of container images, and archives of anything.

use weightlock_format::{
    Problem,
    container::{
        name,
        tar::{Archive, Fact, Kind, Member},
    },
};

use super::{Examination, Role, Subject, torch, zip};
use crate::{coverage::Gap, observation::container::Seen};

/// Examines a tar archive.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let archive = match Archive::read(&subject.content, exam.limits) {
        Ok(archive) => archive,
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    };
    structure(&archive, subject, exam);
    members(&archive, subject, exam);
}

fn structure(archive: &Archive, subject: &Subject, exam: &mut Examination<'_>) {
    for range in &archive.structure {
        exam.explain(range.clone());
    }
    for problem in &archive.problems {
        exam.problem(problem.clone());
        if let Problem::LimitExceeded { what, limit, .. } = problem {
            exam.gap(problem.offset(), 0, Gap::Limit { what, limit: *limit });
        }
    }
    if archive.is_cut {
        exam.gap(subject.content.size(), 0, Gap::Truncated);
    }
    for seen in &archive.facts {
        exam.observe_at(seen.at, observation(seen.member.as_deref(), &seen.fact));
    }
}

fn observation(member: Option<&str>, fact: &Fact) -> Seen {
    let owned = || member.unwrap_or_default().to_owned();
    match fact {
        Fact::Foreign { bytes } => Seen::Foreign { bytes: *bytes },
        Fact::Duplicate { exact, same } => Seen::Duplicate {
            member: owned(),
            same: *same,
            exact: *exact,
            case_counts: false,
        },
        Fact::AfterEnd => Seen::Unlisted {
            member: owned(),
            what: fact.to_string(),
        },
        fact => Seen::Disagreement {
            member: member.map(str::to_owned),
            what: fact.to_string(),
        },
    }
}

fn members(archive: &Archive, subject: &Subject, exam: &mut Examination<'_>) {
    let layer = is_layer(archive);
    let mut links = Vec::new();
    let is_torch = torch::tar::is_torch(archive.members.iter().map(|member| member.name.as_str()));
    for member in &archive.members {
        let role = match is_torch {
            true => torch::tar::role(&member.name),
            false => Role::Plain,
        };
        placement(member, layer, &mut links, exam);
        let length = member.data.end.saturating_sub(member.data.start);
        let content = subject.content.part(member.data.start, length);
        if member.is_sparse {
            // The holes are missing from the bytes, so what is told of them may not be what a reader sees.
            exam.unread(
                member.data.clone(),
                Gap::UnsupportedFormat("a sparse member of a tar archive"),
            );
            exam.inner(&member.name, content, Role::Plain);
        } else if length > 0 || member.kind == Kind::File {
            exam.pass(member.data.clone(), &member.name, content, role);
        }
    }
}

/// Whether the members are files of a system, as in the layers of container images.
fn is_layer(archive: &Archive) -> bool {
    const ROOT: [&str; 8] = ["bin", "etc", "lib", "opt", "sbin", "tmp", "usr", "var"];
    let mut found: Vec<&str> = Vec::new();
    for member in &archive.members {
        let name = member.name.trim_start_matches("./").trim_start_matches('/');
        let top = name.split('/').next().unwrap_or_default();
        if ROOT.contains(&top) && !found.contains(&top) {
            found.push(top);
        }
    }
    found.len() >= 4
}

/// Puts down where a member would be written, and through what.
fn placement(member: &Member, layer: bool, links: &mut Vec<String>, exam: &mut Examination<'_>) {
    let at = member.at;
    if let Some(how) = name::escape(&member.name) {
        let member_name = member.name.clone();
        exam.observe_at(
            at,
            Seen::Escape {
                member: member_name,
                how,
            },
        );
    }
    if !layer {
        zip::through_link(&member.name, at, links, exam);
    }
    let hard = member.kind == Kind::HardLink;
    match member.kind {
        Kind::Link | Kind::HardLink => {
            // A hard link names a member from the start of the archive, a symbolic one from its own folder.
            let how = if hard {
                name::escape(&member.target)
            } else {
                name::link_escape(&member.name, &member.target)
            };
            links.push(name::key(&member.name));
            exam.observe_at(
                at,
                Seen::Link {
                    member: member.name.clone(),
                    target: member.target.clone(),
                    how,
                    hard,
                    layer,
                },
            );
        }
        Kind::Device => exam.observe_at(
            at,
            Seen::Device {
                member: member.name.clone(),
            },
        ),
        _ => {}
    }
}
