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

use std::ops::Range;

use serde::Serialize;
use weightlock_format::{
    container::zip,
    content::Content,
    detect::Format,
    hdf5,
    limits::{Budget, Limits},
    pickle, tensorflow,
};

use crate::{
    Finding, Place, Profile, Trail,
    analyze::{self, Claim, Examination, Inner, Role, Source, Subject, Template, blob, media, opened, xml},
    coverage::{Coverage, Gap, Regions, Unread},
    finding::{self, Findings, LeftOut},
    observation::{
        Sighting, container,
        embedded::{self, Spot},
    },
    rules::{self, Context, Rule},
    sniff::{self, Found},
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
    /// What it can do, sorted by place; the worst thousand.
    pub findings: Vec<Finding>,
    /// Findings that are not listed.
    pub findings_left_out: LeftOut,
    /// What was examined.
    pub coverage: Coverage,
    /// Bytes of other files that it declares as its data.
    #[serde(skip)]
    pub claims: Vec<Claim>,
    /// Its chat templates.
    #[serde(skip)]
    pub templates: Vec<Template>,
}

impl FileReport {
    /// Moves what is kept of it together in memory. `order` is called when nothing of it lies among what is gone, and may
    /// give free memory back.
    pub fn gather(&mut self, order: impl FnOnce()) {
        finding::gather(&mut self.findings, &mut self.coverage.gaps, order);
    }
}

/// Examines `content`, called `file`, and everything in it.
#[must_use]
pub fn scan(file: &str, content: Content, settings: &Settings) -> FileReport {
    let size = content.size();
    let mut run = Run::new(settings, size);
    let mut format = None;
    run.everything(file, content, &mut |_, found| {
        format.get_or_insert(found);
    });
    let (findings, findings_left_out) = run.findings.finish();
    run.coverage.gaps.sort();
    run.claims.shrink_to_fit();
    FileReport {
        file: file.to_owned(),
        size,
        format: format.unwrap_or(Format::Empty),
        findings,
        findings_left_out,
        coverage: run.coverage,
        claims: run.claims,
        templates: run.templates,
    }
}

/// Visits `content`, called `file`, and everything in it, in the order of examination, and tells what each is. What could not
/// be visited is among the gaps of the coverage that is returned.
pub fn visit(
    file: &str,
    content: Content,
    settings: &Settings,
    each: &mut dyn FnMut(&Subject, Format),
) -> Coverage {
    let size = content.size();
    let mut run = Run::new(settings, size);
    run.everything(file, content, each);
    run.coverage
}

/// A content whose turn has not come.
struct Waiting {
    trail: Trail,
    source: Source,
    role: Role,
    depth: u32,
}

/// The state of one scan.
struct Run<'a> {
    settings: &'a Settings,
    budget: Budget,
    rules: Vec<&'static Rule>,
    findings: Findings,
    coverage: Coverage,
    claims: Vec<Claim>,
    templates: Vec<Template>,
}

impl<'a> Run<'a> {
    fn new(settings: &'a Settings, size: u64) -> Self {
        Self {
            settings,
            budget: Budget::for_file(&settings.limits, size),
            rules: rules::all().collect(),
            findings: Findings::default(),
            coverage: Coverage::default(),
            claims: Vec::new(),
            templates: Vec::new(),
        }
    }

    /// Examines one content after the other, until there is none left.
    fn everything(&mut self, file: &str, content: Content, each: &mut dyn FnMut(&Subject, Format)) {
        let mut waiting = vec![Waiting {
            trail: Trail::file(file),
            source: Source::Ready(content),
            role: Role::Plain,
            depth: 0,
        }];
        // What was found last is examined first: of decompressed contents, only those on the way down are held.
        while let Some(next) = waiting.pop() {
            self.examine(next, &mut waiting, each);
        }
    }

