//! XML, as PMML and OpenVINO use it: elements, attributes, and what a document type declares.
//! <https://www.w3.org/TR/xml/>
//!
//! Nothing is expanded and nothing is fetched: entities of the document's own are a fact to be judged, since a parser
//! that expands them reads files or fills memory. [`read`] hands out each element; depth is counted, not nested.

use std::io::{self, BufRead, Read};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use weightlock_artifact::reason::Code;

use crate::{
    Error, Problem,
    content::{Content, Cursor},
    limits::{Budget, Limits},
    reason,
    stream::spend,
};

/// A broken rule of XML.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The document is not well formed.
    #[error("the document is not well formed")]
    Syntax,
    /// The document ends inside an element.
    #[error("the document ends inside an element")]
    Open,
}

impl Fault {
    pub(crate) const fn code(&self) -> Code {
        reason::MALFORMED
    }
}

/// Something that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fact {
    /// A document type.
    DocType {
        /// Its text, as far as [`Limits::constant`].
        text: String,
        /// Where it begins.
        offset: u64,
    },
    /// An element begins.
    Element {
        /// Its name, with its prefix.
        name: String,
        /// Its attributes as written, without entities being expanded.
        attributes: Vec<(String, String)>,
        /// Where it begins.
        offset: u64,
    },
    /// An instruction to a program, such as a style sheet.
    Instruction {
        /// Its text.
        text: String,
        /// Where it begins.
        offset: u64,
    },
}

/// Bytes of one element, text or declaration that are held.
const MOST_EVENT: u64 = 4 << 20;
/// Attributes of one element that are kept.
const MOST_ATTRIBUTES: usize = 64;

/// Reads `content` and hands each fact to `tell`.
///
/// # Errors
/// The first break of the syntax, a limit, or what reading raises.
pub fn read(
    content: &Content,
    limits: &Limits,
    budget: &mut Budget,
    tell: &mut dyn FnMut(Fact),
) -> Result<(), Error> {
    let bounded = Bounded {
        cursor: content.cursor(),
        left: MOST_EVENT,
    };
    let mut reader = Reader::from_reader(bounded);
    reader.config_mut().check_end_names = true;
    let mut buffer = Vec::new();
    let mut depth = 0_u64;
    loop {
        let offset = reader.buffer_position();
        spend(budget, offset)?;
        buffer.clear();
        reader.get_mut().left = MOST_EVENT;
        let event = reader.read_event_into(&mut buffer);
        match event {
            Ok(Event::Eof) if depth == 0 => return Ok(()),
            Ok(Event::Eof) => return Err(Problem::malformed(offset, Fault::Open).into()),
            Ok(Event::Start(element)) => {
                depth = depth.saturating_add(1);
                crate::reader::within("elements within elements", depth, limits.nesting as u64, offset)?;
                tell(element_fact(&element, offset, limits));
            }
            Ok(Event::Empty(element)) => tell(element_fact(&element, offset, limits)),
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::DocType(text)) => tell(Fact::DocType {
                text: kept(&text, limits),
                offset,
            }),
            Ok(Event::PI(text)) => tell(Fact::Instruction {
                text: kept(&text, limits),
                offset,
            }),
            Ok(_) => {}
            Err(quick_xml::Error::Io(error)) if error.kind() != io::ErrorKind::FileTooLarge => {
                return Err(Error::Io(io::Error::new(error.kind(), error.to_string())));
            }
            Err(quick_xml::Error::Io(_)) => {
                return Err(Problem::LimitExceeded {
                    offset,
                    what: "bytes of one element",
                    asked: MOST_EVENT.saturating_add(1),
                    limit: MOST_EVENT,
                }
                .into());
            }
            Err(_) => return Err(Problem::malformed(offset, Fault::Syntax).into()),
        }
    }
}

fn element_fact(element: &BytesStart<'_>, offset: u64, limits: &Limits) -> Fact {
    let mut attributes = Vec::new();
    for attribute in element
        .attributes()
        .with_checks(false)
        .flatten()
        .take(MOST_ATTRIBUTES)
    {
        attributes.push((
            kept(attribute.key.as_ref(), limits),
            kept(&attribute.value, limits),
        ));
    }
    Fact::Element {
        name: kept(element.name().as_ref(), limits),
        attributes,
        offset,
    }
}

fn kept(text: &str, limits: &Limits) -> String {
    text.chars().take(limits.constant).collect()
}

/// A cursor that refuses to give more than is granted to one event: the reader keeps an event in memory.
struct Bounded {
    cursor: Cursor,
    left: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Bounded {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.cursor.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount as u64);
        self.cursor.consume(amount);
    }
}
