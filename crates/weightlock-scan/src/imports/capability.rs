//! [`Capability`], and the sets of them.

use serde::Serialize;

use super::table::LETTERS;

/// What a callable can do with arguments of an attacker's choice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Runs code that it is given: source, byte code, a pickle.
    Execute,
    /// Starts a program.
    Process,
    /// Imports a module or loads a library.
    Import,
    /// Reaches any object by name, or calls what it is given.
    Reflect,
    /// Loads a second file in a format that can run code.
    Load,
    /// Writes, moves or deletes files.
    FileWrite,
    /// Reads files.
    FileRead,
    /// Opens a connection.
    Network,
    /// Changes the interpreter: hooks, handlers, environment, exit.
    Interpreter,
    /// Uses memory by raw address.
    Memory,
}

const COUNT: usize = LETTERS.len();

/// A set as a slice: the members in order, then filling.
#[derive(Clone, Copy)]
struct Set {
    members: [Capability; COUNT],
    len: usize,
}

/// Every set, by its bits, so that a set is a borrowed slice without an allocation.
static SETS: [Set; 1 << COUNT] = sets();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, which stops at a wrong index"
)]
const fn sets() -> [Set; 1 << COUNT] {
    let empty = Set {
        members: [Capability::Execute; COUNT],
        len: 0,
    };
    let mut sets = [empty; 1 << COUNT];
    let mut bits = 0;
    while bits < sets.len() {
        let mut at = 0;
        while at < COUNT {
            if bits & (1 << at) != 0 {
                let len = sets[bits].len;
                sets[bits].members[len] = LETTERS[at].1;
                sets[bits].len = len + 1;
            }
            at += 1;
        }
        bits += 1;
    }
    sets
}

/// The set that `letters` name, each at most once; `None` for anything else.
pub(super) fn read(letters: &str) -> Option<&'static [Capability]> {
    let mut bits = 0_usize;
    for letter in letters.chars() {
        let at = LETTERS.iter().position(|(known, _)| *known == letter)?;
        let bit = 1_usize.checked_shl(u32::try_from(at).ok()?)?;
        if bits & bit != 0 {
            return None;
        }
        bits |= bit;
    }
    let set = SETS.get(bits)?;
    set.members.get(..set.len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_their_letters_say() {
        assert_eq!(read(""), Some(&[][..]));
        for (letter, capability) in LETTERS {
            assert_eq!(read(&letter.to_string()), Some(&[capability][..]));
        }
        assert_eq!(read("MX"), Some(&[Capability::Execute, Capability::Memory][..]));
        assert_eq!(read("XPIRLWDNTM").map(<[_]>::len), Some(COUNT));
        assert_eq!(read("XX"), None);
        assert_eq!(read("x"), None);
    }
}
