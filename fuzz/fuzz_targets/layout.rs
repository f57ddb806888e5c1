//! Indexes, manifests and marks of image layouts: nothing panics, no file gets a name that leaves the model, and a view is what the
//! manifest says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_artifact::{
    inventory::{Blob, View},
    path::ArtifactPath,
};
use weightlock_format::image::{Descriptor, Document, MAX_DESCRIPTORS, Manifest, check_config, layout_version, licenses};

fn manifest(manifest: &Manifest) {
    assert!(manifest.layers.len() <= MAX_DESCRIPTORS);
    for files in [manifest.files(), manifest.files_of_ollama()].into_iter().flatten() {
        named(manifest, &files);
    }
}

fn named(manifest: &Manifest, files: &[(ArtifactPath, &Descriptor)]) {
    assert_eq!(files.len(), manifest.layers.len(), "a layer was passed over");
    let blobs = files.iter().map(|(path, layer)| {
        for part in path.components() {
            assert!(!part.is_empty() && part != "." && part != "..");
        }
        let place = format!("blobs/sha256/{}", layer.sha256.hex());
        let blob = Blob {
            place: ArtifactPath::parse(place).expect("digits"),
            size: layer.size,
            sha256: layer.sha256,
        };
        (path.clone(), blob)
    });
    let Ok(view) = View::new(blobs) else { return };
    assert_eq!(view.files().count(), files.len(), "one file stands for two");
    for (path, layer) in files {
        let blob = view.file(path).expect("it is in the view");
        assert_eq!((blob.size, &blob.sha256), (layer.size, &layer.sha256));
    }
}

fuzz_target!(|bytes: &[u8]| {
    drop(layout_version(bytes));
    assert!(licenses(bytes).len() <= 16);
    drop(check_config(bytes));
    match Document::parse(bytes) {
        Ok(Document::Manifest(found)) => manifest(&found),
        Ok(Document::Index(index)) => {
            assert!(index.manifests.len() <= MAX_DESCRIPTORS);
            for named in &index.manifests {
                let _ = (named.reference(), named.is_about_another(), named.is_index());
            }
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
});
