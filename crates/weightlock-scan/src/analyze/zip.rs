//! Zip archives: what readers disagree on, and the members, each by what the archive is.
//!
//! [`Use::of`] tells what the archive is by the names in it, as loaders do, and [`analyze`] hands it to whoever knows
//! that use. The members of an archive without one are examined by their content.

use std::ops::Range;

use weightlock_format::{
    container::{
        name,
        zip::{Archive, Fact, Kind, Member, Unreadable, View, chain, method_name},
    },
    detect::{self, Format},
};

use super::{Examination, Role, Subject, torch::Plan};
use crate::{
    coverage::Gap,
    observation::{
        container::Seen,
        embedded::{self},
    },
};

/// What an archive is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    /// `torch.save`, TorchScript, packages, exported programs: see [`Plan`].
    Torch,
    /// NumPy arrays.
    Npz,
    /// A TorchServe archive.
    Mar,
    /// A model of Keras 3.
    Keras,
    /// Anything else.
    Plain,
}

impl Use {
    /// What an archive with these members is for, when it is none of PyTorch's.
    fn of(archive: &Archive) -> Self {
        let has = |wanted: &str| archive.members.iter().any(|member| member.name == wanted);
        let ends = |member: &Member, end: &str| member.name.ends_with(end);
        if has("MAR-INF/MANIFEST.json") {
            Self::Mar
        } else if has(KERAS_CONFIGURATION) && KERAS_PARTS.iter().any(|part| has(part)) {
            Self::Keras
        } else if !archive.members.is_empty() && archive.members.iter().all(|member| ends(member, ".npy")) {
            Self::Npz
        } else {
            Self::Plain
        }
    }
}

/// The member from which Keras 3 rebuilds a model.
const KERAS_CONFIGURATION: &str = "config.json";
/// Members of which Keras 3 writes at least one beside the configuration.
const KERAS_PARTS: [&str; 4] = [
    "metadata.json",
    "model.weights.h5",
    "model.weights.json",
    "model.weights.npz",
];

/// The role of a member in a model of Keras 3.
fn keras_role(member: &Member) -> Role {
    if member.name == KERAS_CONFIGURATION {
        Role::KerasConfig
    } else {
        Role::Plain
    }
}

/// Examines a zip archive.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    if let Some(parts) = shards(subject) {
        for part in parts {
            let name = format!("archive@{}", part.start);
            let inner = subject
                .content
                .part(part.start, part.end.saturating_sub(part.start));
            exam.pass(part, &name, inner, Role::Plain);
        }
        return;
    }
    let archive = match Archive::read(&subject.content, exam.limits, exam.budget) {
        Ok(archive) => archive,
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    };
    if !archive.is_zip() {
        return exam.unread(
            0..size,
            Gap::Malformed("no part of a zip archive is there".to_owned()),
        );
    }
    let sizes = archive
        .members
        .iter()
        .map(|member| (member.name.as_str(), least_size(member)));
    let plan = Plan::of(sizes);
    let used = plan.as_ref().map_or_else(|| Use::of(&archive), |_| Use::Torch);
    structure(&archive, used, subject, exam);
    match (used, plan) {
        (Use::Torch, Some(plan)) => members(&archive, subject, exam, |member| plan.role(&member.name)),
        (Use::Mar, _) => super::mar::members(&archive, subject, exam),
        (Use::Keras, _) => members(&archive, subject, exam, keras_role),
        _ => members(&archive, subject, exam, |_| Role::Plain),
    }
}

/// The archives of a shard of a distributed checkpoint, each of which `torch.load` is given on its own. In a file with
/// another name archives behind each other are what readers disagree on.
fn shards(subject: &Subject) -> Option<Vec<Range<u64>>> {
    let is_shard = subject.trail.as_str().ends_with(".distcp");
    is_shard.then(|| chain(&subject.content).ok()).flatten()?
}

/// Bytes that every reader finds in a member.
fn least_size(member: &Member) -> u64 {
    let size = |view: &View| match view.is_stored() {
        true => view.size.min(view.data.end.saturating_sub(view.data.start)),
        false => view.size,
    };
    member.views.iter().map(size).min().unwrap_or_default()
}

