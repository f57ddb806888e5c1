//! [`scan`]: one file and everything in it.
//!
//! 1. The file is the first content in the queue.
//! 2. What a content *is* is told from its bytes, by every reader that could open it: a picture with an archive
//!    behind it is both.
//! 3. The analyzer of each format puts down what it sees, what it accounts for, and the contents it found within.
//! 4. The rules judge what was seen.
//! 5. The contents found within are queued, one deeper, until the queue is empty or a limit is met.
//!
//! Findings and gaps are sorted at the end, so the order of work does not show.

use std::collections::VecDeque;

use serde::Serialize;
use weightlock_format::{
    content::Content,
    detect::{self, Format},
    hdf5,
    limits::{Budget, Limits},
};

use crate::{
    Finding, Place, Profile, Trail,
    analyze::{self, Claim, Examination, Role, Subject, Template},
    coverage::{Coverage, Gap, Regions},
    observation::Sighting,
    rules::{self, Context, Rule},
};

/// How a scan is done.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Settings {
    /// What must be vouched for.
    pub profile: Profile,
    /// The most that is granted to one file.
    pub limits: Limits,
}

/// What was learnt of one file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FileReport {
    /// The file, as given.
    pub file: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it is by content.
    pub format: Format,
    /// What it can do, sorted by place.
    pub findings: Vec<Finding>,
    /// What was examined.
    pub coverage: Coverage,
    /// Bytes of other files that it declares as its data.
    #[serde(skip)]
    pub claims: Vec<Claim>,
    /// Its chat templates.
    #[serde(skip)]
    pub templates: Vec<Template>,
}

/// Examines `content`, called `file`, and everything in it.
#[must_use]
pub fn scan(file: &str, content: Content, settings: &Settings) -> FileReport {
    let mut run = Run::new(settings);
    let size = content.size();
    let mut queue = VecDeque::from([Subject {
        trail: Trail::file(file),
        content,
        role: Role::Plain,
        depth: 0,
    }]);
    let mut format = None;
    while let Some(subject) = queue.pop_front() {
        let found = run.examine(&subject, &mut queue);
        format.get_or_insert(found);
    }
    run.findings.sort();
    run.findings.dedup();
    run.coverage.gaps.sort();
    FileReport {
        file: file.to_owned(),
        size,
        format: format.unwrap_or(Format::Empty),
        findings: run.findings,
        coverage: run.coverage,
        claims: run.claims,
        templates: run.templates,
    }
}

/// The state of one scan.
struct Run<'a> {
    settings: &'a Settings,
    budget: Budget,
    rules: Vec<&'static Rule>,
    findings: Vec<Finding>,
    coverage: Coverage,
    claims: Vec<Claim>,
    templates: Vec<Template>,
}

impl<'a> Run<'a> {
    fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            budget: Budget::new(&settings.limits),
            rules: rules::all().collect(),
            findings: Vec::new(),
            coverage: Coverage::default(),
            claims: Vec::new(),
            templates: Vec::new(),
        }
    }

    /// Examines one content, queues what lies in it, and tells its first format.
    fn examine(&mut self, subject: &Subject, queue: &mut VecDeque<Subject>) -> Format {
        let size = subject.content.size();
        let mut exam = Examination::new(&self.settings.limits, &mut self.budget, self.settings.profile);
        let formats = if subject.depth > self.settings.limits.depth
            && !matches!(subject.role, Role::TensorBytes | Role::Metadata)
        {
            exam.unread(0..size, Gap::Depth);
            Vec::new()
        } else if let Some(analyze) = analyze::for_role(&subject.role) {
            analyze(subject, &mut exam);
            Vec::new()
        } else {
            identify(subject, &mut exam)
        };
        for &format in &formats {
            match analyze::for_format(format) {
                Some(analyze) => analyze(subject, &mut exam),
                None if format == Format::Empty => {}
                None => exam.unread(0..size, Gap::UnknownFormat),
            }
        }
        let Examination {
            sightings,
            regions,
            inner,
            claims,
            templates,
            ..
        } = exam;
        self.close(subject, regions, size);
        self.judge(&subject.trail, sightings);
        self.claims.extend(claims);
        self.templates.extend(templates);
        queue.extend(inner.into_iter().map(|inner| Subject {
            trail: subject.trail.member(&inner.name),
            content: inner.content,
            role: inner.role,
            depth: subject.depth.saturating_add(1),
        }));
        formats.first().copied().unwrap_or(Format::Unknown)
    }

    fn close(&mut self, subject: &Subject, regions: Regions, size: u64) {
        regions.close(&subject.trail, size, &mut self.coverage);
    }

    fn judge(&mut self, trail: &Trail, sightings: Vec<Sighting>) {
        let context = Context {
            profile: self.settings.profile,
            trail,
        };
        for sighting in sightings {
            let judged = self
                .rules
                .iter()
                .filter_map(|rule| Some((rule, rule.judge(&sighting.what, &context)?)));
            self.findings.extend(judged.map(|(rule, judgement)| Finding {
                place: Place {
                    trail: trail.clone(),
                    offset: sighting.offset,
                },
                rule: rule.id,
                severity: judgement.severity,
                confidence: judgement.confidence,
                cwe: rule.cwe,
                construct: sighting.construct.clone(),
                name: judgement.name,
                reason: judgement.reason,
                fix: rule.fix,
            }));
        }
    }
}

/// Every format that some reader could take the content for, the first bytes' first.
fn identify(subject: &Subject, exam: &mut Examination<'_>) -> Vec<Format> {
    let size = subject.content.size();
    let head = match subject.content.read(0, detect::HEAD_BYTES) {
        Ok(head) => head,
        Err(error) => {
            exam.unread(0..size, Gap::Unreadable(error.to_string()));
            return Vec::new();
        }
    };
    let first = Format::of(&head);
    let mut formats = vec![first];
    // Formats without a magic number, told by their fields. What its first bytes only look like is kept when nothing
    // fits, so that a broken file is still read up to the break.
    if matches!(first, Format::Unknown | Format::Onnx | Format::TensorFlow)
        && let Ok(fitting) = analyze::protobuf::formats(&subject.content, exam.limits)
        && !fitting.is_empty()
    {
        formats = fitting;
    }
    let is_unpickled = matches!(subject.role, Role::Pickle | Role::TorchPickle);
    if is_unpickled && first != Format::Pickle && size > 0 {
        formats = vec![Format::Pickle];
    }
    // A file of HDF5 may lie behind a block of the user's.
    if first != Format::Hdf5
        && let Ok(Some(_)) = hdf5::locate(&subject.content)
    {
        formats.retain(|format| !matches!(format, Format::Unknown | Format::Text));
        formats.push(Format::Hdf5);
    }
    if first != Format::Zip
        && let Ok(tail) = subject.content.tail(detect::TAIL_BYTES)
    {
        formats.extend(Format::of_tail(&tail));
    }
    formats
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_reader_knows_is_unread_and_not_clean() {
        let report = scan("a.bin", vec![0xff; 100].into(), &Settings::default());
        assert!(report.findings.is_empty());
        assert!(!report.coverage.is_complete());
        assert_eq!(report.coverage.unread, 100);
    }

    #[test]
    fn an_empty_file_is_covered() {
        assert!(
            scan("a", Vec::new().into(), &Settings::default())
                .coverage
                .is_complete()
        );
    }
}
