//! Analyzers: each turns one format into observations and accounts for its bytes.
//!
//! [`for_format`] lists them by hand. An analyzer is a function; what it works with is a [`Subject`] (the bytes and
//! what is known about them) and an [`Examination`] (where it puts what it sees).

pub(crate) mod blob;
mod bundle;
mod callable;
mod catboost;
mod coreml;
pub(crate) mod data;
mod document;
mod executable;
mod executorch;
mod ggml;
mod gguf;
mod hdf5;
mod image;
pub(crate) mod indicator;
mod joblib;
mod json;
pub(crate) mod keras;
mod mar;
mod marker;
pub(crate) mod marshal;
pub(crate) mod media;
pub(crate) mod metadata;
mod msgpack;
mod ndarrays;
mod numpy;
mod onnx;
mod onnx_text;
pub(crate) mod opened;
pub(crate) mod pickle;
mod python;
mod rds;
mod safetensors;
mod script;
mod sentencepiece;
mod sevenzip;
mod stream;
mod tar;
pub(crate) mod template;
mod tensorflow;
mod tensors;
mod text;
mod text_proto;
mod tflite;
pub mod torch;
mod torch7;
mod torch_program;
mod torchscript;
mod ubjson;
pub(crate) mod unmarked;
mod walked;
pub(crate) mod wide;
pub(crate) mod xml;
mod zip;

use std::{ops::Range, sync::Arc};

use weightlock_format::{
    Error, Problem,
    container::stream::Packed,
    content::Content,
    detect::Format,
    limits::{Budget, Limits},
};

use crate::{
    Profile, Trail,
    coverage::{Class, Gap, Regions},
    observation::{Observation, Sighting, integrity},
};

/// A content to be examined.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Where it lies.
    pub trail: Trail,
    /// Its bytes.
    pub content: Content,
    /// What it is to the container that it lies in.
    pub role: Role,
    /// Containers around it.
    pub depth: u32,
}

impl Subject {
    /// Whether a loader hands it to the unpickler: as its container says, or as `format`, which it was found to be.
    #[must_use]
    pub fn is_pickle(&self, format: Format) -> bool {
        format == Format::Pickle || matches!(self.role, Role::Pickle | Role::TorchPickle(_))
    }
}

/// What a content is to the container that it lies in: the loader of the container treats it so.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Role {
    /// A file, or a member that has no particular role.
    #[default]
    Plain,
    /// Bytes that the container declares as data of a tensor. They are not taken for anything else unless they are
    /// executable, an archive, or as a whole a pickle that imports something.
    TensorBytes,
    /// A loader hands it to the unpickler, whatever it begins with.
    Pickle,
    /// A pickle of a PyTorch container: persistent ids are storages.
    TorchPickle(Arc<torch::Pickled>),
    /// A member of a tar archive of PyTorch.
    TorchTar(torch::TarPart),
    /// A short text that the container keeps about itself: its version, its order of bytes.
    Marker,
    /// A text of the container's metadata, which nothing loads by itself.
    Metadata,
    /// The source of a chat template.
    Template,
    /// Contents of an archive, one after the other: the name, where it begins, and its size.
    Run(Arc<[(String, u64, u64)]>),
    /// Python source, whatever the name.
    Python,
    /// The configuration of a Keras model.
    KerasConfig,
    /// A cell of a notebook: Python source with commands.
    PythonCell,
    /// The graph of an exported program of PyTorch, in JSON.
    TorchProgram,
    /// TorchScript source: a program that the runtime of PyTorch runs.
    TorchScript,
}

