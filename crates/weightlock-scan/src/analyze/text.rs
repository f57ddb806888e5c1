//! Plain text: read to the end and explained, for nothing loads it. Words in it are no findings.
//!
//! Some files are told by their name alone, because that is how their readers tell them: chat templates, lists of
//! requirements, DVC pointers.

use weightlock_format::content::Content;

use super::{Examination, Subject, document, onnx_text, template, text_proto, wide};
use crate::{
    coverage::Gap,
    observation::config::{Seen, Source},
    reach,
};

/// Bytes that are looked at together.
const WINDOW: usize = 64 << 10;

/// Examines text.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let name = subject.trail.base_name().to_ascii_lowercase();
    if template::is_template(&name) {
        return template::file(subject, exam);
    }
    if text_proto::analyze(subject, exam) || onnx_text::analyze(subject, exam) {
        return;
    }
    let size = subject.content.size();
    match text_end(&subject.content) {
        Ok(end) => {
            // Text in another encoding may look like UTF-8 for long.
            let is_single = end < size && wide::is_single_byte(&subject.content).unwrap_or(false);
            let end = if is_single { size } else { end };
            exam.explain(0..end);
            if end < size {
                exam.unread(
                    end..size,
                    Gap::Malformed("text goes over into something else".to_owned()),
                );
            }
        }
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    }
    let is_requirements =
        name.starts_with("requirements") && name.ends_with(".txt") || name == "constraints.txt";
    let names_module = document::names_module(&name);
    if !is_requirements && !names_module && !name.ends_with(".dvc") {
        return;
    }
    let text = match subject.content.whole(exam.limits.held) {
        Ok(Some(text)) => text,
        // As text it is accounted for above, so this is said beside that.
        Ok(None) => {
            let limit = exam.limits.held as u64;
            let what = "bytes of a text of which each line counts";
            return exam.gap(0, size, Gap::Limit { what, limit });
        }
        Err(error) => return exam.gap(0, size, Gap::Unreadable(error.to_string())),
    };
    let text = String::from_utf8_lossy(&text);
    if names_module {
        if let Some(seen) = document::named_module(&text) {
            exam.put(Some(0), None, seen);
        }
        return;
    }
    let mut offset = 0_u64;
    for line in text.split_inclusive('\n') {
        let seen = if is_requirements {
            requirement(line)
        } else {
            pointer(line)
        };
        if let Some(seen) = seen {
            exam.put(Some(offset), Some(line.trim().chars().take(60).collect()), seen);
        }
        offset = offset.saturating_add(line.len() as u64);
    }
}

/// How far the content is UTF-8 without control characters.
fn text_end(content: &Content) -> std::io::Result<u64> {
    let mut at = 0_u64;
    while at < content.size() {
        let window = content.read(at, WINDOW)?;
        let valid = match std::str::from_utf8(&window) {
            Ok(_) => window.len(),
            Err(error) => error.valid_up_to(),
        };
        let is_control = |byte: &u8| *byte < 0x20 && !b"\t\n\r\x0b\x0c\x1b".contains(byte);
        let text = window.get(..valid).unwrap_or_default();
        let clean = text.iter().position(is_control).unwrap_or(valid);
        at = at.saturating_add(clean as u64);
        // A character may lie across two windows; at the end of the content it is cut.
        if clean < valid || valid.saturating_add(4) <= window.len() || valid == 0 {
            break;
        }
    }
    Ok(at)
}

/// A line of a list of requirements that takes packages from elsewhere.
fn requirement(line: &str) -> Option<Seen> {
    let line = line.split(" #").next().unwrap_or_default().trim();
    if line.starts_with('#') {
        return None;
    }
    let source = if let Some((option, value)) = option(line) {
        match option {
            "--index-url" | "--extra-index-url" | "--find-links" => index(value),
            "--trusted-host" => Source::Insecure,
            // Another list of requirements, from somewhere else.
            _ if value.starts_with("http://") => Source::Insecure,
            _ if value.contains("://") => Source::Address,
            _ => return None,
        }
    } else if line.contains("://") {
        if line.contains("http://") || line.contains("git://") {
            Source::Insecure
        } else {
            Source::Address
        }
    } else {
        return None;
    };
    Some(Seen::PackageSource {
        line: line.chars().take(200).collect(),
        source,
    })
}