/// Accounts for everything but the bytes of members, and puts down what readers disagree on.
fn structure(archive: &Archive, used: Use, subject: &Subject, exam: &mut Examination<'_>) {
    for range in &archive.structure {
        exam.explain(range.clone());
    }
    for comment in &archive.comments {
        let is_part = |range: &Range<u64>| comment.contains(&range.start);
        let content = subject
            .content
            .part(comment.start, comment.end.saturating_sub(comment.start));
        if archive.structure.iter().any(is_part) {
            continue;
        }
        exam.pass(comment.clone(), "archive comment", content, Role::Plain);
    }
    for problem in &archive.problems {
        exam.problem(problem.clone());
        let (what, limit) = match problem {
            weightlock_format::Problem::LimitExceeded { what, limit, .. } => (*what, *limit),
            _ => continue,
        };
        exam.gap(problem.offset(), 0, Gap::Limit { what, limit });
    }
    if !archive.has_directory {
        let what = "it has no central directory, so only readers of streams see its members".to_owned();
        exam.observe(Seen::Disagreement { member: None, what });
        exam.gap(subject.content.size(), 0, Gap::Truncated);
    }
    let first = first_format(subject);
    let is_polyglot = !matches!(first, Format::Zip | Format::Unknown);
    if is_polyglot {
        exam.observe(embedded::Seen::Polyglot {
            first,
            second: Format::Zip,
            loadable: is_loadable(archive, subject),
        });
    }
    if used == Use::Torch {
        methods(archive, exam);
    }
    for seen in &archive.facts {
        if let Fact::UnicodeName { other } | Fact::Name { local: other } = &seen.fact
            && let Some(how) = name::escape(other)
        {
            let member = other.clone();
            exam.observe_at(seen.at, Seen::Escape { member, how });
        }
        if let Some(fact) = observation(seen.member.as_deref(), &seen.fact, used, is_polyglot) {
            exam.observe_at(seen.at, fact);
        }
    }
}

/// Puts down methods that PyTorch does not read.
fn methods(archive: &Archive, exam: &mut Examination<'_>) {
    for member in &archive.members {
        let odd = member.views.iter().find(|view| !matches!(view.method, 0 | 8));
        if let Some(view) = odd {
            exam.observe_at(
                member.at,
                Seen::Method {
                    member: member.name.clone(),
                    method: method_name(view.method),
                },
            );
        }
    }
}

fn first_format(subject: &Subject) -> Format {
    let head = subject.content.read(0, detect::HEAD_BYTES).unwrap_or_default();
    Format::of(&head)
}

/// Members whose first bytes are looked at to tell whether a loader opens the archive.
const MOST_LOOKED_AT: usize = 256;

/// Whether a member is something that loaders of models open.
fn is_loadable(archive: &Archive, subject: &Subject) -> bool {
    let views = archive
        .members
        .iter()
        .flat_map(|member| member.views.iter().map(move |view| (member, view)));
    views.take(MOST_LOOKED_AT).any(|(member, view)| {
        let head = view
            .packed(&subject.content)
            .map(|packed| packed.head(64))
            .unwrap_or_default();
        let format = Format::of(&head);
        let is_model = matches!(
            format,
            Format::Safetensors
                | Format::Gguf
                | Format::Ggml
                | Format::Numpy
                | Format::Hdf5
                | Format::TfLite
                | Format::Onnx
                | Format::TensorFlow
        );
        is_model || format.is_code() || member.name.ends_with(".py") || member.name.ends_with(".pkl")
    })
}

fn observation(member: Option<&str>, fact: &Fact, used: Use, is_polyglot: bool) -> Option<Seen> {
    let owned = || member.unwrap_or_default().to_owned();
    Some(match fact {
        // A polyglot has bytes of its other format before the archive, and that is said of it already.
        Fact::Foreign { .. } if is_polyglot => return None,
        Fact::Foreign { bytes } => Seen::Foreign { bytes: *bytes },
        Fact::Duplicate { same, exact, .. } => Seen::Duplicate {
            member: owned(),
            same: *same,
            exact: *exact,
            case_counts: used == Use::Npz,
        },
        Fact::LocalOnly => Seen::Unlisted {
            member: owned(),
            what: fact.to_string(),
        },
        Fact::Overlap { .. } => Seen::Overlap {
            member: owned(),
            what: fact.to_string(),
        },
        fact => Seen::Disagreement {
            member: member.map(str::to_owned),
            what: fact.to_string(),
        },
    })
}

