//! NumPy headers: what is told of honest ones, what hostile ones may not do.

use proptest::prelude::*;
use weightlock_format::{
    Fault, Problem,
    content::Content,
    numpy::{self, Data, Header},
};

fn npy(version: u8, text: &str, data: usize) -> Vec<u8> {
    let mut file = b"\x93NUMPY".to_vec();
    file.extend([version, 0]);
    match version {
        1 => file.extend((text.len() as u16).to_le_bytes()),
        _ => file.extend((text.len() as u32).to_le_bytes()),
    }
    file.extend(text.as_bytes());
    file.extend(vec![1; data]);
    file
}

fn header(descr: &str, shape: &str) -> String {
    format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}  \n")
}

fn faults(file: Vec<u8>) -> Vec<numpy::Fault> {
    let header = Header::read(&Content::from(file), 0).unwrap();
    let fault = |problem: &Problem| match problem {
        Problem::Malformed {
            fault: Fault::Numpy(fault),
            ..
        } => *fault,
        other => panic!("{other}"),
    };
    header.problems.iter().map(fault).collect()
}

#[test]
fn data_agrees_with_type_and_shape() {
    for version in [1, 2, 3] {
        let text = header("[('a', '<f4'), ('b', '<i8')]", "(2, 3)");
        let file = npy(version, &text, 72);
        let size = file.len() as u64;
        let header = Header::read(&file.into(), 0).unwrap();
        assert_eq!(header.problems, []);
        assert_eq!(header.data, Data::Values(size - 72..size));
        assert_eq!(header.shape, [2, 3]);
    }
    let missing = numpy::Fault::Missing { bytes: 1 };
    assert_eq!(faults(npy(1, &header("'<f8'", "(3,)"), 23)), [missing]);
}

#[test]
fn objects_make_a_pickle_of_the_data() {
    for descr in ["'|O'", "[('a', '<f4'), ('b', [('c', ('|O', (2,)))])]", "'f4,O'"] {
        let header = Header::read(&npy(1, &header(descr, "(1,)"), 9).into(), 0).unwrap();
        assert!(matches!(header.data, Data::Pickle(_)), "{descr}");
    }
    // A reader that keeps the first of two keys sees objects.
    let twice = "{'descr': '|O', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
    let header = Header::read(&npy(1, twice, 4).into(), 0).unwrap();
    assert!(matches!(header.data, Data::Pickle(_)));
    assert_eq!(header.problems.len(), 1);
}

#[test]
fn broken_headers_have_their_faults() {
    use numpy::Fault;
    for (text, fault) in [
        (header("__import__('os').system('true')", "(1,)"), Fault::Code),
        (header("'<f4'", "(1, (x for x in ()))"), Fault::Code),
        (header("'<f4'", "(1"), Fault::Literal),
        (header("'<f4'", "[1, '2']"), Fault::Shape),
        (header("'<f4'", "(-1,)"), Fault::Shape),
        (header("'zz'", "(1,)"), Fault::Type),
        (header("{}", "(1,)"), Fault::Descr),
        (header("'<f8'", "(9223372036854775807, 16)"), Fault::SizeOverflow),
        (
            header("'<f8'", "(4294967296, 4294967296, 0)"),
            Fault::SizeOverflow,
        ),
        (header("'<f8'", "(1152921504606846976, 1)"), Fault::SizeOverflow),
        ("{'descr': '<f4', 'shape': (1,)}".to_owned(), Fault::Keys),
        (
            "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}".to_owned(),
            Fault::Keys,
        ),
        ("('descr', '<f4')".to_owned(), Fault::Keys),
    ] {
        assert_eq!(faults(npy(1, &text, 4)), [fault], "{text}");
    }
    for file in [
        &b"\x93NUMPY\x01\0\xff\xff{"[..],
        b"\x93NUMPY\x09\0\x01\0{}",
        b"\x93NUMPY\x02\0\xff\xff\xff\xff{",
        b"\x93NUM",
    ] {
        assert!(Header::read(&file.to_vec().into(), 0).is_err());
    }
}

proptest! {
    #[test]
    fn never_panics(tail in prop::collection::vec(any::<u8>(), 0..200), version in 0..5_u8, at in 0..100_usize, byte: u8) {
        let arbitrary = [b"\x93NUMPY", &[version, 0][..], &tail].concat();
        let mut mutated = npy(1, &header("[('a', '<f4', (2,)), ('b', '|S3')]", "(2, 3)"), 66);
        if let Some(target) = mutated.get_mut(at) {
            *target = byte;
        }
        for file in [arbitrary, mutated] {
            let size = file.len() as u64;
            if let Ok(header) = Header::read(&file.into(), 0) {
                prop_assert!(header.range.end <= size);
                if let Data::Values(range) = &header.data {
                    prop_assert!(range.end <= size || !header.problems.is_empty());
                }
            }
        }
    }
}