/// An analyzer.
pub type Analyzer = fn(&Subject, &mut Examination<'_>);

/// The analyzer of a format; `None` when the format is recognised and not read.
#[must_use]
pub fn for_format(format: Format) -> Option<Analyzer> {
    Some(match format {
        Format::Safetensors => safetensors::analyze,
        Format::Ggml => ggml::analyze,
        Format::Gguf => gguf::analyze,
        Format::Hdf5 => hdf5::analyze,
        Format::Pyc => marshal::analyze,
        Format::Pickle => pickle::analyze,
        Format::Json => json::analyze,
        Format::Text => text::analyze,
        Format::Onnx => onnx::analyze,
        Format::TensorFlow => tensorflow::analyze,
        Format::TfLite => tflite::analyze,
        Format::Xml => xml::analyze,
        Format::Rds => rds::analyze,
        Format::Torch7 => torch7::analyze,
        Format::Msgpack => msgpack::analyze,
        Format::Ubjson => ubjson::analyze,
        Format::CatBoost => catboost::analyze,
        Format::TensorBundle => bundle::analyze,
        Format::SentencePiece => sentencepiece::analyze,
        Format::CoreMl => coreml::analyze,
        Format::CoreMlWeights => coreml::weights,
        Format::Numpy => numpy::analyze,
        Format::ExecuTorch => executorch::analyze,
        Format::Mxnet => ndarrays::mxnet,
        Format::Paddle => ndarrays::paddle,
        Format::Zip => zip::analyze,
        Format::Tar => tar::analyze,
        Format::SevenZip => sevenzip::analyze,
        Format::Gzip | Format::Bzip2 | Format::Xz | Format::Zstd | Format::Lz4 | Format::Zlib => {
            stream::analyze
        }
        Format::Elf | Format::Pe | Format::MachO | Format::Wasm | Format::Script => executable::analyze,
        Format::Image => image::analyze,
        Format::Media => media::analyze,
        _ => return None,
    })
}

/// The analyzer of a content that is read by programs that go by its name, besides those that its bytes call for.
#[must_use]
pub fn for_name(name: &str) -> Option<Analyzer> {
    Some(match name {
        name if python::is_source_name(name) => python::analyze,
        name if document::is_yaml_name(name) => document::yaml,
        _ => return None,
    })
}

/// Analyzers of what a content of a general format may be besides; each looks for itself whether it is meant.
#[must_use]
pub const fn beside(format: Format) -> &'static [Analyzer] {
    match format {
        Format::Text => &[script::analyze, document::perhaps_yaml],
        Format::Script => &[script::analyze],
        _ => &[],
    }
}

/// The analyzer of a content that its container gives a role which decides what it is, whatever its bytes; `None`
/// when its bytes decide.
#[must_use]
pub fn for_role(role: &Role) -> Option<Analyzer> {
    Some(match role {
        Role::TensorBytes => data::analyze,
        Role::Run(_) => sevenzip::run,
        Role::Marker => marker::analyze,
        Role::Metadata => metadata::analyze,
        Role::KerasConfig => keras::analyze,
        Role::Template => template::analyze,
        Role::TorchProgram => torch_program::analyze,
        Role::TorchScript => torchscript::analyze,
        Role::Python => python::analyze,
        Role::PythonCell => python::cell,
        _ => return None,
    })
}

/// Where an analyzer puts what it sees.
#[derive(Debug)]
pub struct Examination<'a> {
    /// The most that is granted.
    pub limits: &'a Limits,
    /// What is left for this file and everything in it.
    pub budget: &'a mut Budget,
    /// What must be vouched for.
    pub profile: Profile,
    /// The limit at which decompressing this content stopped: that it ends too early is then not its own fault.
    pub(crate) cut: Option<Gap>,
    /// Pickles of this content that broke.
    pub(crate) broken_streams: u32,
    pub(crate) sightings: Vec<Sighting>,
    /// Where the first fact was seen that was not put down because there were too many.
    lost_from: Option<u64>,
    pub(crate) regions: Regions,
    pub(crate) inner: Vec<Inner>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) templates: Vec<Template>,
    pub(crate) gaps: Vec<(u64, u64, Gap)>,
}

/// A content that an analyzer found within another.
#[derive(Clone, Debug)]
pub(crate) struct Inner {
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) role: Role,
}

/// The bytes of a content that was found within another.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Ready to be read.
    Ready(Content),
    /// To be decoded when its turn comes, so that no more than one way down is held in memory.
    Packed(Packed),
}

/// Bytes of another file of the same folder that a file declares as its data, as ONNX does with external data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The other file, relative to the folder of the one that claims, as written.
    pub location: String,
    /// The bytes; the end may be unknown (`u64::MAX`).
    pub range: Range<u64>,
}

/// A chat template, so that those of one model can be compared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Template {
    /// `default`, or the name of a named one.
    pub name: String,
    /// SHA-256 of its text.
    pub digest: [u8; 32],
}

impl<'a> Examination<'a> {
    /// An empty one.
    pub fn new(limits: &'a Limits, budget: &'a mut Budget, profile: Profile) -> Self {
        Self {
            limits,
            budget,
            profile,
            cut: None,
            broken_streams: 0,
            sightings: Vec::new(),
            lost_from: None,
            regions: Regions::default(),
            inner: Vec::new(),
            claims: Vec::new(),
            templates: Vec::new(),
            gaps: Vec::new(),
        }
    }

    /// Puts down a fact about the content as a whole.
    pub fn observe(&mut self, what: impl Into<Observation>) {
        self.put(None, None, what);
    }

    /// Puts down a fact that was seen at a byte.
    pub fn observe_at(&mut self, offset: u64, what: impl Into<Observation>) {
        self.put(Some(offset), None, what);
    }

    /// Facts of one content from which on a repeated one is dropped.
    const REPEATED: usize = 1000;
    /// How far back a repetition is looked for.
    const LATEST: usize = 32;

