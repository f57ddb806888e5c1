//! The text tables that [`look_up`](super::look_up) answers from.
//!
//! ```text
//! table   = { "# " text LF } { line LF }           ; lines in ascending order of module, each module once
//! line    = module { SP "@" code { SP name } }      ; codes and names in ascending order, each name once
//! code    = grade kind { ability } [ "/" { ability } ] [ "!" | "$" ]
//! grade   = "c" core | "t" torch-weights | "n" numpy | "l" library class | "f" library function
//!         | "d" dangerous | "u" unlisted | "h" unlisted, may be held
//! kind    = "C" class | "F" function | "O" other
//! ability = "X" execute | "P" process | "I" import | "R" reflect | "L" load | "W" write | "D" read
//!         | "N" network | "T" interpreter | "M" memory
//! ```
//!
//! What follows `/` is what a class can do when it is made without its `__init__`; without a `/` that is the same.
//! `!` says that the callable calls one of its arguments, `$` that the class executes a text of its state, see
//! [`scipy`](super::scipy).
//!
//! A table is text in the program, searched by bisection and never taken apart as a whole: looking up one name costs
//! some hundred bytes of reading, so that a scan of one small file does not pay for a hundred thousand names.

use super::{Capability, Grade, Import, Kind, capability};

/// One table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// Its file, for the messages of tests.
    #[cfg(test)]
    pub(super) file: &'static str,
    text: &'static str,
}

impl Table {
    pub(super) const fn new(file: &'static str, text: &'static str) -> Self {
        #[cfg(not(test))]
        let _ = file;
        Self {
            #[cfg(test)]
            file,
            text,
        }
    }

    /// What the table says of `name` in `module`.
    pub(super) fn find(&self, module: &str, name: &str) -> Option<Import> {
        entries(self.line(module)?)
            .find_map(|(code, entry)| (entry == name).then(|| read_code(code)).flatten())
    }

    /// What follows `module` on its line.
    pub(super) fn line(&self, module: &str) -> Option<&'static str> {
        let (mut low, mut high) = (0, self.text.len());
        while low < high {
            let middle = low.saturating_add(high) / 2;
            let start = self
                .text
                .get(..middle)?
                .rfind('\n')
                .map_or(0, |at| at.saturating_add(1));
            let rest = self.text.get(start..)?;
            let key = rest.split([' ', '\n']).next()?;
            match key.cmp(module) {
                // Comments sort before every module, because they are at the top.
                _ if rest.starts_with('#') => low = next(start, rest),
                std::cmp::Ordering::Less => low = next(start, rest),
                std::cmp::Ordering::Equal => {
                    let line = rest.split('\n').next()?;
                    return Some(line.split_once(' ').map_or("", |(_, entries)| entries));
                }
                std::cmp::Ordering::Greater => high = start,
            }
        }
        None
    }

    /// Every line that is not a comment: module and entries.
    #[cfg(test)]
    pub(super) fn lines(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split_once(' ').unwrap_or((line, "")))
    }
}

/// Where the line after the first of `rest`, which begins at `start`, begins.
fn next(start: usize, rest: &str) -> usize {
    let length = rest.find('\n').unwrap_or(rest.len());
    start.saturating_add(length).saturating_add(1)
}

/// The names of a line, each with its code.
pub(super) fn entries(line: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut code = "";
    line.split(' ')
        .filter_map(move |word| match word.strip_prefix('@') {
            Some(next) => {
                code = next;
                None
            }
            None => Some((code, word)),
        })
}

/// What a code says; `None` when it is none.
pub(super) fn read_code(code: &str) -> Option<Import> {
    let (code, calls_arguments) = code.strip_suffix('!').map_or((code, false), |code| (code, true));
    let (code, executes_template) = code.strip_suffix('$').map_or((code, false), |code| (code, true));
    let (all, bare) = code
        .split_once('/')
        .map_or((code, None), |(all, bare)| (all, Some(bare)));
    let mut letters = all.chars();
    let grade = match letters.next()? {
        'c' => Grade::Core,
        't' => Grade::TorchWeights,
        'n' => Grade::Numpy,
        'l' => Grade::LibraryClass,
        'f' => Grade::LibraryFunction,
        'd' => Grade::Dangerous,
        'u' | 'h' => Grade::Unlisted,
        _ => return None,
    };
    let kind = match letters.next()? {
        'C' => Kind::Class,
        'F' => Kind::Function,
        'O' => Kind::Other,
        _ => return None,
    };
    let capabilities = capability::read(letters.as_str())?;
    Some(Import {
        grade,
        kind,
        capabilities,
        bare_capabilities: bare.map_or(Some(capabilities), capability::read)?,
        calls_arguments,
        executes_template,
        may_be_held: all.starts_with('h'),
    })
}

/// The capabilities in the order of the type, with their letters.
pub(super) const LETTERS: [(char, Capability); 10] = [
    ('X', Capability::Execute),
    ('P', Capability::Process),
    ('I', Capability::Import),
    ('R', Capability::Reflect),
    ('L', Capability::Load),
    ('W', Capability::FileWrite),
    ('D', Capability::FileRead),
    ('N', Capability::Network),
    ('T', Capability::Interpreter),
    ('M', Capability::Memory),
];

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Table = Table::new(
        "small",
        "# a\n# b\na @cC X Y @dFXP run\na.b @lC Z\nb @dCW/ Q @tF! call\n",
    );

    #[test]
    fn finds_by_equality_only() {
        assert_eq!(SMALL.find("a", "X").map(|import| import.grade), Some(Grade::Core));
        assert_eq!(
            SMALL.find("a.b", "Z").map(|import| import.grade),
            Some(Grade::LibraryClass)
        );
        for (module, name) in [
            ("a", "Z"),
            ("a", ""),
            ("", "X"),
            ("a.", "Z"),
            ("a.b.c", "Z"),
            ("#", "a"),
            ("c", "X"),
            ("a", "@cC"),
        ] {
            assert_eq!(SMALL.find(module, name), None, "{module} {name}");
        }
    }

    #[test]
    fn reads_codes() {
        let run = SMALL.find("a", "run").unwrap();
        assert_eq!(run.capabilities, [Capability::Execute, Capability::Process]);
        assert_eq!(run.bare_capabilities, run.capabilities);
        let q = SMALL.find("b", "Q").unwrap();
        assert_eq!(
            (q.capabilities, q.bare_capabilities),
            (&[Capability::FileWrite][..], &[][..])
        );
        assert!(SMALL.find("b", "call").unwrap().calls_arguments);
        for code in ["", "c", "xC", "cX", "dFZ", "dFXX", "dF/Z"] {
            assert_eq!(read_code(code), None, "{code}");
        }
    }
}
