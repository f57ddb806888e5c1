//! What holds for any files: their order means nothing, and no bytes under a known name bring the reader down.

use proptest::prelude::*;
use weightlock_bom::{
    extract::{describe, limit},
    graph::{Graph, Kind},
};

use crate::folder::Folder;

/// A name for each source.
const NAMES: [&str; 38] = [
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
    "Pipfile.lock",
    "var/lib/dpkg/status",
    "etc/os-release",
    "launch.json",
    "var/lib/rpm/rpmdb.sqlite",
    "registered_model_meta",
    "spec-file.txt",
    "conda-lock.yml",
];

fn describes(folder: &Folder) -> Graph {
    folder.graph()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_files_means_nothing(
        model in prop::sample::select(vec!["base", "finetune", "merged", "conflict", "mlflow", "dataset", "serving-env"]),
        order in prop::collection::vec(any::<prop::sample::Index>(), 64),
    ) {
        let folder = Folder::of(model);
        let order: Vec<usize> = order.iter().map(|it| it.index(1000)).collect();
        prop_assert_eq!(describes(&folder), describes(&folder.clone().in_order(&order)));
    }

    #[test]
    fn no_bytes_bring_the_reader_down(
        name in prop::sample::select(&NAMES[..]),
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..400),
            "[-a-z\\[\\]{}\",:=\\n 0-9>@;#]{0,400}".prop_map(String::into_bytes),
            "\\PC{0,200}".prop_map(String::into_bytes),
        ],
    ) {
        describes(&Folder::default().with(name, bytes));
    }

    #[test]
    fn changed_bytes_of_a_real_file_are_read_or_listed(
        model in prop::sample::select(vec!["base", "gguf-q8", "gptq-int4", "merged", "mlflow", "dataset", "serving-env"]),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        file in any::<prop::sample::Index>(),
    ) {
        let folder = Folder::of(model);
        let entries: Vec<_> = folder.entries().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect();
        let changed = file.index(entries.len());
        let mut other = Folder::default();
        for (index, (name, mut bytes)) in entries.into_iter().enumerate() {
            if index == changed && !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            other.add(&name, bytes);
        }
        describes(&other);
    }
}

#[test]
fn a_hostile_list_does_not_grow_the_graph_without_end() {
    let lines: String = (0..limit::COMPONENTS + 10)
        .map(|it| format!("p{it}==1\n"))
        .collect();
    let graph = Folder::default().with("requirements.txt", lines).graph();
    assert!(graph.components().len() <= limit::COMPONENTS);
    assert!(
        graph.unread().iter().any(|it| it.why.contains("at most")),
        "{:?}",
        graph.unread()
    );
    let tags: String = (0..5000).map(|it| format!("- t{it}\n")).collect();
    let card = format!("---\ntags:\n{tags}---\n");
    let graph = Folder::default().with("README.md", card).graph();
    assert!(graph.unread().iter().any(|it| it.why.contains("at most")));
}

#[test]
fn seeds_of_the_fuzzer_are_read() {
    let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/bom_extract");
    let mut read = 0;
    for seed in std::fs::read_dir(seeds).expect("seeds").flatten() {
        let bytes = std::fs::read(seed.path()).expect("a seed");
        for name in NAMES {
            describes(&Folder::default().with(name, &bytes[1..]));
        }
        read += 1;
    }
    assert!(read > 30, "{read} seeds");
}

#[test]
fn it_stops_when_it_is_told() {
    let folder = Folder::of("base");
    let error = describe(&folder, &|| true).expect_err("a stop");
    assert_eq!(error.kind(), std::io::ErrorKind::Interrupted);
}

#[test]
fn nothing_is_a_model_of_which_nothing_is_known() {
    let graph = Folder::default().graph();
    assert_eq!(graph.components().len(), 1);
    let subject = graph.component(graph.subject()).expect("a subject");
    assert_eq!((subject.kind, subject.facts().len()), (Kind::Model, 0));
}
