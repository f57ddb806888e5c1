//! [`recognise`]: is this a program, and for which machine?
//!
//! | program | told by |
//! |---|---|
//! | ELF | magic, then class, byte order and version as the System V ABI has them |
//! | PE | `MZ`, and the offset at 60 leads to `PE\0\0` |
//! | DOS | `MZ`, and pages and header size that fit the file |
//! | actually portable (Cosmopolitan) | `MZqFpD='` or `jartsr='` |
//! | Mach-O | magic, a known processor, a file type, plausible load commands; a fat file by its first part |
//! | Java | `CAFEBABE` and a version of the class format |
//! | WebAssembly | magic and version of module or component |
//! | Dalvik, LuaJIT, Lua | magic and version |
//! | Windows shortcut | header size and class id |
//! | compiled Python | a magic number of CPython, flags, and a marshalled code object |
//! | script | `#!` and a path; `@echo off` |
//!
//! Bytes of weights are tested with this, so each rule takes at least 48 bits that are not free: what chance makes of
//! a terabyte is not mistaken. Nothing of a program is read beyond what tells it.

use std::io;

use crate::content::Content;

/// A program.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub struct Executable {
    /// What kind.
    pub kind: Kind,
    /// For which machine, or for a script, its interpreter.
    pub machine: String,
}

/// A kind of program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// ELF: Linux and most others.
    Elf,
    /// PE: Windows.
    Pe,
    /// DOS.
    Dos,
    /// One file for many systems, a shell script among other things.
    Portable,
    /// Mach-O: macOS.
    MachO,
    /// A Java class.
    Java,
    /// WebAssembly.
    Wasm,
    /// Dalvik: Android.
    Dalvik,
    /// Compiled Lua.
    Lua,
    /// A Windows shortcut, which runs a command.
    Shortcut,
    /// Compiled Python.
    Pyc,
    /// A script that names its interpreter.
    Script,
}

impl Kind {
    /// Its usual name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Elf => "ELF",
            Self::Pe => "PE",
            Self::Dos => "DOS program",
            Self::Portable => "portable executable script",
            Self::MachO => "Mach-O",
            Self::Java => "Java class",
            Self::Wasm => "WebAssembly",
            Self::Dalvik => "Dalvik program",
            Self::Lua => "compiled Lua",
            Self::Shortcut => "Windows shortcut",
            Self::Pyc => "compiled Python",
            Self::Script => "script",
        }
    }
}

/// Bytes of the start that most rules look at.
const HEAD_BYTES: usize = 128;

/// The program that begins at `at`, if one does.
///
/// # Errors
/// What reading raises.
pub fn recognise(content: &Content, at: u64) -> io::Result<Option<Executable>> {
    let head = content.read(at, HEAD_BYTES)?;
    if head.starts_with(b"MZ") && !head.starts_with(b"MZqFpD='") {
        return windows(content, at, &head);
    }
    Ok(of_head(&head))
}

/// The program that begins with `head`, of those that can be told by it: all but PE and DOS.
#[must_use]
pub fn of_head(head: &[u8]) -> Option<Executable> {
    let (kind, machine) = match head {
        [0x7f, b'E', b'L', b'F', ..] => (Kind::Elf, elf(head)?),
        [b'M', b'Z', b'q', b'F', b'p', b'D', b'=', b'\'', ..]
        | [b'j', b'a', b'r', b't', b's', b'r', b'=', b'\'', ..] => (Kind::Portable, "any"),
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..] => fat(head)?,
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] => (Kind::MachO, mach(head, u32::from_be_bytes)?),
        [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => (Kind::MachO, mach(head, u32::from_le_bytes)?),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => (Kind::Wasm, "module"),
        [0, b'a', b's', b'm', _, 0, 1, 0, ..] => (Kind::Wasm, "component"),
        [b'd', b'e', b'x', b'\n', b'0', b'0'..=b'9', b'0'..=b'9', 0, ..] => (Kind::Dalvik, "Android"),
        [0x1b, b'L', b'u', b'a', 0x51..=0x54, 0, ..] => (Kind::Lua, "Lua"),
        [0x1b, b'L', b'J', 1 | 2, 0..=0x0f, ..] => (Kind::Lua, "LuaJIT"),
        _ if head.starts_with(SHORTCUT) => (Kind::Shortcut, "Windows"),
        _ => return pyc(head).or_else(|| script(head)),
    };
    Some(Executable {
        kind,
        machine: machine.to_owned(),
    })
}

const SHORTCUT: &[u8] = b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";

fn u16_at(head: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*head.get(at..)?.first_chunk()?))
}

fn u32_at(head: &[u8], at: usize, from: fn([u8; 4]) -> u32) -> Option<u32> {
    Some(from(*head.get(at..)?.first_chunk()?))
}

