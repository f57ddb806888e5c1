//! One file into the caller's memory: the signed bytes, or none.

use std::fs;

use weightlock_artifact::{
    inventory::{Links, Root},
    leaf::LEAF,
};
use weightlock_runtime::{Error, guard::into::read_into};
use weightlock_signing::oms::model::{Mismatch, VerifiedModel};

use super::{Signed, content, path, rules, settings};

const WEIGHTS: usize = 9 * (1 << 20) + 4097;

fn model() -> Signed {
    Signed::new(&[("w.bin", &content(WEIGHTS, 1)), ("config.json", b"{}")])
}

fn read(signed: &Signed, name: &str, memory: &mut [u8]) -> Result<Result<VerifiedModel, Mismatch>, Error> {
    let place = (&path(name), memory);
    read_into(
        &signed.verified(),
        signed.root(),
        place,
        &rules(),
        None,
        settings(),
        &(),
    )
}

#[test]
fn the_memory_has_the_signed_bytes_and_the_answer_is_a_part() {
    let signed = model();
    let mut memory = vec![0xaa; WEIGHTS];
    let model = read(&signed, "w.bin", &mut memory).unwrap().unwrap();
    assert!(memory == content(WEIGHTS, 1));
    assert!(!model.is_complete());
    assert_eq!(
        (model.comparison().checked, model.comparison().bytes),
        (1, WEIGHTS as u64)
    );
    let mut memory = [0xaa; 2];
    read(&signed, "config.json", &mut memory).unwrap().unwrap();
    assert_eq!(&memory, b"{}");
}

#[test]
fn nothing_is_left_of_a_file_that_is_another_one() {
    let signed = model();
    for at in [0, LEAF as usize, WEIGHTS - 1] {
        let mut bad = content(WEIGHTS, 1);
        bad[at] ^= 1;
        fs::write(signed.file("w.bin"), &bad).unwrap();
        let mut memory = vec![0xaa; WEIGHTS];
        let mismatch = read(&signed, "w.bin", &mut memory).unwrap().unwrap_err();
        assert_eq!(mismatch.codes()[0].as_str(), "WL-SIG-TAMPERED");
        assert!(memory.iter().all(|&byte| byte == 0), "{at}");
    }
    fs::remove_file(signed.file("w.bin")).unwrap();
    let mut memory = vec![0xaa; WEIGHTS];
    drop(read(&signed, "w.bin", &mut memory).unwrap().unwrap_err());
    assert!(memory.iter().all(|&byte| byte == 0));
}

#[test]
fn memory_of_another_size_and_names_that_were_not_signed_are_refused() {
    let signed = model();
    for size in [0, 1, WEIGHTS - 1, WEIGHTS + 1] {
        let mut memory = vec![0xaa; size];
        let refused = read(&signed, "w.bin", &mut memory).unwrap_err();
        assert!(
            matches!(refused, Error::OtherSize { needed, .. } if needed == WEIGHTS as u64),
            "{refused}"
        );
        assert!(memory.iter().all(|&byte| byte == 0));
    }
    fs::write(signed.file("extra"), b"{}").unwrap();
    for name in ["extra", "none"] {
        let mut memory = [0xaa; 2];
        drop(read(&signed, name, &mut memory).unwrap().unwrap_err());
        assert_eq!(memory, [0, 0]);
    }
}

#[test]
fn a_model_of_one_file_may_have_another_name_now() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("model.gguf"), content(WEIGHTS, 4)).unwrap();
    let signed = Signed::sign(place, "model.gguf");
    let renamed = signed.place.path().join("other.gguf");
    fs::rename(signed.place.path().join("model.gguf"), &renamed).unwrap();
    let root = Root::open(&renamed, Links::Refused).unwrap();
    let mut memory = vec![0; WEIGHTS];
    let place = (&path("other.gguf"), memory.as_mut_slice());
    let read = read_into(&signed.verified(), root, place, &rules(), None, settings(), &());
    assert!(read.unwrap().unwrap().comparison().checked == 1);
    assert!(memory == content(WEIGHTS, 4));
}
