//! The one text that unpickling a distribution of SciPy executes.
//!
//! `scipy.stats` makes the argument parsers of a distribution by `exec` of a text, and keeps that text, as
//! `_parse_arg_template`, in the state it pickles: whoever writes the state writes code. So every distribution can
//! [execute](super::Capability::Execute) when it is made bare, and yet a parameter search that holds `uniform(0, 1)`
//! is an ordinary model. The text of an honest one is a fixed form with the names of the shape parameters filled in,
//! so it is made again from those names and compared.
//!
//! ```text
//! template = "\ndef _parse_args(self, " shapes " " in "):\n    return (" shapes "), " out "\n" …
//! shapes   = { name ", " }
//! in, out  = "loc=0, scale=1", "loc, scale" | "loc=0", "loc, 1"
//! ```

/// The key of the state that holds the text.
pub const STATE_KEY: &str = "_parse_arg_template";

/// More shape parameters than any distribution has.
const MOST_SHAPES: usize = 32;

/// Whether `text` is the argument parser that SciPy itself writes, of whatever shape parameters.
#[must_use]
pub fn is_argument_parser(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(START) else {
        return false;
    };
    FORMS.iter().any(|&(given, returned)| {
        shapes_before(rest, given).is_some_and(|shapes| text == write(shapes, given, returned))
    })
}

const START: &str = "\ndef _parse_args(self, ";

/// Continuous and discrete distributions.
const FORMS: [(&str, &str); 2] = [("loc=0, scale=1", "loc, scale"), ("loc=0", "loc, 1")];

/// The shape parameters in front of ` given):`, when they are plain names.
fn shapes_before<'a>(rest: &'a str, given: &str) -> Option<&'a str> {
    let line = rest.lines().next()?;
    let shapes = line.strip_suffix("):")?.strip_suffix(given)?.strip_suffix(' ')?;
    let names: Vec<&str> = shapes.split(", ").collect();
    let (last, names) = names.split_last()?;
    let plain = |name: &&str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    (last.is_empty() && names.len() <= MOST_SHAPES && names.iter().all(plain)).then_some(shapes)
}

/// The text that SciPy writes.
fn write(shapes: &str, given: &str, returned: &str) -> String {
    format!(
        "{START}{shapes} {given}):\n    return ({shapes}), {returned}\n\n\
         def _parse_args_rvs(self, {shapes} {given}, size=None):\n    \
         return self._argcheck_rvs({shapes} {returned}, size=size)\n\n\
         def _parse_args_stats(self, {shapes} {given}, moments='mv'):\n    \
         return ({shapes}), {returned}, moments\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const BETA: &str = "\ndef _parse_args(self, a, b,  loc=0, scale=1):\n    return (a, b, ), loc, scale\n\n\
        def _parse_args_rvs(self, a, b,  loc=0, scale=1, size=None):\n    \
        return self._argcheck_rvs(a, b,  loc, scale, size=size)\n\n\
        def _parse_args_stats(self, a, b,  loc=0, scale=1, moments='mv'):\n    \
        return (a, b, ), loc, scale, moments\n";

    #[test]
    fn knows_what_scipy_writes() {
        assert!(is_argument_parser(BETA));
        assert!(is_argument_parser(&write("", "loc=0", "loc, 1")));
        assert!(is_argument_parser(&write("low, high, ", "loc=0", "loc, 1")));
    }

    #[test]
    fn refuses_anything_added() {
        for text in [
            String::new(),
            format!("{BETA}import os\n"),
            format!("import os{BETA}"),
            BETA.replace(
                "return (a, b, ), loc, scale\n\n",
                "return (a, b, ), loc, scale\n__import__('os')\n",
            ),
            BETA.replace("a, ", "a=eval('1'), "),
            write("a=print(1), ", "loc=0", "loc, 1"),
            write("a,b, ", "loc=0", "loc, 1"),
            write("a", "loc=0", "loc, 1"),
            write(&"a, ".repeat(MOST_SHAPES + 1), "loc=0", "loc, 1"),
        ] {
            assert!(!is_argument_parser(&text), "{text}");
        }
    }
}