/// Class 1 or 2, byte order 1 or 2, version 1, then the machine at byte 18.
fn elf(head: &[u8]) -> Option<&'static str> {
    let [_, _, _, _, 1 | 2, order @ (1 | 2), 1, ..] = head else {
        return None;
    };
    let machine = u16_at(head, 18).unwrap_or_default();
    let machine = if *order == 2 {
        machine.swap_bytes()
    } else {
        machine
    };
    Some(match machine {
        3 => "x86",
        8 => "MIPS",
        20 | 21 => "PowerPC",
        22 => "S/390",
        40 => "ARM",
        62 => "x86-64",
        183 => "ARM64",
        190 => "NVIDIA CUDA",
        224 => "AMD GPU",
        243 => "RISC-V",
        247 => "BPF",
        258 => "LoongArch",
        _ => "another machine",
    })
}

const fn mach_processor(number: u32) -> Option<&'static str> {
    Some(match number {
        7 => "x86",
        0x0100_0007 => "x86-64",
        12 => "ARM",
        0x0100_000c | 0x0200_000c => "ARM64",
        18 => "PowerPC",
        0x0100_0012 => "PowerPC 64",
        _ => return None,
    })
}

/// Processor, file type 1 to 12, and load commands of at least eight bytes each.
fn mach(head: &[u8], from: fn([u8; 4]) -> u32) -> Option<&'static str> {
    let machine = mach_processor(u32_at(head, 4, from)?)?;
    let (file_type, commands, bytes) = (
        u32_at(head, 12, from)?,
        u32_at(head, 16, from)?,
        u32_at(head, 20, from)?,
    );
    let fits = commands.checked_mul(8).is_some_and(|least| least <= bytes) && commands < 100_000;
    ((1..=12).contains(&file_type) && fits).then_some(machine)
}

/// A fat file has a few parts, the first of a known processor; a Java class has a version there.
fn fat(head: &[u8]) -> Option<(Kind, &'static str)> {
    let count = u32_at(head, 4, u32::from_be_bytes)?;
    let first = u32_at(head, 8, u32::from_be_bytes)?;
    if (1..=30).contains(&count)
        && let Some(machine) = mach_processor(first)
    {
        return Some((Kind::MachO, machine));
    }
    let (minor, major) = (count >> 16, count & 0xffff);
    let pool = first >> 16;
    let tag = head.get(10)?;
    let is_class =
        (minor <= 3 || minor == 0xffff) && (45..=90).contains(&major) && pool > 1 && (1..=20).contains(tag);
    is_class.then_some((Kind::Java, "Java"))
}

/// A PE by its signature; a DOS program by a size in pages that fits.
fn windows(content: &Content, at: u64, head: &[u8]) -> io::Result<Option<Executable>> {
    let new = |kind, machine: &str| {
        Some(Executable {
            kind,
            machine: machine.to_owned(),
        })
    };
    let Some(offset) = u32_at(head, 60, u32::from_le_bytes) else {
        return Ok(None);
    };
    let signature = content.read(at.saturating_add(u64::from(offset)), 6)?;
    if let [b'P', b'E', 0, 0, machine @ ..] = &signature[..] {
        return Ok(new(
            Kind::Pe,
            match u16_at(machine, 0).unwrap_or_default() {
                0x14c => "x86",
                0x8664 => "x86-64",
                0x1c0 | 0x1c4 => "ARM",
                0xaa64 => "ARM64",
                _ => "another machine",
            },
        ));
    }
    let is_old = matches!(signature.get(..2), Some(b"NE" | b"LE" | b"LX"));
    Ok(
        if is_old || dos(head, content.size().saturating_sub(at)).is_some() {
            new(Kind::Dos, "x86")
        } else {
            None
        },
    )
}

/// Bytes in the last page, pages, relocations, header size in paragraphs, and where the relocations lie: all must fit.
fn dos(head: &[u8], size: u64) -> Option<()> {
    let [last, pages, relocations, paragraphs] = [2, 4, 6, 8].map(|at| u16_at(head, at).map(u64::from));
    let (last, pages, relocations, paragraphs) = (last?, pages?, relocations?, paragraphs?);
    let table = u64::from(u16_at(head, 24)?);
    let full = pages.checked_sub(1)?.checked_mul(512)?;
    let image = full.checked_add(if last == 0 { 512 } else { last })?;
    let header = paragraphs.checked_mul(16)?;
    let relocated = table.checked_add(relocations.checked_mul(4)?)?;
    let fits = last < 512
        && image <= size
        && (2..=64).contains(&paragraphs)
        && header < image
        && relocated <= header;
    (fits && table >= 28).then_some(())
}

