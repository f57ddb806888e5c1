//! The header of a 7z archive.

use std::ops::Range;

use super::{
    Archive, Fault, Member,
    folder::{Folder, Step},
};
use crate::{
    Problem,
    limits::Limits,
    reader::{Endian, Reader, within},
};

/// The first byte of a header that is packed.
pub(super) const PACKED: u8 = 0x17;
const HEADER: u8 = 0x01;

/// What a part of the header is.
mod id {
    pub(super) const END: u64 = 0;
    pub(super) const PROPERTIES: u64 = 2;
    pub(super) const MORE_STREAMS: u64 = 3;
    pub(super) const STREAMS: u64 = 4;
    pub(super) const FILES: u64 = 5;
    pub(super) const PACK: u64 = 6;
    pub(super) const UNPACK: u64 = 7;
    pub(super) const SUBSTREAMS: u64 = 8;
    pub(super) const SIZE: u64 = 9;
    pub(super) const CRC: u64 = 10;
    pub(super) const FOLDER: u64 = 11;
    pub(super) const UNPACK_SIZE: u64 = 12;
    pub(super) const COUNT: u64 = 13;
    pub(super) const EMPTY_STREAM: u64 = 14;
    pub(super) const EMPTY_FILE: u64 = 15;
    pub(super) const NAMES: u64 = 17;
    pub(super) const ATTRIBUTES: u64 = 21;
}

/// Coders of a folder; archivers use at most four.
const MOST_CODERS: u64 = 32;
/// Where packed streams begin.
const STREAMS_AT: u64 = 32;

/// A folder, and the members in it: their sizes and checksums.
#[derive(Default)]
struct Streams {
    folders: Vec<Folder>,
    contents: Vec<Contents>,
}

/// Size and checksum of each member of a folder.
type Contents = Vec<(u64, Option<u32>)>;

/// Reads a header that is not packed into `archive`.
pub(super) fn parse(bytes: &[u8], at: u64, limits: &Limits, archive: &mut Archive) -> Result<(), Problem> {
    let mut reader = Reader::new(bytes, at, Endian::Little);
    expect(&mut reader, u64::from(HEADER))?;
    let mut streams = Streams::default();
    let mut part = number(&mut reader)?;
    if part == id::PROPERTIES {
        while number(&mut reader)? != id::END {
            let size = number(&mut reader)?;
            reader.take(size)?;
        }
        part = number(&mut reader)?;
    }
    if part == id::MORE_STREAMS {
        return Err(structure(
            &reader,
            "a header of additional streams, which no archiver writes",
        ));
    }
    if part == id::STREAMS {
        streams = read_streams(&mut reader, limits)?;
        part = number(&mut reader)?;
    }
    let result = match part {
        id::FILES => files(&mut reader, limits, &streams),
        _ => Ok(Vec::new()),
    };
    // Folders are known even where the files cannot be told.
    archive.folders = streams.folders;
    archive.members = result?;
    Ok(())
}

/// The folder that a packed header decodes from.
pub(super) fn packed(bytes: &[u8], at: u64, limits: &Limits) -> Result<Folder, Problem> {
    let mut reader = Reader::new(bytes, at, Endian::Little);
    expect(&mut reader, u64::from(PACKED))?;
    let streams = read_streams(&mut reader, limits)?;
    let first = streams.folders.into_iter().next();
    first.ok_or_else(|| structure(&reader, "a packed header without a folder"))
}

fn structure(reader: &Reader<'_>, what: &'static str) -> Problem {
    Problem::malformed(reader.offset(), Fault::Structure { what })
}

fn expect(reader: &mut Reader<'_>, wanted: u64) -> Result<(), Problem> {
    match number(reader)? {
        found if found == wanted => Ok(()),
        _ => Err(structure(
            reader,
            "a part of the header is missing or in the wrong place",
        )),
    }
}

/// A number whose first byte tells by its leading ones how many bytes follow.
fn number(reader: &mut Reader<'_>) -> Result<u64, Problem> {
    let first = reader.u8()?;
    let more = first.leading_ones();
    let mut value = 0_u64;
    for place in 0..more.min(8) {
        value |= u64::from(reader.u8()?) << place.saturating_mul(8);
    }
    // The bits behind the first zero are the highest of the number.
    let high = match more {
        0..=6 => u64::from(first) & (0x7f_u64 >> more),
        _ => 0,
    };
    Ok(value | high.checked_shl(more.saturating_mul(8)).unwrap_or(0))
}

