//! What the file of a layer is called where no annotation says so: ours, by the media type, and always the same for the same manifest.

/// How a kind begins, and the name and the ending that its file gets.
type Kind = (&'static str, &'static str, &'static str);

/// How Ollama's kinds begin.
const OLLAMA: &str = "application/vnd.ollama.image.";

/// Kinds of layers, by how their media types begin, with the name and the ending that their file gets.
const KINDS: [Kind; 24] = [
    ("application/vnd.ollama.image.model", "model", ".gguf"),
    ("application/vnd.ollama.image.projector", "mmproj", ".gguf"),
    ("application/vnd.ollama.image.adapter", "adapter", ".gguf"),
    ("application/vnd.ollama.image.tensor", "tensor", ""),
    ("application/vnd.ollama.image.template", "template", ""),
    ("application/vnd.ollama.image.prompt", "prompt", ""),
    ("application/vnd.ollama.image.system", "system", ""),
    ("application/vnd.ollama.image.params", "params", ".json"),
    ("application/vnd.ollama.image.messages", "messages", ".json"),
    ("application/vnd.ollama.image.license", "LICENSE", ""),
    ("application/vnd.docker.ai.gguf", "model", ".gguf"),
    ("application/vnd.docker.ai.safetensors", "model", ".safetensors"),
    ("application/vnd.docker.ai.mmproj", "mmproj", ".gguf"),
    ("application/vnd.docker.ai.license", "LICENSE", ""),
    (
        "application/vnd.docker.ai.chat.template.jinja",
        "chat_template",
        ".jinja",
    ),
    ("application/vnd.docker.ai.vllm.config", "vllm-config", ""),
    ("application/vnd.docker.ai.dir", "files", ""),
    ("application/vnd.kitops.modelkit.modelpart", "modelpart", ""),
    ("application/vnd.kitops.modelkit.model", "model", ""),
    ("application/vnd.kitops.modelkit.dataset", "dataset", ""),
    ("application/vnd.kitops.modelkit.code", "code", ""),
    ("application/vnd.kitops.modelkit.docs", "docs", ""),
    ("application/vnd.cncf.model.weight", "weight", ""),
    ("application/vnd.oci.empty", "empty", ".json"),
];

/// Names that were given, so that the second of a kind gets another.
#[derive(Default)]
pub(super) struct Given {
    counts: std::collections::BTreeMap<&'static str, u32>,
}

impl Given {
    /// `model.gguf`, then `model-2.gguf`.
    pub(super) fn name(&mut self, media_type: &str) -> String {
        let kind = KINDS.iter().find(|(begin, ..)| media_type.starts_with(begin));
        self.counted(kind)
    }

    /// Likewise for Ollama, which knows a kind by its whole name, and tensors and documents by a name of their own.
    pub(super) fn name_of_ollama(&mut self, media_type: &str, own: Option<&str>) -> String {
        match (media_type.strip_prefix(OLLAMA), own) {
            (Some(kind @ ("tensor" | "json")), Some(own)) => format!("{kind}/{own}"),
            (Some(_), _) => self.counted(KINDS.iter().find(|(kind, ..)| *kind == media_type)),
            (None, _) => self.counted(None),
        }
    }

    fn counted(&mut self, kind: Option<&Kind>) -> String {
        let (_, name, ending) = kind.copied().unwrap_or(("", "layer", ""));
        let count = self.counts.entry(name).or_default();
        *count = count.saturating_add(1);
        match *count {
            1 => format!("{name}{ending}"),
            count => format!("{name}-{count}{ending}"),
        }
    }
}

/// The ending of an archive, which tells readers that there is one in it.
pub(super) fn with_ending(name: String, media_type: &str) -> String {
    let endings: [(&str, &str, &[&str]); 6] = [
        (".tar", ".tar", &[".tar"]),
        (".tar+gzip", ".tar.gz", &[".tar.gz", ".tgz"]),
        (".tar.gzip", ".tar.gz", &[".tar.gz", ".tgz"]),
        (".tar+zstd", ".tar.zst", &[".tar.zst"]),
        ("+tar", ".tar", &[".tar"]),
        ("+tar+gzip", ".tar.gz", &[".tar.gz", ".tgz"]),
    ];
    let known = endings.iter().find(|(end, ..)| media_type.ends_with(end));
    match known {
        Some((_, ending, has)) if !has.iter().any(|end| name.ends_with(end)) => format!("{name}{ending}"),
        _ => name,
    }
}
