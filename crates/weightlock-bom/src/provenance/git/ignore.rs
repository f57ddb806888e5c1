//! What a repository does not want to be told of: gitignore(5), as far as the repository itself says it (`.gitignore` files and
//! `info/exclude`). The user's own list is not read, so that at most too much is told.
//!
//! ```text
//! line    = ["!"] ["/"] segment *("/" segment) ["/"]      "#" begins a remark; spaces at the end do not count
//! segment = "**" | *( "*" | "?" | "[" ["!" | "^"] set "]" | "\" octet | octet )
//! ```

/// More lines than this are not looked at.
pub const MOST_RULES: usize = 5000;
/// A line that is longer is no name.
const LONGEST: usize = 4096;

/// Lines, the earlier weaker than the later.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules(Vec<Rule>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Rule {
    /// The folder that the line stands in, empty or ended by `/`.
    base: Vec<u8>,
    segments: Vec<Vec<u8>>,
    /// It is about a place below the folder, and not about a name anywhere in it.
    is_place: bool,
    is_negated: bool,
    only_folders: bool,
}

impl Rules {
    /// Adds the lines of a file in a folder (`base` is empty, or a path ended by `/`). `None` when there are too many.
    #[must_use]
    pub fn add(&mut self, base: &[u8], text: &[u8]) -> Option<()> {
        for line in text.split(|byte| *byte == b'\n') {
            let Some(rule) = Rule::parse(base, line) else {
                continue;
            };
            if self.0.len() >= MOST_RULES {
                return None;
            }
            self.0.push(rule);
        }
        Some(())
    }

    /// Whether a path is ignored, by itself: nothing below an ignored folder is looked at.
    #[must_use]
    pub fn ignore(&self, path: &[u8], is_folder: bool) -> bool {
        let last = self.0.iter().rev().find(|rule| rule.is_met_by(path, is_folder));
        last.is_some_and(|rule| !rule.is_negated)
    }
}

impl Rule {
    fn parse(base: &[u8], line: &[u8]) -> Option<Self> {
        let mut line = line.strip_suffix(b"\r").unwrap_or(line);
        while let Some(rest) = line.strip_suffix(b" ").filter(|rest| !rest.ends_with(b"\\")) {
            line = rest;
        }
        if line.starts_with(b"#") || line.len() > LONGEST {
            return None;
        }
        let (is_negated, line) = line.strip_prefix(b"!").map_or((false, line), |rest| (true, rest));
        let (only_folders, line) = line.strip_suffix(b"/").map_or((false, line), |rest| (true, rest));
        let is_place = line.contains(&b'/');
        let line = line.strip_prefix(b"/").unwrap_or(line);
        if line.is_empty() {
            return None;
        }
        Some(Self {
            base: base.to_vec(),
            segments: line.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect(),
            is_place,
            is_negated,
            only_folders,
        })
    }

    fn is_met_by(&self, path: &[u8], is_folder: bool) -> bool {
        if self.only_folders && !is_folder {
            return false;
        }
        let Some(below) = path.strip_prefix(self.base.as_slice()) else {
            return false;
        };
        let names: Vec<&[u8]> = below.split(|byte| *byte == b'/').collect();
        if self.is_place {
            is_place(&self.segments, &names)
        } else {
            let name = names.last().copied().unwrap_or_default();
            self.segments.first().is_some_and(|one| is_name(one, name))
        }
    }
}

/// Whether segments lead to a place. `**` stands for any number of folders, at the end for at least one name. The last `**` that
/// was met is tried with one name more each time, so that the work is at most the product of both lengths.
fn is_place(segments: &[Vec<u8>], names: &[&[u8]]) -> bool {
    let (mut segment, mut name) = (0_usize, 0_usize);
    let mut back: Option<(usize, usize)> = None;
    loop {
        match segments.get(segment) {
            Some(any) if any == b"**" => {
                let is_last = segment.saturating_add(1) == segments.len();
                if is_last {
                    return name < names.len();
                }
                segment = segment.saturating_add(1);
                back = Some((segment, name));
                continue;
            }
            Some(wanted) if names.get(name).is_some_and(|found| is_name(wanted, found)) => {
                segment = segment.saturating_add(1);
                name = name.saturating_add(1);
                continue;
            }
            None if name == names.len() => return true,
            _ => {}
        }
        match back {
            Some((at, from)) if from < names.len() => {
                (segment, name) = (at, from.saturating_add(1));
                back = Some((at, name));
            }
            _ => return false,
        }
    }
}