/// Hands on every member with the role that `role` gives it, and puts down what its name and kind would do when it is
/// extracted.
pub(super) fn members(
    archive: &Archive,
    subject: &Subject,
    exam: &mut Examination<'_>,
    role: impl Fn(&Member) -> Role,
) {
    let mut links: Vec<String> = Vec::new();
    for member in &archive.members {
        placement(member, &mut links, subject, exam);
        if member.kind == Kind::Link {
            for view in &member.views {
                exam.explain(view.data.clone());
            }
            continue;
        }
        for (index, view) in member.views.iter().enumerate() {
            let name = match index {
                0 => member.name.clone(),
                _ => format!("{} (by its local header)", member.name),
            };
            hand_on(view, &name, role(member), subject, exam);
        }
    }
}

/// Hands on the bytes of one view of a member.
pub(super) fn hand_on(view: &View, name: &str, role: Role, subject: &Subject, exam: &mut Examination<'_>) {
    match view.packed(&subject.content) {
        Ok(packed) => {
            // Arrays of one value are usual; nothing but their header is more than data.
            let is_array = !view.is_stored() && packed.head(6) == b"\x93NUMPY";
            let packed = if is_array || role == Role::TensorBytes {
                packed.exempt_from_ratio()
            } else {
                packed
            };
            exam.unpack(view.data.clone(), name, packed, role);
        }
        Err(Unreadable::Encrypted) => exam.unread(view.data.clone(), Gap::Encrypted),
        Err(Unreadable::Method(method)) => {
            exam.unread(view.data.clone(), Gap::Compression(method.to_owned()))
        }
        Err(other) => exam.unread(view.data.clone(), Gap::Compression(format!("{other:?}"))),
    }
}

/// Puts down where a member would be written, and through what.
fn placement(member: &Member, links: &mut Vec<String>, subject: &Subject, exam: &mut Examination<'_>) {
    if let Some(how) = name::escape(&member.name) {
        let member_name = member.name.clone();
        exam.observe_at(
            member.at,
            Seen::Escape {
                member: member_name,
                how,
            },
        );
    }
    through_link(&member.name, member.at, links, exam);
    match member.kind {
        Kind::Link => {
            let target = link_target(member, subject, exam);
            links.push(name::key(&member.name));
            exam.observe_at(
                member.at,
                Seen::Link {
                    how: name::link_escape(&member.name, &target),
                    member: member.name.clone(),
                    target,
                    hard: false,
                    layer: false,
                },
            );
        }
        Kind::Device => exam.observe_at(
            member.at,
            Seen::Device {
                member: member.name.clone(),
            },
        ),
        _ => {}
    }
}

/// Links of an archive that later members are compared with.
const MOST_LINKS: usize = 1000;

/// Puts down that a member would be written through a link made before it.
pub(super) fn through_link(member: &str, at: u64, links: &[String], exam: &mut Examination<'_>) {
    if links.is_empty() {
        return;
    }
    let key = name::key(member);
    let is_under = |link: &&String| {
        key.strip_prefix(link.as_str())
            .is_some_and(|rest| rest.starts_with('/'))
    };
    if let Some(link) = links.iter().take(MOST_LINKS).find(is_under) {
        exam.observe_at(
            at,
            Seen::ThroughLink {
                member: member.to_owned(),
                link: link.clone(),
            },
        );
    }
}

fn link_target(member: &Member, subject: &Subject, exam: &mut Examination<'_>) -> String {
    let packed = member
        .views
        .first()
        .and_then(|view| view.packed(&subject.content).ok());
    let opened = packed.map(|packed| packed.open(exam.limits, exam.budget));
    let bytes = opened.and_then(|opened| opened.content.read(0, 4096).ok());
    name::text(&bytes.unwrap_or_default())
}
