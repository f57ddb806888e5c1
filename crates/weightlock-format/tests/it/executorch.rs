//! ExecuTorch programs, made here table by table.

use proptest::prelude::*;
use weightlock_format::{
    content::Content,
    executorch::{self, Program},
    limits::{Budget, Limits},
};

/// Something that a field refers to, or the number in it.
#[derive(Clone)]
enum Node {
    Number(Vec<u8>),
    Text(&'static str),
    Bytes(Vec<u8>),
    Table(Vec<(usize, Self)>),
    Tables(Vec<Vec<(usize, Self)>>),
}

use Node::{Bytes, Number, Table, Tables, Text};

/// Writes the tables in the order in which they are referred to.
fn flatbuffer(root: &[(usize, Node)], extended: Option<(u64, u64)>) -> Vec<u8> {
    let mut out = vec![0; 4];
    out.extend(b"ET12");
    if let Some((program, segments)) = extended {
        out.extend(b"eh00");
        out.extend(24_u32.to_le_bytes());
        out.extend(program.to_le_bytes());
        out.extend(segments.to_le_bytes());
    }
    let mut todo = vec![(0, Table(root.to_vec()))];
    while let Some((at, node)) = todo.pop() {
        out.resize(out.len().next_multiple_of(4), 0);
        let position = match node {
            Number(_) => unreachable!("numbers lie in tables"),
            Text(text) => vector(&mut out, text.len(), &[text.as_bytes(), b"\0"].concat()),
            Bytes(bytes) => vector(&mut out, bytes.len(), &bytes),
            Table(fields) => table(&mut out, fields, &mut todo),
            Tables(tables) => {
                let start = vector(&mut out, tables.len(), &vec![0; tables.len() * 4]);
                let elements = tables.into_iter().enumerate();
                todo.extend(elements.map(|(index, fields)| (start + 4 + index * 4, Table(fields))));
                start
            }
        };
        let distance = (position - at) as u32;
        out[at..at + 4].copy_from_slice(&distance.to_le_bytes());
    }
    out
}

fn vector(out: &mut Vec<u8>, count: usize, bytes: &[u8]) -> usize {
    let start = out.len();
    out.extend((count as u32).to_le_bytes());
    out.extend(bytes);
    start
}

fn table(out: &mut Vec<u8>, fields: Vec<(usize, Node)>, todo: &mut Vec<(usize, Node)>) -> usize {
    let slots = fields.iter().map(|(index, _)| index + 1).max().unwrap_or(0);
    let vtable = out.len();
    let start = (vtable + 4 + slots * 2).next_multiple_of(8);
    let mut offsets = vec![0_u16; slots];
    let mut inline = vec![0; 4];
    for (index, node) in fields {
        inline.resize(inline.len().next_multiple_of(8), 0);
        offsets[index] = inline.len() as u16;
        match node {
            Number(bytes) => inline.extend(bytes),
            node => {
                todo.push((start + inline.len(), node));
                inline.extend([0; 4]);
            }
        }
    }
    inline[..4].copy_from_slice(&((start - vtable) as i32).to_le_bytes());
    out.extend((4 + slots as u16 * 2).to_le_bytes());
    out.extend((inline.len() as u16).to_le_bytes());
    out.extend(offsets.into_iter().flat_map(u16::to_le_bytes));
    out.resize(start, 0);
    out.extend(inline);
    start
}

fn number(value: u64) -> Node {
    Number(value.to_le_bytes().to_vec())
}

/// A program with one operator, one delegate in segment `delegate`, and one segment of 8 bytes.
fn program(operator: &'static str, delegate: u32, segment_bytes: u64) -> Vec<u8> {
    let tensor = vec![(0, Number(vec![6])), (2, Bytes(vec![])), (5, number(1))];
    let plan = vec![
        (0, Text("forward")),
        (
            2,
            Tables(vec![
                vec![(0, Number(vec![5])), (1, Table(tensor))],
                vec![(0, Number(vec![1])), (1, Table(vec![]))],
            ]),
        ),
        (
            5,
            Tables(vec![vec![(
                2,
                Tables(vec![vec![(0, Number(vec![1])), (1, Table(vec![(0, number(0))]))]]),
            )]]),
        ),
        (6, Tables(vec![vec![(0, Text(operator)), (1, Text("out"))]])),
        (
            7,
            Tables(vec![vec![
                (0, Text("XnnpackBackend")),
                (
                    1,
                    Table(vec![
                        (0, Number(vec![1])),
                        (1, Number(delegate.to_le_bytes().to_vec())),
                    ]),
                ),
                (2, Tables(vec![vec![(0, Text("key")), (1, Bytes(vec![1, 2]))]])),
            ]]),
        ),
    ];
    let root = [
        (1, Tables(vec![plan])),
        (2, Tables(vec![vec![], vec![(0, Bytes(vec![7; 16]))]])),
        (4, Tables(vec![vec![(0, number(0)), (1, number(segment_bytes))]])),
    ];
    let length = flatbuffer(&root, Some((0, 0))).len() as u64;
    let segments = length.next_multiple_of(64);
    let mut file = flatbuffer(&root, Some((length, segments)));
    file.resize(segments as usize, 0);
    file.extend([9; 8]);
    file
}

fn read(file: Vec<u8>) -> Result<Program, weightlock_format::Error> {
    let limits = Limits::default();
    executorch::read(&Content::from(file), &limits, &mut Budget::new(&limits))
}

#[test]
fn names_and_blobs_are_told() {
    let file = program("aten::add", 0, 8);
    let size = file.len() as u64;
    let program = read(file).unwrap();
    assert_eq!(program.problems, []);
    assert_eq!(program.operators[0].0, "aten::add");
    assert_eq!(program.delegates[0].0, "XnnpackBackend");
    assert_eq!(program.blobs.len(), 2);
    assert_eq!(program.blobs[1], size - 8..size);
    assert!(
        program.gaps.iter().all(|gap| gap.end - gap.start < 64),
        "{:?}",
        program.gaps
    );
}

#[test]
fn segments_and_indices_outside_are_problems() {
    for file in [program("a", 1, 8), program("a", 0, 9), program("a", 0, u64::MAX)] {
        assert_eq!(read(file).unwrap().problems.len(), 1);
    }
    let mut outside = program("a", 0, 8);
    outside[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(read(outside).is_err());
}

#[test]
fn a_table_referred_to_for_ever_ends() {
    let limits = Limits::default();
    let mut budget = Budget::new(&limits);
    budget.objects = 3;
    let file = Content::from(program("a", 0, 8));
    assert!(executorch::read(&file, &limits, &mut budget).is_err());
}

proptest! {
    #[test]
    fn never_panics(at in 0..400_usize, byte: u8, other in 0..400_usize, noise in prop::collection::vec(any::<u8>(), 0..100)) {
        let mut file = program("aten::add", 0, 8);
        for (at, byte) in [(at, byte), (other, 0xff)] {
            if let Some(target) = file.get_mut(at) {
                *target = byte;
            }
        }
        let size = file.len() as u64;
        if let Ok(program) = read(file) {
            prop_assert!(program.blobs.iter().all(|blob| blob.end <= size));
        }
        let _ = read([b"\x08\0\0\0ET12", &noise[..]].concat());
    }
}

#[test]
fn the_seed_is_such_a_program() {
    let seed = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fuzz/corpus/executorch/program"
    );
    assert_eq!(std::fs::read(seed).unwrap(), program("aten::add", 0, 8));
}
