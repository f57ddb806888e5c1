//! What a stranger's files say about themselves: the first byte chooses the name of a file, the others are its bytes. Nothing
//! fails, conflicts and limits included, and nothing is verified but what was counted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_artifact::path::ArtifactPath;
use weightlock_bom::extract::{Content, File, Files, describe, limit};

/// The order is that of the seeds: new names go to the end.
const NAMES: [&str; 45] = [
    "config.json",
    "README.md",
    "model.safetensors",
    "model.safetensors.index.json",
    "m.gguf",
    "adapter_config.json",
    "quantize_config.json",
    "hf_quant_config.json",
    "trainer_state.json",
    "training_args.bin",
    "generation_config.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "mergekit_config.yml",
    "MLmodel",
    "model.onnx",
    "croissant.json",
    ".eval_results/a.yaml",
    "LICENSE",
    "model_index.json",
    "modules.json",
    "lib/site-packages/x-1.dist-info/METADATA",
    "lib/site-packages/x-1.dist-info/RECORD",
    "lib/site-packages/x-1.dist-info/INSTALLER",
    "lib/site-packages/x-1.dist-info/direct_url.json",
    "requirements.txt",
    "conda.yaml",
    "conda-meta/x.json",
    "uv.lock",
    "poetry.lock",
    "pylock.toml",
    "Pipfile.lock",
    "var/lib/dpkg/status",
    "lib/apk/db/installed",
    "etc/os-release",
    "launch.json",
    "python_env.yaml",
    "part/config.json",
    "metadata.json",
    "x.egg-info",
    "var/lib/rpm/rpmdb.sqlite",
    "registered_model_meta",
    "spec-file.txt",
    "conda-lock.yml",
    "config_sentence_transformers.json",
];

struct One {
    files: Vec<File>,
    bytes: Vec<u8>,
}

impl Files for One {
    fn files(&self) -> &[File] {
        &self.files
    }

    fn open(&self, _: &ArtifactPath) -> std::io::Result<Content> {
        Ok(self.bytes.clone().into())
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&first, bytes)) = data.split_first() else { return };
    let name = NAMES[usize::from(first) % NAMES.len()];
    let path = ArtifactPath::parse(name).expect("a path");
    let file = File {
        path,
        size: bytes.len() as u64,
        sha256: None,
    };
    let one = One {
        files: vec![file],
        bytes: bytes.to_vec(),
    };
    let graph = describe(&one, &|| false).expect("memory does not fail");
    assert!(graph.components().len() <= limit::COMPONENTS);
    assert!(graph.relations().count() <= limit::RELATIONS);
    drop(graph.conflicts());
});
