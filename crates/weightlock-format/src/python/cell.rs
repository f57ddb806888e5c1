//! Cells of notebooks: Python with commands of [IPython](https://ipython.readthedocs.io/en/stable/interactive/magics.html).
//!
//! ```text
//! line = '!' shell | '%' magic | '?' help | name '?' | name '=' ( '!' shell | '%' magic ) | python
//! cell = '%%' magic line-break anything
//! ```
//!
//! Commands are taken out and replaced, byte for byte, by something that does nothing. Lines are told by their first
//! characters; in a text that is Python as it is, none is a command.

use super::facts::Command;

/// Magics of cells whose rest is Python all the same.
const TRANSPARENT: &[&str] = &[
    "time",
    "timeit",
    "capture",
    "prun",
    "memit",
    "mprun",
    "python",
    "python3",
    "px",
    "autoreload",
];

/// The Python of a cell, as long as the cell, and its commands.
pub(super) fn split(text: &str) -> (String, Vec<Command>) {
    let mut commands = Vec::new();
    let mut python = String::with_capacity(text.len());
    let begin = text.len().saturating_sub(text.trim_start().len());
    if let Some(magic) = text.trim_start().strip_prefix("%%") {
        let name: String = magic
            .chars()
            .take_while(|c| c.is_alphanumeric() || "_!".contains(*c))
            .collect();
        if !TRANSPARENT.contains(&name.as_str()) {
            commands.push(Command {
                offset: begin as u64,
                shell: false,
                text: magic.to_owned(),
            });
            return (" ".repeat(text.len()), commands);
        }
    }
    let mut goes_on = false;
    for line in text.split_inclusive('\n') {
        let offset = python.len() as u64;
        let content = line.trim_end_matches(['\n', '\r']);
        let found = if goes_on {
            Some((0, false))
        } else {
            command(content)
        };
        match found {
            None => python.push_str(line),
            Some((at, shell)) => {
                let (before, after) = content.split_at_checked(at).unwrap_or((content, ""));
                python.push_str(before);
                let filler = if goes_on { " " } else { "0" };
                let blank = " ".repeat(after.len().saturating_sub(1));
                python.push_str(if after.is_empty() { "" } else { filler });
                python.push_str(&blank);
                python.push_str(line.get(content.len()..).unwrap_or_default());
                let told = after.trim_start_matches(['!', '%', '?']).trim_end_matches('\\');
                match commands.last_mut() {
                    Some(command) if goes_on => command.text.push_str(told),
                    _ => commands.push(Command {
                        offset: offset.saturating_add(at as u64),
                        shell,
                        text: told.to_owned(),
                    }),
                }
                goes_on = content.ends_with('\\');
            }
        }
    }
    (python, commands)
}

/// Where a command begins in a line, and whether a shell runs it.
fn command(line: &str) -> Option<(usize, bool)> {
    let start = line.len().saturating_sub(line.trim_start().len());
    if let Some(shell) = begins(line.get(start..)?) {
        return Some((start, shell));
    }
    if asks_for_help(line.get(start..)?) {
        return Some((start, false));
    }
    let equals = line.find('=')?;
    let target = line.get(..equals)?.trim();
    let is_name = !target.is_empty() && target.chars().all(|c| c.is_alphanumeric() || "_., ".contains(c));
    let rest = line.get(equals.saturating_add(1)..)?;
    let at = line.len().saturating_sub(rest.trim_start().len());
    let shell = begins(rest.trim_start()).filter(|_| is_name)?;
    Some((at, shell))
}

/// `name?`, `module.name??`
fn asks_for_help(text: &str) -> bool {
    let name = text.trim_end().trim_end_matches('?');
    let asked = text.trim_end().len().saturating_sub(name.len());
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || "_%".contains(c))
        && name.chars().all(|c| c.is_alphanumeric() || "_.*%".contains(c));
    (1..=2).contains(&asked) && is_name
}

fn begins(text: &str) -> Option<bool> {
    let mut characters = text.chars();
    match (characters.next()?, characters.next()) {
        ('!', Some(next)) if next != '=' => Some(true),
        ('%', Some(next)) if next.is_alphabetic() || next == '%' || next == '_' => Some(false),
        ('?', _) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_taken_out_and_nothing_moves() {
        for (text, python, commands) in [
            (
                "!pip install x\nimport a\n",
                "0             \nimport a\n",
                &[(true, "pip install x")][..],
            ),
            (
                "if a:\n  %run b.py\n",
                "if a:\n  0        \n",
                &[(false, "run b.py")],
            ),
            (
                "f = !ls\ng = %pwd\n",
                "f = 0  \ng = 0   \n",
                &[(true, "ls"), (false, "pwd")],
            ),
            ("!a \\\n  b\nc\n", "0   \n   \nc\n", &[(true, "a   b")]),
            ("%%bash\nls\n", "          ", &[(false, "bash\nls\n")]),
            ("%%time\nimport os\n", "0     \nimport os\n", &[(false, "time")]),
            ("a != b\nx = (1\n % 2)\n", "a != b\nx = (1\n % 2)\n", &[]),
            ("?é", "0  ", &[(false, "é")]),
            ("a.b??\n", "0    \n", &[(false, "a.b??")]),
            ("x = b\"?\"\n", "x = b\"?\"\n", &[]),
        ] {
            let (found, told) = split(text);
            assert_eq!(found, python, "{text:?}");
            let told: Vec<_> = told.iter().map(|it| (it.shell, it.text.as_str())).collect();
            assert_eq!(told, commands, "{text:?}");
        }
    }
}