    /// Examines one content, adds what lies in it to those that wait, and tells `each` its first format.
    fn examine(&mut self, next: Waiting, waiting: &mut Vec<Waiting>, each: &mut dyn FnMut(&Subject, Format)) {
        let limits = &self.settings.limits;
        let (content, opened) = match next.source {
            Source::Ready(content) => (content, None),
            Source::Packed(packed) => {
                let opened = packed.open(limits, &mut self.budget);
                (opened.content.clone(), Some((packed, opened)))
            }
        };
        let subject = &Subject {
            trail: next.trail,
            content,
            role: next.role,
            depth: next.depth,
        };
        let size = subject.content.size();
        let mut exam = Examination::new(limits, &mut self.budget, self.settings.profile);
        if let Some((packed, opened)) = &opened {
            opened::report(packed, opened, &mut exam);
        }
        blob::check(subject, &mut exam);
        let formats =
            if subject.depth > limits.depth && !matches!(subject.role, Role::TensorBytes | Role::Metadata) {
                exam.unread(0..size, Gap::Depth);
                exam.observe_at(0, container::Seen::TooDeep { limit: limits.depth });
                Vec::new()
            } else if let Some(analyze) = analyze::for_role(&subject.role) {
                analyze(subject, &mut exam);
                Vec::new()
            } else {
                identify(subject, &mut exam)
            };
        if let Some(&first) = formats.first() {
            misnamed(subject, first, &mut exam);
        }
        let named = analyze::for_name(subject.trail.base_name()).filter(|_| !formats.is_empty());
        if let Some(analyze) = named {
            analyze(subject, &mut exam);
        }
        for &format in &formats {
            if named.is_some() && matches!(format, Format::Text | Format::Script) {
                continue;
            }
            for analyze in analyze::beside(format) {
                analyze(subject, &mut exam);
            }
            match analyze::for_format(format) {
                Some(analyze) => analyze(subject, &mut exam),
                None if format == Format::Empty => {}
                None => exam.unread(
                    0..size,
                    format
                        .unread_name()
                        .map_or(Gap::UnknownFormat, Gap::UnsupportedFormat),
                ),
            }
        }
        if !formats.is_empty() {
            archive_behind(subject, &formats, &mut exam);
            strays(subject, &mut exam);
        }
        exam.settle(size);
        let Examination {
            sightings,
            regions,
            inner,
            claims,
            templates,
            gaps,
            ..
        } = exam;
        for (offset, bytes, gap) in gaps {
            self.coverage.add_gap(Unread {
                trail: subject.trail.clone(),
                offset,
                bytes,
                why: gap.to_string(),
                gap,
            });
        }
        self.close(subject, regions, size);
        self.judge(&subject.trail, sightings);
        self.claims.extend(claims);
        self.templates.extend(templates);
        let within = |inner: Inner| Waiting {
            trail: subject.trail.member(&inner.name),
            source: inner.source,
            role: inner.role,
            depth: subject.depth.saturating_add(1),
        };
        waiting.extend(inner.into_iter().rev().map(within));
        each(subject, formats.first().copied().unwrap_or(Format::Unknown));
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
            for (rule, judgement) in judged {
                self.findings.add(Finding {
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
                });
            }
        }
    }
}

/// Every format that some reader could take the content for, the first bytes' first.
fn identify(subject: &Subject, exam: &mut Examination<'_>) -> Vec<Format> {
    let size = subject.content.size();
    let first = match Format::of_content(&subject.content) {
        Ok(first) => first,
        Err(error) => {
            exam.unread(0..size, Gap::Unreadable(error.to_string()));
            return Vec::new();
        }
    };
    let first = match first {
        Format::Media if !media::is_whole(&subject.content) => Format::Unknown,
        Format::Xml if xml::is_mere_text(subject, exam.limits) => Format::Text,
        first => first,
    };
    let mut formats = vec![first];
    // Formats without a magic number, told by their fields. What its first bytes only look like is kept when nothing
    // fits, so that a broken file is still read up to the break.
    if matches!(first, Format::Unknown | Format::Onnx | Format::TensorFlow)
        && let Ok(fitting) = analyze::unmarked::formats(&subject.content, exam.limits)
        && !fitting.is_empty()
    {
        formats = fitting;
    }
    // A message whose lengths are all printable is text to the eye.
    if first == Format::Text
        && tensorflow::Kind::all_of(&subject.content, exam.limits).is_ok_and(|kinds| !kinds.is_empty())
    {
        formats.push(Format::TensorFlow);
    }
    if formats == [Format::Unknown] && analyze::wide::analyze(subject, exam) {
        return Vec::new();
    }
    // A template may begin like anything, and its readers go by the name.
    if analyze::template::is_template(subject.trail.base_name()) {
        match first {
            Format::Json | Format::Xml | Format::Unknown => formats = vec![Format::Text],
            Format::Pickle => formats.push(Format::Text),
            _ => {}
        }
    }
    let is_unpickled = matches!(
        subject.role,
        Role::Pickle | Role::TorchPickle(_) | Role::TorchTar(_)
    );
    if is_unpickled && first != Format::Pickle && size > 0 {
        formats.retain(|format| format.is_container() || format.is_code() && *format != Format::Pickle);
        formats.insert(0, Format::Pickle);
    }
    // Whatever else it is: a loader that goes by the name hands it to the unpickler.
    if !formats.contains(&Format::Pickle)
        && first != Format::Text
        && pickle::calls_from_start(&subject.content).is_ok_and(|calls| calls)
    {
        formats.push(Format::Pickle);
    }
    // A file of HDF5 may lie behind a block of the user's.
    if first != Format::Hdf5
        && let Ok(Some(_)) = hdf5::locate(&subject.content)
    {
        formats.retain(|format| !matches!(format, Format::Unknown | Format::Text));
        formats.push(Format::Hdf5);
    }
    formats
}