/// A count of things of which each takes at least a byte of the header.
fn count(reader: &mut Reader<'_>, what: &'static str, limit: u64) -> Result<u64, Problem> {
    let at = reader.offset();
    within(what, number(reader)?, limit, at)
}

/// A bit for each of `count` things, the first bit the highest.
fn bits(reader: &mut Reader<'_>, count: usize) -> Result<Vec<bool>, Problem> {
    let bytes = reader.take((count as u64).div_ceil(8))?;
    let bit = |index: usize| {
        let byte = bytes.get(index >> 3).copied().unwrap_or_default();
        byte & (0x80 >> (index & 7)) != 0
    };
    Ok((0..count).map(bit).collect())
}

/// A bit for each of `count` things, or one byte that says that all are set.
fn bits_or_all(reader: &mut Reader<'_>, count: usize) -> Result<Vec<bool>, Problem> {
    match reader.u8()? {
        0 => bits(reader, count),
        // One digest takes four bytes, so a count that the header cannot hold is found when they are read.
        _ if count as u64 > reader.left() => {
            Err(structure(reader, "more checksums than the header has bytes"))
        }
        _ => Ok(vec![true; count]),
    }
}

fn checksums(reader: &mut Reader<'_>, count: usize) -> Result<Vec<Option<u32>>, Problem> {
    let defined = bits_or_all(reader, count)?;
    defined
        .into_iter()
        .map(|defined| defined.then(|| reader.u32()).transpose())
        .collect()
}

fn read_streams(reader: &mut Reader<'_>, limits: &Limits) -> Result<Streams, Problem> {
    let mut pack = (0, Vec::new());
    let mut streams = Streams::default();
    let mut has_substreams = false;
    loop {
        match number(reader)? {
            id::END => break,
            id::PACK => pack = read_pack(reader, limits)?,
            id::UNPACK => streams.folders = read_folders(reader, limits, &pack)?,
            id::SUBSTREAMS => {
                streams.contents = substreams(reader, limits, &streams.folders)?;
                has_substreams = true;
            }
            _ => return Err(structure(reader, "an unknown part of the streams")),
        }
    }
    if !has_substreams {
        let whole = |folder: &Folder| vec![(folder.size, folder.crc)];
        streams.contents = streams.folders.iter().map(whole).collect();
    }
    Ok(streams)
}

/// Where the packed streams begin, and their sizes.
fn read_pack(reader: &mut Reader<'_>, limits: &Limits) -> Result<(u64, Vec<u64>), Problem> {
    let position = number(reader)?;
    let streams = count(reader, "packed streams of a 7z archive", limits.members)?;
    let mut sizes = Vec::new();
    loop {
        match number(reader)? {
            id::END => return Ok((position, sizes)),
            id::SIZE => {
                for _ in 0..streams {
                    sizes.push(number(reader)?);
                }
            }
            id::CRC => {
                checksums(reader, usize::try_from(streams).unwrap_or(usize::MAX))?;
            }
            _ => return Err(structure(reader, "an unknown part of the packed streams")),
        }
    }
}

fn read_folders(
    reader: &mut Reader<'_>,
    limits: &Limits,
    (position, packed): &(u64, Vec<u64>),
) -> Result<Vec<Folder>, Problem> {
    expect(reader, id::FOLDER)?;
    let folders = count(reader, "folders of a 7z archive", limits.members)?;
    if reader.u8()? != 0 {
        return Err(structure(reader, "folders that lie elsewhere"));
    }
    let mut found: Vec<Folder> = Vec::new();
    let mut at = position.saturating_add(STREAMS_AT);
    let mut packed = packed.iter();
    for _ in 0..folders {
        let (mut folder, inputs) = read_folder(reader)?;
        let start = at;
        for _ in 0..inputs {
            at = at.saturating_add(packed.next().copied().unwrap_or_default());
        }
        folder.packed = start..at;
        found.push(folder);
    }
    expect(reader, id::UNPACK_SIZE)?;
    for folder in &mut found {
        for _ in 0..folder.steps.iter().map(|step| step.outputs).sum::<u64>() {
            folder.sizes.push(number(reader)?);
        }
        let last = match &folder.chain {
            Some(chain) => chain.last().and_then(|&index| folder.sizes.get(index)),
            None => folder.sizes.iter().max(),
        };
        folder.size = last.copied().unwrap_or_default();
    }
    loop {
        match number(reader)? {
            id::END => return Ok(found),
            id::CRC => {
                let sums = checksums(reader, found.len())?;
                for (folder, sum) in found.iter_mut().zip(sums) {
                    folder.crc = sum;
                }
            }
            _ => return Err(structure(reader, "an unknown part of the folders")),
        }
    }
}

