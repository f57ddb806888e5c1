//! Tiny models for tests, made of real safetensors.

use std::collections::BTreeMap;

use weightlock_format::{
    Dtype,
    safetensors::write::{NewTensor, f32_bytes, write},
};

use crate::run::Place;

/// A tensor of ones and its name.
pub(crate) fn ones(name: &str, shape: &'static [u64]) -> (String, &'static [u64], Vec<u8>) {
    let count = usize::try_from(shape.iter().product::<u64>()).unwrap();
    (name.to_owned(), shape, f32_bytes(&vec![1.0; count]))
}

/// A safetensors file.
pub(crate) fn safetensors(
    tensors: &[(String, &'static [u64], Vec<u8>)],
    metadata: &[(&str, &str)],
) -> Vec<u8> {
    let tensors: Vec<NewTensor<'_>> = tensors
        .iter()
        .map(|(name, shape, data)| NewTensor {
            name,
            dtype: Dtype::F32,
            shape,
            data,
        })
        .collect();
    let metadata: BTreeMap<String, String> = metadata
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let mut file = Vec::new();
    write(&tensors, &metadata, &mut file).unwrap();
    file
}

/// The weights that [`tiny`] writes.
pub(crate) fn weights() -> Vec<u8> {
    safetensors(
        &[ones("a.weight", &[4, 8]), ones("b.bias", &[8])],
        &[("format", "pt")],
    )
}

/// A model of three files in a folder.
pub(crate) fn tiny(place: &Place, folder: &str) {
    place.write(&format!("{folder}/model.safetensors"), weights());
    place.write(
        &format!("{folder}/config.json"),
        r#"{"architectures": ["TinyModel"], "hidden_size": 8}"#,
    );
    place.write(
        &format!("{folder}/README.md"),
        "---\nlicense: apache-2.0\nbase_model: org/base\n---\n# Tiny\n",
    );
}
