//! What must hold of the tables, whatever they say. The grammar is in `weightlock-scan`, `imports/table.rs`.

use std::collections::BTreeMap;

/// The letters of the grades, of the kinds and of the capabilities.
const GRADES: &str = "ctnlfduh";
const KINDS: &str = "CFO";
const CAPABILITIES: &str = "XPIRLWDNTM";

/// No table is larger, so that a change of one can still be read.
const MOST_BYTES: usize = 1 << 20;

/// What is wrong with the tables, one complaint a line.
pub(super) fn check(files: &[(String, String)]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut decided = BTreeMap::new();
    for (file, text) in files {
        if text.len() > MOST_BYTES {
            complaints.push(format!("{file}: more than {MOST_BYTES} bytes"));
        }
        if !text.is_ascii() || !text.ends_with('\n') || !text.starts_with("# ") {
            complaints.push(format!(
                "{file}: not ASCII lines under a comment that says what they are"
            ));
        }
        if file.starts_with("table/") && !text.lines().any(|line| line.starts_with("# CPython ")) {
            complaints.push(format!("{file}: does not say what it was made from"));
        }
        let mut last = "";
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (module, entries) = line.split_once(' ').unwrap_or((line, ""));
            if module <= last {
                complaints.push(format!("{file}: {module} stands after {last}"));
            }
            last = module;
            for complaint in check_line(file, module, entries, &mut decided) {
                complaints.push(format!("{file}: {module}: {complaint}"));
            }
        }
    }
    complaints
}

type Decided<'a> = BTreeMap<(&'a str, &'a str), &'a str>;

fn check_line<'a>(
    file: &'a str,
    module: &'a str,
    entries: &'a str,
    decided: &mut Decided<'a>,
) -> Vec<String> {
    let mut complaints = Vec::new();
    if !is_name(module) {
        complaints.push("not a module's name".to_owned());
    }
    let mut code = None;
    for word in entries.split(' ') {
        if let Some(next) = word.strip_prefix('@') {
            if !is_code(next) {
                complaints.push(format!("@{next} is no code"));
            }
            code = Some(next);
            continue;
        }
        if !is_name(word) {
            complaints.push(format!("`{word}` is not an exact name"));
        }
        if code.is_none() {
            complaints.push(format!("{word} has no code"));
        }
        if let Some(other) = decided.insert((module, word), file) {
            complaints.push(format!("{word} is decided in {other} too"));
        }
    }
    complaints
}

/// Identifiers with dots between them: nothing that could stand for more than itself.
fn is_name(name: &str) -> bool {
    name.split('.').all(|part| {
        part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

fn is_code(code: &str) -> bool {
    let code = code.strip_suffix(['!', '$']).unwrap_or(code);
    let (all, bare) = code.split_once('/').unwrap_or((code, ""));
    let mut letters = all.chars();
    let grade = letters.next();
    let kind = letters.next();
    let known = |letters: &str| letters.chars().all(|letter| CAPABILITIES.contains(letter));
    grade.is_some_and(|grade| GRADES.contains(grade))
        && kind.is_some_and(|kind| KINDS.contains(kind))
        && known(letters.as_str())
        && known(bare)
        && (grade == Some('d')) != letters.as_str().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(file: &str, text: &str) -> usize {
        check(&[(file.to_owned(), text.to_owned())]).len()
    }

    #[test]
    fn accepts_the_form() {
        let text = "# From\n# CPython 3\na @cC X Y @dFXP run\na.b @dCW/ Z\n";
        assert_eq!(complaints("table/a.txt", text), 0);
        assert_eq!(complaints("reviewed/a.txt", "# Why\na @tF! f\nb @dCX$ g\n"), 0);
    }

    #[test]
    fn refuses_what_is_out_of_order_or_no_exact_name() {
        for text in [
            "a @cC X\n",
            "# Why\nb @cC X\na @cC X\n",
            "# Why\na @cC X\na @cC Y\n",
            "# Why\na @cC X X\n",
            "# Why\na @cC *\n",
            "# Why\na.* @cC X\n",
            "# Why\na @cC X.\n",
            "# Why\na X\n",
            "# Why\na @cCX X\n",
            "# Why\na @dC X\n",
            "# Why\na @zC X\n",
            "# Why\na @cC X",
        ] {
            assert_ne!(complaints("reviewed/a.txt", text), 0, "{text}");
        }
        assert_ne!(complaints("table/a.txt", "# Why\na @cC X\n"), 0);
    }

    #[test]
    fn refuses_a_name_decided_twice() {
        let file = |name: &str| (name.to_owned(), "# Why\n# CPython 3\na @cC X\n".to_owned());
        assert_eq!(check(&[file("reviewed/a.txt"), file("table/a.txt")]).len(), 1);
    }
}