/// The magic number of a CPython version and `\r\n`, flags of at most 3, and a code object behind date and size.
fn pyc(head: &[u8]) -> Option<Executable> {
    let &[low, high, b'\r', b'\n', ref rest @ ..] = head else {
        return None;
    };
    // Code is marshalled as `c`, with the highest bit set when it is referred to later.
    let is_code = |at: usize| matches!(rest.get(at), Some(b'c' | 0xe3));
    let flagged = matches!(rest, [0..=3, 0, 0, 0, ..]) && is_code(12);
    let (version, holds) = match u16::from_le_bytes([low, high]) {
        62_011..=62_211 => ("Python 2", is_code(4)),
        3000..=3229 => ("Python 3.0 to 3.2", is_code(4)),
        3230..=3379 => ("Python 3.3 to 3.6", is_code(8)),
        3390..=3425 => ("Python 3.7 to 3.10", flagged),
        3430..=3700 => ("Python 3.11 or later", flagged),
        _ => return None,
    };
    holds.then(|| Executable {
        kind: Kind::Pyc,
        machine: version.to_owned(),
    })
}

/// `#!`, a path of printable characters, and the end of the line; or the first words of a batch file.
fn script(head: &[u8]) -> Option<Executable> {
    let new = |interpreter: &str| {
        Some(Executable {
            kind: Kind::Script,
            machine: interpreter.to_owned(),
        })
    };
    if head
        .get(..9)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"@echo off"))
    {
        return new("cmd");
    }
    let line = head.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.trim();
    let printable = line.chars().all(|character| !character.is_control());
    (line.starts_with('/') && line.len() > 3 && printable).then(|| new(line))?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(bytes: &[u8]) -> Option<(Kind, String)> {
        let found = recognise(&bytes.to_vec().into(), 0).unwrap()?;
        Some((found.kind, found.machine))
    }

    fn pe(offset: u32, signature: &[u8]) -> Vec<u8> {
        let mut bytes = b"MZ".to_vec();
        bytes.resize(60, 0);
        bytes.extend(offset.to_le_bytes());
        bytes.extend(signature);
        bytes
    }

    #[test]
    fn programs_are_told() {
        let mut elf = b"\x7fELF\x02\x01\x01\0".to_vec();
        elf.extend([0; 8]);
        elf.extend([3, 0, 62, 0]);
        let mach = |count: u8| {
            let mut bytes = b"\xcf\xfa\xed\xfe\x0c\0\0\x01\0\0\0\0\x02\0\0\0".to_vec();
            bytes.extend([count, 0, 0, 0, 0xff, 0, 0, 0]);
            bytes
        };
        let fat = b"\xca\xfe\xba\xbe\0\0\0\x02\x01\0\0\x07\0\0\0\x03";
        let class = b"\xca\xfe\xba\xbe\0\0\0\x34\0\x10\x0a\0\x03";
        let mut pyc = b"\xcb\x0d\r\n\0\0\0\0".to_vec();
        pyc.extend([1; 8]);
        pyc.push(0xe3);
        for (bytes, kind, machine) in [
            (&elf[..], Kind::Elf, "x86-64"),
            (&pe(64, b"PE\0\0\x64\x86"), Kind::Pe, "x86-64"),
            (b"MZqFpD='\n\n", Kind::Portable, "any"),
            (&mach(3), Kind::MachO, "ARM64"),
            (fat, Kind::MachO, "x86-64"),
            (class, Kind::Java, "Java"),
            (b"\0asm\x01\0\0\0", Kind::Wasm, "module"),
            (b"dex\n035\0", Kind::Dalvik, "Android"),
            (SHORTCUT, Kind::Shortcut, "Windows"),
            (&pyc, Kind::Pyc, "Python 3.11 or later"),
            (b"#!/bin/sh\nexit 0\n", Kind::Script, "/bin/sh"),
            (b"@ECHO OFF\r\n", Kind::Script, "cmd"),
        ] {
            assert_eq!(told(bytes), Some((kind, machine.to_owned())));
        }
    }

    #[test]
    fn what_only_begins_like_one_is_none() {
        let mach = b"\xcf\xfa\xed\xfe\x0c\0\0\x01\0\0\0\0\x02\0\0\0\xff\0\0\0\x01\0\0\0";
        for bytes in [
            &b"\x7fELF\x03\x01\x01"[..],
            b"\x7fELF",
            &pe(64, b"PE\0\x01"),
            &pe(u32::MAX, b""),
            b"MZ is a text that is longer than the header of a program, but that is no program at all",
            mach,
            b"\xca\xfe\xba\xbe\0\0\0\x02\x7f\0\0\x07\0\0\0\x03",
            b"\xca\xfe\xba\xbe",
            b"\0asm\x07\0\0\0",
            b"#! a heading",
            b"\xcb\x0d\r\n\0\0\0\0 no code is here",
        ] {
            assert_eq!(told(bytes), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_no_program(mut bytes in prop::collection::vec(any::<u8>(), 64..200), magic in 0..6_usize) {
            let magics: [&[u8]; 6] = [b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm", b"#!"];
            bytes.splice(..magics[magic].len(), magics[magic].iter().copied());
            // Two to four bytes by chance are what weights may well hold; the rest must not follow by chance.
            prop_assume!(!matches!(bytes[4..7], [1 | 2, 1 | 2, 1]));
            prop_assert!(told(&bytes).is_none());
        }
    }
}