/// Whether a pattern without `/` is met by a name: as above, only the last `*` is tried again.
fn is_name(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut in_name) = (0_usize, 0_usize);
    let mut back: Option<(usize, usize)> = None;
    while in_name < name.len() || at < pattern.len() {
        let octet = name.get(in_name).copied();
        match pattern.get(at) {
            Some(b'*') => {
                at = at.saturating_add(1);
                back = Some((at, in_name));
                continue;
            }
            Some(_) => {
                if let Some(length) =
                    octet.and_then(|octet| one(pattern.get(at..).unwrap_or_default(), octet))
                {
                    at = at.saturating_add(length);
                    in_name = in_name.saturating_add(1);
                    continue;
                }
            }
            None => {}
        }
        match back {
            Some((star, from)) if from < name.len() => {
                (at, in_name) = (star, from.saturating_add(1));
                back = Some((star, in_name));
            }
            _ => return false,
        }
    }
    true
}

/// How long the beginning of a pattern is that stands for this octet; none where it stands for another.
fn one(pattern: &[u8], octet: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == octet).then_some(2),
        [b'[', rest @ ..] => {
            let (is_negated, set) = match rest {
                [b'!' | b'^', set @ ..] => (true, set),
                set => (false, set),
            };
            // A bracket that is the first of a set belongs to it.
            let end = set
                .iter()
                .skip(1)
                .position(|byte| *byte == b']')?
                .saturating_add(1);
            let is_in = in_set(set.get(..end).unwrap_or_default(), octet);
            let length = rest
                .len()
                .saturating_sub(set.len())
                .saturating_add(end)
                .saturating_add(2);
            (is_in != is_negated).then_some(length)
        }
        [first, ..] => (*first == octet).then_some(1),
        [] => None,
    }
}

fn in_set(set: &[u8], octet: u8) -> bool {
    let mut rest = set;
    loop {
        match rest {
            [from, b'-', to, more @ ..] => {
                if (*from..=*to).contains(&octet) {
                    return true;
                }
                rest = more;
            }
            [found, more @ ..] => {
                if *found == octet {
                    return true;
                }
                rest = more;
            }
            [] => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_mean_what_git_takes_them_for() {
        for (line, path, is_folder, expected) in [
            ("*.pyc", "a/b.pyc", false, true),
            ("*.pyc", "a.py", false, false),
            ("out/", "a/out", true, true),
            ("out/", "out", false, false),
            ("/out", "a/out", false, false),
            ("/out", "out", false, true),
            ("a/b", "a/b", false, true),
            ("a/b", "c/a/b", false, false),
            ("**/b", "c/a/b", false, true),
            ("**/b", "b", false, true),
            ("a/**/z", "a/z", false, true),
            ("a/**/z", "a/b/c/z", false, true),
            ("a/**/z", "b/z", false, false),
            ("a/**", "a/b/c", false, true),
            ("a/**", "a", true, false),
            ("[a-c]?.log", "bx.log", false, true),
            ("[!a-c]?.log", "bx.log", false, false),
            ("[]x]", "]", false, true),
            ("a*b*c", "aXbXbc", false, true),
            ("a*b*c", "aXbXb", false, false),
            ("\\#x", "#x", false, true),
            ("#x", "#x", false, false),
            ("x ", "x", false, true),
            ("*", "x", false, true),
            ("[", "[", false, false),
            ("", "x", false, false),
            ("/", "x", true, false),
        ] {
            let mut rules = Rules::default();
            rules.add(b"", line.as_bytes()).unwrap();
            assert_eq!(
                rules.ignore(path.as_bytes(), is_folder),
                expected,
                "{line} {path}"
            );
        }
    }

    #[test]
    fn the_last_line_wins_and_counts_below_its_folder_only() {
        let mut rules = Rules::default();
        rules.add(b"", b"*.log\n!keep.log\r\n").unwrap();
        rules.add(b"sub/", b"/here\nkeep.log").unwrap();
        assert!(rules.ignore(b"a.log", false) && !rules.ignore(b"keep.log", false));
        assert!(rules.ignore(b"sub/keep.log", false));
        assert!(rules.ignore(b"sub/here", false) && !rules.ignore(b"here", false));
        assert!(rules.add(b"", "x\n".repeat(MOST_RULES).as_bytes()).is_none());
    }

    /// Nothing here grows with the power of anything.
    #[test]
    fn a_pattern_of_many_stars_is_worked_off() {
        let mut rules = Rules::default();
        let line = ["*a".repeat(500), "**/".repeat(500) + "x"].join("\n");
        rules.add(b"", line.as_bytes()).unwrap();
        assert!(!rules.ignore("a/".repeat(2000).as_bytes(), false));
        assert!(!rules.ignore("a".repeat(4000).replace("aaaa", "aaab").as_bytes(), false));
    }
}