/// Examines a zip archive that ends the content, whatever it begins as. An archive within a member or in data belongs
/// to that.
fn archive_behind(subject: &Subject, formats: &[Format], exam: &mut Examination<'_>) {
    if !formats.contains(&Format::Zip)
        && let Ok(Some(end)) = zip::last_end(&subject.content)
        && !exam.regions.is_inner(end)
        && let Some(analyze) = analyze::for_format(Format::Zip)
    {
        analyze(subject, exam);
    }
}

/// Parts of a content that nobody claims and that are looked at.
const MOST_STRAYS: usize = 64;

/// Looks at what the readers of a content left over: a second file behind the first is examined, too.
fn strays(subject: &Subject, exam: &mut Examination<'_>) {
    let unclaimed = exam.regions.unclaimed(subject.content.size(), MOST_STRAYS);
    if let Some(range) = unclaimed.first().filter(|range| range.start == 0) {
        behind_junk(subject, range.clone(), exam);
    }
    // What nobody could read from its start on is of no known format, and that is said already.
    for range in unclaimed.into_iter().filter(|range| range.start > 0) {
        let length = range.end.saturating_sub(range.start);
        let part = subject.content.part(range.start, length);
        match sniff::start(&part, exam.limits) {
            Some(Found::Program(program)) => {
                let place = Spot::Unclaimed;
                exam.observe_at(range.start, embedded::Seen::Executable { program, place });
            }
            Some(Found::Format(format)) => {
                let place = Spot::Unclaimed;
                exam.observe_at(range.start, embedded::Seen::Hidden { format, place });
                let role = if format == Format::Pickle {
                    Role::Pickle
                } else {
                    Role::Plain
                };
                exam.pass(range.clone(), &format!("byte {}", range.start), part, role);
            }
            None => {}
        }
    }
}

/// Bytes of no known format in which the beginning of a pickle is looked for.
const MOST_JUNK: u64 = 16 << 20;

/// Looks for a pickle behind bytes that no reader knows: what is told to skip them, or cuts them off, runs it.
fn behind_junk(subject: &Subject, range: Range<u64>, exam: &mut Examination<'_>) {
    let searched = subject.content.part(0, range.end.min(MOST_JUNK));
    let Some(at) = pickle::next_stream(&searched, 0).filter(|&at| at > 0) else {
        return;
    };
    let part = subject.content.part(at, range.end.saturating_sub(at));
    if pickle::is_stream(&part) {
        let place = Spot::Unclaimed;
        let format = Format::Pickle;
        exam.observe_at(at, embedded::Seen::Hidden { format, place });
        exam.pass(at..range.end, &format!("byte {at}"), part, Role::Pickle);
    }
}

/// Extensions of formats that hold no code.
const HARMLESS: &[&str] = &[
    "safetensors",
    "gguf",
    "onnx",
    "tflite",
    "h5",
    "hdf5",
    "keras",
    "npy",
    "json",
    "jsonl",
    "yaml",
    "yml",
    "toml",
    "xml",
    "txt",
    "md",
    "csv",
    "tsv",
    "html",
    "pdf",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "webp",
    "bmp",
    "svg",
    "wav",
    "mp3",
    "mp4",
];

/// Tells a pickle whose name promises a format without code.
fn misnamed(subject: &Subject, format: Format, exam: &mut Examination<'_>) {
    let extension = subject
        .trail
        .base_name()
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase());
    if let Some(extension) = extension.filter(|extension| HARMLESS.contains(&extension.as_str()))
        && format == Format::Pickle
        && subject.role == Role::Plain
    {
        let extension = format!(".{extension}");
        exam.observe(embedded::Seen::Misnamed { extension, format });
    }
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