/// A folder, and how many packed streams it takes.
fn read_folder(reader: &mut Reader<'_>) -> Result<(Folder, u64), Problem> {
    let coders = count(reader, "coders of a 7z folder", MOST_CODERS)?;
    let mut folder = Folder::default();
    for _ in 0..coders {
        folder.steps.push(step(reader)?);
    }
    let inputs: u64 = folder.steps.iter().map(|step| step.inputs).sum();
    let outputs: u64 = folder.steps.iter().map(|step| step.outputs).sum();
    let pairs = outputs.saturating_sub(1);
    let mut bound: Vec<(u64, u64)> = Vec::new();
    for _ in 0..pairs {
        bound.push((number(reader)?, number(reader)?));
    }
    let packed = inputs.saturating_sub(pairs);
    let mut first = (0..inputs).find(|input| bound.iter().all(|(bound, _)| bound != input));
    if packed > 1 {
        for _ in 0..packed {
            first = Some(number(reader)?);
        }
    }
    let simple = folder
        .steps
        .iter()
        .all(|step| (step.inputs, step.outputs) == (1, 1));
    folder.chain = first
        .filter(|_| simple && packed == 1)
        .and_then(|first| chain(first, &bound, coders));
    Ok((folder, packed))
}

/// The order of coders of one input and one output each: what comes out of one goes into the one that is bound to it.
fn chain(first: u64, bound: &[(u64, u64)], coders: u64) -> Option<Vec<usize>> {
    let mut chain = vec![first];
    while let Some(&(input, _)) = bound.iter().find(|(_, output)| Some(output) == chain.last()) {
        if chain.contains(&input) {
            return None;
        }
        chain.push(input);
    }
    let all = chain.len() as u64 == coders;
    let indices = chain.into_iter().map(|index| usize::try_from(index).ok());
    all.then(|| indices.collect())?
}

fn step(reader: &mut Reader<'_>) -> Result<Step, Problem> {
    let flags = reader.u8()?;
    if flags & 0xc0 != 0 {
        return Err(structure(reader, "a coder of an unknown shape"));
    }
    let id = reader.take(u64::from(flags & 0x0f))?.to_vec();
    let (mut inputs, mut outputs) = (1, 1);
    if flags & 0x10 != 0 {
        inputs = count(reader, "inputs of a 7z coder", MOST_CODERS)?;
        outputs = count(reader, "outputs of a 7z coder", MOST_CODERS)?;
    }
    let mut properties = Vec::new();
    if flags & 0x20 != 0 {
        let size = number(reader)?;
        properties = reader.take(size)?.to_vec();
    }
    Ok(Step {
        id,
        properties,
        inputs,
        outputs,
    })
}

/// Sizes and checksums of what each folder holds.
fn substreams(
    reader: &mut Reader<'_>,
    limits: &Limits,
    folders: &[Folder],
) -> Result<Vec<Contents>, Problem> {
    let mut counts = vec![1_u64; folders.len()];
    let mut part = number(reader)?;
    if part == id::COUNT {
        let mut total = 0_u64;
        for streams in &mut counts {
            let at = reader.offset();
            *streams = number(reader)?;
            total = within(
                "members of an archive",
                total.saturating_add(*streams),
                limits.members,
                at,
            )?;
        }
        part = number(reader)?;
    }
    let mut contents = Vec::new();
    for (folder, &streams) in folders.iter().zip(&counts) {
        let mut left = folder.size;
        let mut sizes = Vec::new();
        // The last size is what is left.
        for _ in 1..streams {
            let size = if part == id::SIZE { number(reader)? } else { 0 };
            left = left
                .checked_sub(size)
                .ok_or_else(|| structure(reader, "members are larger than their folder"))?;
            sizes.push((size, None));
        }
        if streams > 0 {
            sizes.push((left, if streams == 1 { folder.crc } else { None }));
        }
        contents.push(sizes);
    }
    if part == id::SIZE {
        part = number(reader)?;
    }
    while part != id::END {
        if part != id::CRC {
            return Err(structure(reader, "an unknown part of the members' streams"));
        }
        let mut unknown: Vec<&mut Option<u32>> = contents
            .iter_mut()
            .flatten()
            .map(|(_, crc)| crc)
            .filter(|crc| crc.is_none())
            .collect();
        let sums = checksums(reader, unknown.len())?;
        for (crc, sum) in unknown.iter_mut().zip(sums) {
            **crc = sum;
        }
        part = number(reader)?;
    }
    Ok(contents)
}