    /// Puts down a fact that was seen at a byte or in a field.
    ///
    /// A fact that was put down just before, at another place, is not put down again once there are
    /// [`Examination::REPEATED`]: a file of a million streams with one import says one thing a million times. What is
    /// beyond the limit of a file is lost, and so the content counts as unread.
    pub fn put(&mut self, offset: Option<u64>, construct: Option<String>, what: impl Into<Observation>) {
        let what = what.into();
        let mut latest = self.sightings.iter().rev().take(Self::LATEST);
        if self.sightings.len() >= Self::REPEATED && latest.any(|known| known.what == what) {
            return;
        }
        let Some(left) = self.budget.sightings.checked_sub(1) else {
            self.lose(offset.unwrap_or_default());
            return;
        };
        self.budget.sightings = left;
        self.sightings.push(Sighting {
            offset,
            construct,
            what,
        });
    }

    /// Says that facts from `offset` on could not be kept: what the content does is then not known.
    pub(crate) fn lose(&mut self, offset: u64) {
        self.lost_from.get_or_insert(offset);
    }

    /// A reader took `range` apart.
    pub fn explain(&mut self, range: Range<u64>) {
        self.regions.say(range, Class::Explained);
    }

    /// The format declares `range` as the bytes of a tensor or picture, and size, type and position agree. Such bytes
    /// should also be queued with [`Examination::data`], which looks at their head and tail.
    pub fn declare(&mut self, range: Range<u64>) {
        self.regions.say(range, Class::Data);
    }

    /// Declares `range` as data called `name`, and queues it to have its head and tail looked at.
    pub fn data(&mut self, range: Range<u64>, name: &str, subject: &Subject) {
        let content = subject
            .content
            .part(range.start, range.end.saturating_sub(range.start));
        self.regions.say(range, Class::Passed);
        self.inner(name, content, Role::TensorBytes);
    }

    /// `range` could not be read.
    pub fn unread(&mut self, range: Range<u64>, gap: Gap) {
        self.regions.say(range, Class::Unread(gap));
    }

    /// `range` of the subject is, as it is or compressed, the content `inner`, which is examined next.
    pub fn pass(&mut self, range: Range<u64>, name: &str, inner: Content, role: Role) {
        self.regions.say(range, Class::Passed);
        self.inner(name, inner, role);
    }

    /// A content that was found in the subject without being a range of it, such as a decoded string.
    pub fn inner(&mut self, name: &str, content: Content, role: Role) {
        self.inner.push(Inner {
            name: name.to_owned(),
            source: Source::Ready(content),
            role,
        });
    }

    /// `range` of the subject is the content that comes out of `packed`, which is examined next. How its stream ends,
    /// and whether its size and checksum are as stated, is put down there.
    pub fn unpack(&mut self, range: Range<u64>, name: &str, packed: Packed, role: Role) {
        self.regions.say(range, Class::Passed);
        self.inner.push(Inner {
            name: name.to_owned(),
            source: Source::Packed(packed),
            role,
        });
    }

    /// Something at `offset` could not be read, and `bytes` of it are known; it need not be bytes of the subject.
    pub fn gap(&mut self, offset: u64, bytes: u64, gap: Gap) {
        self.gaps.push((offset, bytes, gap));
    }

    /// Puts down a broken rule or a met limit.
    pub fn problem(&mut self, problem: Problem) {
        self.observe_at(problem.offset(), integrity::Seen { problem });
    }

    /// Puts down why a reader gave up, and that the rest, from the problem on, is unread.
    pub fn gave_up(&mut self, error: Error, subject: &Subject) {
        let size = subject.content.size();
        match error {
            Error::Io(error) => self.unread(0..size, Gap::Unreadable(error.to_string())),
            Error::Refused(problem) => {
                let gap = match &problem {
                    Problem::LimitExceeded { what, limit, .. } => Gap::Limit { what, limit: *limit },
                    Problem::Malformed { fault, .. } => Gap::Malformed(fault.to_string()),
                    _ => Gap::Malformed(problem.to_string()),
                };
                self.unread(problem.offset().min(size)..size, gap);
                self.problem(problem);
            }
            error => self.unread(0..size, Gap::Malformed(error.to_string())),
        }
    }

    /// Says that facts were lost, if some were: what a content of `size` bytes does is then not known.
    pub(crate) fn settle(&mut self, size: u64) {
        if let Some(from) = self.lost_from {
            let gap = Gap::Limit {
                what: "facts about one file",
                limit: self.limits.sightings,
            };
            self.gap(from.min(size), size.saturating_sub(from), gap);
        }
    }

    /// Bytes of another file that this one declares as its data.
    pub fn claim(&mut self, claim: Claim) {
        self.claims.push(claim);
    }

    /// A chat template of the model.
    pub fn template(&mut self, template: Template) {
        self.templates.push(template);
    }
}
