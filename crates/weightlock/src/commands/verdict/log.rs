//! Writes decisions to the audit logs that policies and flags name: one line each, behind a lock, on disk before the answer is given.
//!
//! A log that cannot be written to, or whose last line is none, is a refusal: a decision that nobody will know of is not given.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rustix::fs::OFlags;
use weightlock_artifact::Error;
use weightlock_policy::{
    Mode, Policy, Verdict,
    audit::{Acceptance, Entry, MAX_LINE},
    reason::AUDIT,
};

use super::flags::PolicyFlags;
use crate::{context::Context, diagnostic::Diagnostic, environment::AUDIT_LOG, held};

/// Every log that is named: by the policies, the flag and the environment, each once however it is spelt.
pub(crate) fn logs(policy: &Policy, flags: &PolicyFlags) -> Vec<PathBuf> {
    let of_policies = policy.layers().iter();
    let of_policies = of_policies.filter_map(|layer| layer.document.audit_log.as_ref().map(PathBuf::from));
    let named = of_policies
        .chain(flags.audit_log.clone())
        .chain(AUDIT_LOG.filled().map(PathBuf::from));
    let each: BTreeMap<PathBuf, PathBuf> = named.map(|log| (place(&log), log)).collect();
    each.into_values().collect()
}

/// Where a log lies, through links to its folder; it is none itself. What cannot be looked at stays as it was typed.
fn place(log: &Path) -> PathBuf {
    let absolute = std::path::absolute(log).unwrap_or_else(|_| log.to_owned());
    let folder = absolute.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, absolute.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => absolute,
    }
}

/// Refuses logs that lie in the model: a line in one makes another model of it than was judged.
pub(super) fn outside(target: &Path, policy: &Policy, flags: &PolicyFlags) -> Result<(), Diagnostic> {
    let Ok(target) = target.canonicalize() else {
        return Ok(());
    };
    for log in logs(policy, flags) {
        let folder = log.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize();
        let place = folder.map(|it| it.join(log.file_name().unwrap_or_default()));
        if place.is_ok_and(|place| place.starts_with(&target)) {
            let told = Diagnostic::new(
                AUDIT,
                "the audit log lies in the model, which a line in it would change",
            );
            return Err(told.at(log.display().to_string()).help("name a log elsewhere"));
        }
    }
    Ok(())
}

/// Writes a verdict to every log.
pub(super) fn write(
    verdict: &Verdict,
    policy: &Policy,
    (verb, name): (&str, &str),
    flags: &PolicyFlags,
) -> Result<(), Diagnostic> {
    for log in logs(policy, flags) {
        let entry = Entry::of(verdict, policy, verb, name, verdict.now);
        append(&log, entry)?;
    }
    Ok(())
}

/// Writes to every log that somebody accepts, or wanted to accept, a change of a locked model.
pub(crate) fn log_acceptance(
    acceptance: &Acceptance<'_>,
    policy: Option<&Policy>,
    flags: &PolicyFlags,
    context: &Context,
) -> Result<(), Diagnostic> {
    let nobody = Policy::default();
    let policy = policy.unwrap_or(&nobody);
    let now = context.timestamp()?;
    for log in logs(policy, flags) {
        append(&log, Entry::accepting(acceptance, policy, now))?;
    }
    Ok(())
}

/// Writes to every log that is known here that a flag was refused, which gives up a check.
pub(super) fn write_refused(flag: &str, policy: &Policy, now: Timestamp) -> Result<(), Diagnostic> {
    for log in logs(policy, &PolicyFlags::default()) {
        append(&log, Entry::of_flag(flag, policy, now))?;
    }
    Ok(())
}

/// Likewise, by the policies that were found, where they mean production: for what is refused before there is a verdict.
pub(crate) fn write_overrides(
    tried: &[String],
    policy: &Policy,
    flags: &PolicyFlags,
    context: &Context,
) -> Result<(), Diagnostic> {
    if policy.mode(flags.mode_here()) != Mode::Production {
        return Ok(());
    }
    let seconds = i64::try_from(context.now().0).unwrap_or(i64::MAX);
    let now = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    for flag in tried {
        for log in logs(policy, flags) {
            append(&log, Entry::of_flag(flag, policy, now))?;
        }
    }
    Ok(())
}

fn append(path: &Path, entry: Entry) -> Result<(), Diagnostic> {
    let failed = |source: std::io::Error| Diagnostic::from(Error::io("write the audit log", path, source));
    let flags = OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::options()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(failed)?;
    let broken = |why: String| {
        Diagnostic::new(AUDIT, why)
            .at(path.display().to_string())
            .help(format!(
                "weightlock audit verify {}",
                crate::text::quoted(&path.display().to_string())
            ))
    };
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(broken("the audit log is no file".to_owned()));
    }
    // Held until the file is closed, so that lines follow on each other whoever writes.
    held::hold(&file, path)?;
    let size = file.seek(SeekFrom::End(0)).map_err(failed)?;
    let last = match last_line(&mut file, size).map_err(failed)? {
        Last::None => None,
        Last::Line(line) => Some(line),
        Last::Unfinished => {
            return Err(broken(
                "the last line of the audit log was not written whole".to_owned(),
            ));
        }
    };
    let line = entry
        .after(last.as_deref())
        .map_err(|error| broken(error.to_string()))?;
    let written = file.write_all(format!("{line}\n").as_bytes());
    written.and_then(|()| file.sync_data()).map_err(|error| {
        // A part of a line would be what no line can follow on, and every later decision refused.
        match file.set_len(size) {
            Ok(()) => failed(error),
            Err(left) => failed(error).note(format!("a part of a line stays at its end: {left}")),
        }
    })
}

/// What a log ends with.
enum Last {
    None,
    Line(Vec<u8>),
    Unfinished,
}

fn last_line(file: &mut File, size: u64) -> std::io::Result<Last> {
    if size == 0 {
        return Ok(Last::None);
    }
    let most = MAX_LINE as u64 + 2;
    file.seek(SeekFrom::Start(size.saturating_sub(most)))?;
    let mut tail = Vec::new();
    file.take(most).read_to_end(&mut tail)?;
    let Some((b'\n', text)) = tail.split_last() else {
        return Ok(Last::Unfinished);
    };
    match text.iter().rposition(|byte| *byte == b'\n') {
        Some(before) => Ok(Last::Line(text.get(before + 1..).unwrap_or_default().to_vec())),
        None if size <= most => Ok(Last::Line(text.to_vec())),
        None => Ok(Last::Unfinished),
    }
}