fn files(reader: &mut Reader<'_>, limits: &Limits, streams: &Streams) -> Result<Vec<Member>, Problem> {
    let files = count(reader, "members of an archive", limits.members)?;
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    // Each file has a name, and a name has at least the two bytes of its end.
    if files as u64 > reader.left() {
        return Err(structure(reader, "more files than the header has bytes"));
    }
    let mut members = vec![Member::default(); files];
    let (mut empty, mut empty_files) = (vec![false; files], Vec::new());
    loop {
        let property = number(reader)?;
        if property == id::END {
            break;
        }
        let size = number(reader)?;
        let mut body = reader.sub(size)?;
        match property {
            id::EMPTY_STREAM => empty = bits(&mut body, files)?,
            id::EMPTY_FILE => {
                let count = empty.iter().filter(|empty| **empty).count();
                empty_files = bits(&mut body, count)?;
            }
            id::NAMES => names(&mut body, &mut members)?,
            id::ATTRIBUTES => attributes(&mut body, &mut members)?,
            _ => {}
        }
    }
    let mut empty_files = empty_files.into_iter();
    let mut places = places(streams);
    for (member, empty) in members.iter_mut().zip(empty) {
        if empty {
            member.is_directory = !empty_files.next().unwrap_or(false);
            continue;
        }
        let Some((place, crc)) = places.next() else {
            return Err(structure(reader, "more files than streams"));
        };
        (member.place, member.crc) = (Some(place), crc);
    }
    if places.next().is_some() {
        return Err(structure(reader, "more streams than files"));
    }
    Ok(members)
}

/// Every member's folder, place in it, and checksum, in order.
fn places(streams: &Streams) -> impl Iterator<Item = ((usize, Range<u64>), Option<u32>)> {
    streams
        .contents
        .iter()
        .enumerate()
        .flat_map(|(folder, contents)| {
            let mut at = 0_u64;
            contents.iter().map(move |&(size, crc)| {
                let start = at;
                at = at.saturating_add(size);
                ((folder, start..at), crc)
            })
        })
}

fn names(body: &mut Reader<'_>, members: &mut [Member]) -> Result<(), Problem> {
    if body.u8()? != 0 {
        return Err(structure(body, "names that lie elsewhere"));
    }
    for member in members {
        let mut units = Vec::new();
        loop {
            match body.u16()? {
                0 => break,
                unit => units.push(unit),
            }
        }
        member.name = String::from_utf16_lossy(&units);
    }
    Ok(())
}

/// Windows attributes; archivers on Unix put the mode into the upper half.
fn attributes(body: &mut Reader<'_>, members: &mut [Member]) -> Result<(), Problem> {
    const HAS_MODE: u32 = 0x8000;
    const REPARSE_POINT: u32 = 0x400;
    let defined = match body.u8()? {
        0 => bits(body, members.len())?,
        _ => vec![true; members.len()],
    };
    if body.u8()? != 0 {
        return Err(structure(body, "attributes that lie elsewhere"));
    }
    for (member, _) in members.iter_mut().zip(defined).filter(|(_, defined)| *defined) {
        let attributes = body.u32()?;
        let mode = attributes >> 16;
        let unix_link = attributes & HAS_MODE != 0 && mode & 0o170_000 == 0o120_000;
        member.is_link = unix_link || attributes & REPARSE_POINT != 0;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_their_leading_ones() {
        let read = |bytes: &[u8]| number(&mut Reader::new(bytes, 0, Endian::Little));
        assert_eq!(read(&[0x7f]), Ok(0x7f));
        assert_eq!(read(&[0x81, 0x02]), Ok(0x102));
        assert_eq!(read(&[0xc1, 0x02, 0x03]), Ok(0x1_0302));
        assert_eq!(
            read(&[0xff, 1, 0, 0, 0, 0, 0, 0, 0x80]),
            Ok(0x8000_0000_0000_0001)
        );
        assert!(read(&[0x80]).is_err());
    }

    #[test]
    fn coders_form_a_chain_or_none() {
        assert_eq!(chain(1, &[(0, 1)], 2), Some(vec![1, 0]));
        assert_eq!(chain(0, &[], 1), Some(vec![0]));
        assert_eq!(chain(0, &[(0, 0)], 1), None);
        assert_eq!(chain(0, &[], 2), None);
    }
}
