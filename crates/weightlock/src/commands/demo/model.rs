//! The model of the demonstration: two layers of a small transformer, made by code and always the same.
//!
//! It is a real model in every respect but training: its weights are pseudo-random numbers. 2.3 MiB, so that its
//! weights span three leaves.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufWriter, Write as _},
    path::Path,
};

use serde_json::json;
use weightlock_format::{
    Dtype,
    safetensors::write::{NewTensor, f32_bytes, write},
};

const LAYERS: u64 = 2;
const HIDDEN: u64 = 64;
const INNER: u64 = 128;
/// More than the tokenizer uses, which is padded in many models. So the second leaf holds two large tensors only.
const VOCABULARY: u64 = 4096;

const README: &str = "\
---
license: apache-2.0
library_name: transformers
pipeline_tag: text-generation
language: en
---
# Tiny

Two layers of a transformer with untrained weights. It exists to be signed, changed and caught.
";

/// Writes the model into a new folder.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)?;
    fs::write(folder.join("README.md"), README)?;
    fs::write(folder.join("config.json"), pretty(&config()))?;
    fs::write(folder.join("tokenizer.json"), pretty(&tokenizer()))?;
    weights(&folder.join("model.safetensors"))
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

fn config() -> serde_json::Value {
    json!({
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "max_position_embeddings": 256,
        "model_type": "llama",
        "num_attention_heads": 4,
        "num_hidden_layers": LAYERS,
        "num_key_value_heads": 4,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": false,
        "torch_dtype": "float32",
        "vocab_size": VOCABULARY
    })
}

/// A token for every byte and no merges, in the alphabet of byte-level tokenizers: printable bytes stand for
/// themselves, the others for the characters from U+0100 on.
fn tokenizer() -> serde_json::Value {
    let printable = |byte: u32| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let others = (0..256).filter(|byte| !printable(*byte)).zip(0x100_u32..);
    let letters: BTreeMap<u32, u32> = (0..256)
        .filter(|byte| printable(*byte))
        .map(|byte| (byte, byte))
        .chain(others)
        .collect();
    let vocabulary: serde_json::Map<String, serde_json::Value> = letters
        .into_iter()
        .filter_map(|(byte, letter)| Some((char::from_u32(letter)?.to_string(), byte.into())))
        .collect();
    let bytes =
        json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": bytes,
        "post_processor": null,
        "decoder": bytes,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
            "vocab": vocabulary, "merges": []
        }
    })
}

/// Names and shapes, as the Llama architecture has them.
fn shapes() -> Vec<(String, Vec<u64>)> {
    let mut shapes = vec![
        ("model.embed_tokens.weight".to_owned(), vec![VOCABULARY, HIDDEN]),
        ("model.norm.weight".to_owned(), vec![HIDDEN]),
        ("lm_head.weight".to_owned(), vec![VOCABULARY, HIDDEN]),
    ];
    for layer in 0..LAYERS {
        let mut add = |name: &str, shape: &[u64]| {
            shapes.push((format!("model.layers.{layer}.{name}.weight"), shape.to_vec()))
        };
        for name in ["q_proj", "k_proj", "v_proj", "o_proj"] {
            add(&format!("self_attn.{name}"), &[HIDDEN, HIDDEN]);
        }
        add("mlp.gate_proj", &[INNER, HIDDEN]);
        add("mlp.up_proj", &[INNER, HIDDEN]);
        add("mlp.down_proj", &[HIDDEN, INNER]);
        add("input_layernorm", &[HIDDEN]);
        add("post_attention_layernorm", &[HIDDEN]);
    }
    shapes
}

fn weights(path: &Path) -> io::Result<()> {
    let mut numbers = Numbers(0x5eed);
    let shapes: Vec<_> = shapes();
    let filled: Vec<Vec<u8>> = shapes
        .iter()
        .map(|(name, shape)| {
            let values: Vec<f32> = (0..shape.iter().product::<u64>())
                .map(|_| {
                    if name.ends_with("norm.weight") {
                        1.0
                    } else {
                        numbers.next()
                    }
                })
                .collect();
            f32_bytes(&values)
        })
        .collect();
    let tensors: Vec<_> = shapes
        .iter()
        .zip(&filled)
        .map(|((name, shape), data)| NewTensor {
            name,
            dtype: Dtype::F32,
            shape,
            data,
        })
        .collect();
    let metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
    let mut file = BufWriter::new(fs::File::create_new(path)?);
    write(&tensors, &metadata, &mut file).map_err(io::Error::other)?;
    file.flush()
}

/// xorshift64: weights need to look like weights, not to be random.
struct Numbers(u64);

impl Numbers {
    /// A multiple of 2⁻²⁰ between −1/16 and 1/16, which every float type holds exactly enough to be shown short.
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let [low, high, ..] = self.0.to_le_bytes();
        f32::from(i16::from_le_bytes([low, high])) / 524_288.0
    }
}

#[cfg(test)]
mod tests {
    use weightlock_format::safetensors::Header;

    use super::*;

    #[test]
    fn the_model_is_sound_spans_three_leaves_and_is_the_same_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        make(&one).unwrap();
        make(&two).unwrap();
        let bytes = fs::read(one.join("model.safetensors")).unwrap();
        assert!((2 << 20..3 << 20).contains(&bytes.len()), "{} bytes", bytes.len());
        assert_eq!(bytes, fs::read(two.join("model.safetensors")).unwrap());
        let header = Header::parse(&bytes, bytes.len() as u64).unwrap();
        assert_eq!(header.problems(), []);
        assert_eq!(header.sound().unwrap().tensors().len(), 21);
        let tokenizer: serde_json::Value =
            serde_json::from_slice(&fs::read(one.join("tokenizer.json")).unwrap()).unwrap();
        assert_eq!(tokenizer["model"]["vocab"].as_object().unwrap().len(), 256);
    }
}
