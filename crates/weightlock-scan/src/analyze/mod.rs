//! Analyzers: each turns one format into observations and accounts for its bytes.
//!
//! [`for_format`] lists them by hand. An analyzer is a function; what it works with is a [`Subject`] (the bytes and
//! what is known about them) and an [`Examination`] (where it puts what it sees).

mod coreml;
pub(crate) mod data;
mod gguf;
pub(crate) mod indicator;
mod json;
pub(crate) mod metadata;
mod onnx;
pub(crate) mod protobuf;
mod safetensors;
mod script;
pub(crate) mod template;
mod tensorflow;
mod tensors;
mod text;
mod tflite;
mod walked;
mod ndarrays;
mod numpy;
mod python;
mod document;
mod torch_program;
mod torchscript;

use std::ops::Range;

use weightlock_format::{
    Error, Problem,
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
    TorchPickle,
    /// A text of the container's metadata, which nothing loads by itself.
    Metadata,
    /// The source of a chat template.
    Template,
    /// Python source, whatever the name.
    Python,
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
        Format::Gguf => gguf::analyze,
        Format::Json => json::analyze,
        Format::Text => text::analyze,
        Format::Onnx => onnx::analyze,
        Format::TensorFlow => tensorflow::analyze,
        Format::TfLite => tflite::analyze,
        Format::CoreMl => coreml::analyze,
        Format::Numpy => numpy::analyze,
        Format::Mxnet => ndarrays::mxnet,
        Format::Paddle => ndarrays::paddle,
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
        Format::Json => &[document::json],
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
        Role::Metadata => metadata::analyze,
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
    pub(crate) sightings: Vec<Sighting>,
    pub(crate) regions: Regions,
    pub(crate) inner: Vec<Inner>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) templates: Vec<Template>,
}

/// A content that an analyzer found within another.
#[derive(Clone, Debug)]
pub(crate) struct Inner {
    pub(crate) name: String,
    pub(crate) content: Content,
    pub(crate) role: Role,
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
            sightings: Vec::new(),
            regions: Regions::default(),
            inner: Vec::new(),
            claims: Vec::new(),
            templates: Vec::new(),
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

    /// Puts down a fact that was seen at a byte or in a field.
    pub fn put(&mut self, offset: Option<u64>, construct: Option<String>, what: impl Into<Observation>) {
        self.sightings.push(Sighting {
            offset,
            construct,
            what: what.into(),
        });
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
            content,
            role,
        });
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

    /// Bytes of another file that this one declares as its data.
    pub fn claim(&mut self, claim: Claim) {
        self.claims.push(claim);
    }

    /// A chat template of the model.
    pub fn template(&mut self, template: Template) {
        self.templates.push(template);
    }
}
