use proptest::prelude::*;

use super::*;

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn words(words: &[&str], score: bool) -> Vec<u8> {
    let word = |word: &&str| {
        let length = numbers(&[u32::try_from(word.len()).unwrap()]);
        let score = if score { vec![0; 4] } else { Vec::new() };
        [length, word.as_bytes().to_vec(), score].concat()
    };
    words.iter().flat_map(word).collect()
}

fn tensor(file: &mut Vec<u8>, name: &str, code: u32, shape: &[u32], bytes: usize, aligned: bool) {
    let length = u32::try_from(name.len()).unwrap();
    file.extend(numbers(&[u32::try_from(shape.len()).unwrap(), length, code]));
    file.extend(numbers(shape));
    file.extend(name.as_bytes());
    if aligned {
        file.resize(file.len().next_multiple_of(32), 0);
    }
    file.extend(vec![7; bytes]);
}

fn llama(version: u32, bytes: usize) -> Vec<u8> {
    let mut file = [
        b"tjgg".to_vec(),
        numbers(&[version, 2, 8, 1, 1, 1, 1, 2]),
        words(&["a", "bc"], true),
    ]
    .concat();
    tensor(&mut file, "norm", 0, &[8], 32, true);
    tensor(&mut file, "w", 2, &[32, 2], bytes, true);
    file
}

fn whisper() -> Vec<u8> {
    let parameters = [3, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1];
    let mut file = [
        b"lmgg".to_vec(),
        numbers(&parameters),
        numbers(&[2, 3]),
        vec![0; 24],
    ]
    .concat();
    file.extend([numbers(&[2]), words(&["a", "b"], false)].concat());
    tensor(&mut file, "encoder.weight", 1, &[4, 2], 16, false);
    file
}

fn read(file: &[u8]) -> Result<Model, Error> {
    Model::read(&file.to_vec().into())
}

#[test]
fn each_shape_is_found() {
    let gpt = {
        let mut file = [
            b"lmgg".to_vec(),
            numbers(&[2, 1, 1, 1, 1, 1, 2]),
            words(&["a", "b"], false),
        ]
        .concat();
        tensor(&mut file, "model/wte", 0, &[2, 2], 16, false);
        file
    };
    let adapter = {
        let mut file = [b"algg".to_vec(), numbers(&[1, 8, 16])].concat();
        tensor(&mut file, "layers.0.loraA", 0, &[4], 16, true);
        file
    };
    for (name, file, count) in [
        ("GGJT 3", llama(3, 36), 2),
        ("GGJT 1", llama(1, 40), 2),
        ("speech", whisper(), 1),
        ("GPT", gpt, 1),
        ("adapter", adapter, 1),
    ] {
        let model = read(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let tensors = model.layout().tensors();
        assert_eq!(tensors.len(), count, "{name}");
        assert_eq!(tensors.last().unwrap().bytes.end, file.len() as u64, "{name}");
    }
    assert_eq!(read(&llama(3, 36)).unwrap().layout().tensors()[1].shape, [2, 32]);
    assert_eq!(read(&whisper()).unwrap().words(), 2);
}

#[test]
fn what_no_model_looks_like_is_refused() {
    let mut cut = whisper();
    cut.pop();
    let mut long = llama(3, 36);
    long.push(0);
    let mut words = llama(3, 36);
    words[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut dimensions = whisper();
    let at = dimensions.len() - 16 - 14 - 8;
    dimensions[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    for file in [
        cut,
        long,
        words,
        dimensions,
        b"lmgg".to_vec(),
        b"abcd".to_vec(),
        Vec::new(),
    ] {
        assert!(matches!(read(&file), Err(Error::Refused(_))), "{file:?}");
    }
}

proptest! {
    #[test]
    fn never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>(), is_speech in any::<bool>()) {
        let mut file = if is_speech { whisper() } else { llama(3, 36) };
        let at = at.index(file.len());
        file[at] = byte;
        if let Ok(model) = read(&file) {
            for tensor in model.layout().tensors() {
                prop_assert!(tensor.bytes.end <= file.len() as u64);
            }
        }
    }

    #[test]
    fn noise_is_refused_or_read(rest in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&[&b"lmgg"[..], &rest].concat());
    }
}
