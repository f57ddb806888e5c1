//! 7z archives: loaders do not open them, but filters by extension skip them, and people unpack what is inside.
//!
//! Members that are packed together come out of one stream. Such a stream is handed on as one content, and taken
//! apart into its members when its turn comes ([`run`]).

use std::ops::Range;

use weightlock_format::{
    Problem,
    container::{
        name,
        sevenzip::{Archive, Folder, Member, Unreadable},
        stream::{End, Expected},
    },
};

use super::{Examination, Role, Subject, zip};
use crate::{coverage::Gap, observation::container::Seen};

/// Examines a 7z archive.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let archive = match Archive::read(&subject.content, exam.limits, exam.budget) {
        Ok(archive) => archive,
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    };
    for range in &archive.structure {
        exam.explain(range.start.min(size)..range.end.min(size));
    }
    problems(&archive, size, exam);
    let mut links = Vec::new();
    for member in &archive.members {
        placement(member, &mut links, exam);
    }
    duplicates(&archive, exam);
    let mut parts: Vec<Vec<Part<'_>>> = vec![Vec::new(); archive.folders.len()];
    for member in &archive.members {
        if let Some((folder, range)) = &member.place
            && let Some(parts) = parts.get_mut(*folder)
        {
            parts.push((member, range));
        }
    }
    for (index, (folder, parts)) in archive.folders.iter().zip(&parts).enumerate() {
        hand_on(index, folder, parts, subject, exam);
    }
}

fn problems(archive: &Archive, size: u64, exam: &mut Examination<'_>) {
    for problem in &archive.problems {
        exam.problem(problem.clone());
        let gap = match problem {
            Problem::LimitExceeded { what, limit, .. } => Gap::Limit { what, limit: *limit },
            problem => Gap::Malformed(problem.to_string()),
        };
        exam.gap(problem.offset(), 0, gap);
    }
    if archive.is_encrypted {
        exam.unread(0..size, Gap::Encrypted);
    }
    match &archive.sealed {
        None => {}
        Some(End::Unsupported(coder)) => exam.unread(0..size, Gap::Compression(coder.clone())),
        Some(End::Limit { what, limit }) => {
            exam.unread(0..size, Gap::Limit { what, limit: *limit });
            exam.observe(Seen::Bomb { what, limit: *limit });
        }
        Some(_) => exam.unread(0..size, Gap::Malformed("the header cannot be decoded".to_owned())),
    }
}

fn placement(member: &Member, links: &mut Vec<String>, exam: &mut Examination<'_>) {
    if let Some(how) = name::escape(&member.name) {
        let member = member.name.clone();
        exam.observe(Seen::Escape { member, how });
    }
    zip::through_link(&member.name, 0, links, exam);
    if member.is_link {
        links.push(name::key(&member.name));
        exam.observe(Seen::Link {
            member: member.name.clone(),
            target: String::new(),
            how: None,
            hard: false,
            layer: false,
        });
    }
}

fn duplicates(archive: &Archive, exam: &mut Examination<'_>) {
    let mut keys = std::collections::BTreeMap::new();
    for member in archive.members.iter().filter(|member| member.place.is_some()) {
        let Some(first) = keys.insert(name::key(&member.name), member) else {
            continue;
        };
        let size = |member: &Member| {
            member
                .place
                .as_ref()
                .map(|(_, range)| range.end.saturating_sub(range.start))
        };
        exam.observe(Seen::Duplicate {
            member: member.name.clone(),
            same: member.crc.is_some() && (member.crc, size(member)) == (first.crc, size(first)),
            exact: member.name == first.name,
            case_counts: false,
        });
    }
}

/// A member, and where in the content of its folder it lies.
type Part<'a> = (&'a Member, &'a Range<u64>);

/// Hands on what comes out of a folder: as its member when it has one, and as a run of members otherwise.
fn hand_on(index: usize, folder: &Folder, parts: &[Part<'_>], subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let range = folder.packed.start.min(size)..folder.packed.end.min(size);
    let packed = match folder.packed(&subject.content) {
        Ok(packed) => packed,
        Err(Unreadable::Encrypted) => return exam.unread(range, Gap::Encrypted),
        Err(Unreadable::Coder(coder)) => return exam.unread(range, Gap::Compression(coder)),
        Err(other) => return exam.unread(range, Gap::Compression(format!("{other:?}"))),
    };
    let length = |part: &Range<u64>| part.end.saturating_sub(part.start);
    if let [(member, part)] = parts {
        let expected = Expected {
            size: Some(length(part)),
            crc: member.crc,
        };
        exam.unpack(range, &member.name, packed.expecting(expected), Role::Plain);
    } else {
        let run = parts
            .iter()
            .map(|(member, part)| (member.name.clone(), part.start, length(part)));
        exam.unpack(
            range,
            &format!("solid block {index}"),
            packed,
            Role::Run(run.collect()),
        );
    }
}

/// Takes a run of members apart.
pub(super) fn run(subject: &Subject, exam: &mut Examination<'_>) {
    let Role::Run(parts) = &subject.role else {
        return;
    };
    for (name, start, length) in parts.iter() {
        let content = subject.content.part(*start, *length);
        let end = start.saturating_add(content.size());
        if content.size() < *length {
            exam.gap(end, length.saturating_sub(content.size()), Gap::Truncated);
        }
        exam.pass(*start..end, name, content, Role::Plain);
    }
}