/// The option of a line and its value. As `pip` takes them: a long one may be cut where it stays clear, and the value of a
/// short one may stand right behind it.
fn option(line: &str) -> Option<(&'static str, &str)> {
    const SHORT: &[(&str, &str)] = &[
        ("-i", "--index-url"),
        ("-f", "--find-links"),
        ("-r", "--requirement"),
        ("-c", "--constraint"),
    ];
    // `--pypi-url` is an old name.
    const LONG: &[(&str, &str)] = &[
        ("--index-url", "--index-url"),
        ("--pypi-url", "--index-url"),
        ("--extra-index-url", "--extra-index-url"),
        ("--find-links", "--find-links"),
        ("--trusted-host", "--trusted-host"),
        ("--requirement", "--requirement"),
        ("--constraint", "--constraint"),
    ];
    let trimmed = |text: &'static str, rest| (text, str::trim_matches(rest, ['=', ' ', '\t', '"', '\'']));
    if !line.starts_with("--") {
        return SHORT
            .iter()
            .find_map(|(short, option)| Some(trimmed(option, line.strip_prefix(short)?)));
    }
    let end = line.find(['=', ' ', '\t']).unwrap_or(line.len());
    let (word, value) = line.split_at_checked(end)?;
    let found = LONG
        .iter()
        .find(|(long, _)| word.len() > 3 && long.starts_with(word));
    found.map(|(_, option)| trimmed(option, value))
}

fn index(url: &str) -> Source {
    const KNOWN: &[&str] = &[
        "https://pypi.org/",
        "https://download.pytorch.org/",
        "https://pypi.nvidia.com",
        "https://pypi.ngc.nvidia.com",
        "https://storage.googleapis.com/jax-releases/",
        "https://data.pyg.org/",
    ];
    if KNOWN.iter().any(|known| url.starts_with(known)) {
        Source::KnownIndex
    } else if url.starts_with("http://") {
        Source::Insecure
    } else {
        Source::Index
    }
}

/// A line of a DVC pointer that names a file outside.
fn pointer(line: &str) -> Option<Seen> {
    let line = line.trim().trim_start_matches("- ");
    let path = line.strip_prefix("path:")?.trim().trim_matches(['"', '\'']);
    let how = reach::escape(path)?;
    Some(Seen::EscapingPath {
        path: path.to_owned(),
        how,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_to_its_end() {
        let end = |bytes: &[u8]| text_end(&bytes.to_vec().into()).unwrap();
        assert_eq!(end("a é\n".repeat(100_000).as_bytes()), 500_000);
        assert_eq!(end(b"text\0more"), 4);
        let mut long = "é".repeat(100_000).into_bytes();
        long.extend([0xff, b'a']);
        assert_eq!(end(&long), 200_000);
        assert_eq!(end("aé".as_bytes().split_last().unwrap().1), 1);
    }

    #[test]
    fn requirements_from_elsewhere_are_told() {
        let source = |line: &str| match requirement(line) {
            Some(Seen::PackageSource { source, .. }) => Some(source),
            _ => None,
        };
        for (line, expected) in [
            ("torch>=2.0  # see https://example.org", None),
            ("# --index-url https://example.org", None),
            ("-r other.txt", None),
            ("--index-url https://pypi.example.org/simple", Some(Source::Index)),
            (
                "--extra-index-url=https://download.pytorch.org/whl/cu121",
                Some(Source::KnownIndex),
            ),
            ("-i http://example.org", Some(Source::Insecure)),
            ("-ihttps://example.org/simple", Some(Source::Index)),
            ("-fhttps://example.org", Some(Source::Index)),
            ("--pypi-url https://example.org/s", Some(Source::Index)),
            ("--extra-index https://example.org/s", Some(Source::Index)),
            ("--index-u=https://pypi.org/simple", Some(Source::KnownIndex)),
            ("-r https://example.org/r.txt", Some(Source::Address)),
            ("-rhttp://example.org/r.txt", Some(Source::Insecure)),
            ("-c constraints.txt", None),
            ("--no-binary :all:", None),
            ("--pre", None),
            ("--trusted-host example.org", Some(Source::Insecure)),
            ("git+https://github.com/a/b@main", Some(Source::Address)),
            ("pkg @ https://example.org/pkg.whl", Some(Source::Address)),
            ("pkg @ http://example.org/pkg.whl", Some(Source::Insecure)),
        ] {
            assert_eq!(source(line), expected, "{line}");
        }
    }

    #[test]
    fn pointers_that_leave_the_folder_are_told() {
        assert_eq!(pointer("  path: model.pkl\n"), None);
        assert_eq!(pointer("- md5: abc"), None);
        assert!(pointer("- path: ../../etc/x").is_some());
    }
}
