//! Jinja templates, as Jinja2 reads them: <https://jinja.palletsprojects.com/en/stable/templates/>
//!
//! Chat templates are programs that loaders run: `transformers` and vLLM in a sandbox, older `llama-cpp-python`
//! without, llama.cpp in its own interpreter. Here they are parsed and never rendered.
//!
//! ```text
//! template  = ( text | "{{" tuple "}}" | "{#" … "#}" | "{%" tag "%}" )*
//! tag       = for | if | set | macro | call | filter | with | block | autoescape | generation | raw
//!           | include | import | from | extends | do | print | break | continue, and their ends
//! tuple     = condition ( "," condition )*
//! condition = operation ( "if" operation ( "else" condition )? )*
//! operation = operands joined by  or · and · not · in < <= == != >= > · + - · ~ · * / // % · **
//! operand   = ( "-" | "+" )* primary postfix*
//! primary   = name | number | text+ | "(" tuple ")" | "[" … "]" | "{" key ":" value … "}"
//! postfix   = "." name | "[" index or slice "]" | "(" arguments ")" | "|" filter | "is" "not"? test
//! ```
//!
//! The result is flat: [`Template::nodes`] are the expressions, each behind those that it is made of, and
//! [`Template::statements`] are the tags in order, with an [`Statement::End`] for each that opens something. So
//! whoever walks a template needs no recursion. The parser itself recurses only where expressions nest, up to
//! [`limit::DEPTH`]. White space is trimmed as with `trim_blocks`, which all loaders of chat templates set.
//!
//! A general template engine was not taken: they differ from Jinja2 in string escapes (`\N{…}`, octal), adjacent
//! strings and tags, and a template that only we cannot read is a template that only we do not examine. What
//! this parser refuses is reported as unread, never skipped.

mod expression;
mod lexer;
mod statement;
mod text;

use weightlock_artifact::reason::Code;

use crate::{Named, Problem, reason};

/// What is accepted from any template.
pub mod limit {
    /// Expressions within each other. Jinja2 itself gives up at about 80 parentheses.
    pub const DEPTH: u64 = 200;
    /// Tags within each other. Python gives up at 20 loops.
    pub const OPEN: u64 = 200;
    /// Expressions of one template. Published templates have a few thousand.
    pub const NODES: u64 = 100_000;
}

/// A broken rule of the template language.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Another token was due.
    #[error("the template is broken: {expected} is expected here")]
    Unexpected {
        /// What was due.
        expected: &'static str,
    },
    /// No tag is called so.
    #[error("the template has a tag {0} that Jinja does not know")]
    UnknownTag(Named),
    /// An end, `else` or `elif` without its beginning.
    #[error("the template ends with {0} what it has not begun")]
    Unopened(Named),
    /// The text ends inside a tag, a comment or a string, or before the end of a block.
    #[error("the template ends before {0}")]
    Unclosed(&'static str),
    /// A string with an escape that Python refuses.
    #[error("a string in the template has a bad escape")]
    Escape,
    /// A character that no token begins with.
    #[error("the template has a character in a tag that no expression has")]
    Character,
    /// Not UTF-8.
    #[error("the template is not UTF-8")]
    Encoding,
}

impl Fault {
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::Unclosed(_) => reason::TRUNCATED,
            Self::UnknownTag(_) => reason::UNSUPPORTED,
            _ => reason::MALFORMED,
        }
    }
}

/// The number of an expression in [`Template::nodes`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(usize);

impl NodeId {
    /// The index in [`Template::nodes`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// An expression, and the byte that it begins or that its operator stands at.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Offset in the template.
    pub offset: u64,
    /// The expression.
    pub expression: Expression,
}

/// An expression.
#[derive(Clone, PartialEq, Debug)]
pub enum Expression {
    /// A literal.
    Literal(Literal),
    /// A variable.
    Name(String),
    /// A tuple or list.
    List(Vec<NodeId>),
    /// A dictionary.
    Dict(Vec<(NodeId, NodeId)>),
    /// Two operands.
    Binary(Operator, NodeId, NodeId),
    /// A negated number.
    Negative(NodeId),
    /// A negated truth.
    Not(NodeId),
    /// `yes if test else no`.
    Condition {
        /// When true.
        yes: NodeId,
        /// What is tested.
        test: NodeId,
        /// When false.
        no: Option<NodeId>,
    },
    /// `of.name`.
    Attribute {
        /// The object.
        of: NodeId,
        /// The name.
        name: String,
    },
    /// `of[key]`.
    Item {
        /// The object.
        of: NodeId,
        /// The key.
        key: NodeId,
    },
    /// `of[start:stop:step]`.
    Slice {
        /// The sequence.
        of: NodeId,
        /// Start, stop and step.
        bounds: [Option<NodeId>; 3],
    },
    /// `of(…)`.
    Call {
        /// What is called.
        of: NodeId,
        /// With what.
        arguments: Arguments,
    },
    /// `of|name(…)`.
    Filter {
        /// What is filtered; `None` for the body of a block.
        of: Option<NodeId>,
        /// The filter.
        name: String,
        /// Further arguments.
        arguments: Arguments,
    },
    /// `of is name(…)`.
    Test {
        /// What is tested.
        of: NodeId,
        /// The test.
        name: String,
        /// Further arguments.
        arguments: Arguments,
    },
}

/// A literal value.
#[derive(Clone, PartialEq, Debug)]
pub enum Literal {
    /// `none`.
    None,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number; larger ones than 64 bits are held at the largest.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A text, its escapes resolved.
    Text(String),
}

/// An operator between two operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// `or`, `and`: one of the operands.
    Either,
    /// `==`, `<`, `in` and the like: a truth.
    Compare,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `~`.
    Concatenate,
    /// `*`.
    Multiply,
    /// `/` and `//`.
    Divide,
    /// `%`.
    Remainder,
    /// `**`.
    Power,
}

/// The arguments of a call.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Arguments {
    /// By position.
    pub positional: Vec<NodeId>,
    /// By name.
    pub named: Vec<(String, NodeId)>,
    /// `*` and `**`: unpacked at run time.
    pub unpacked: Vec<NodeId>,
}

impl Arguments {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = NodeId> {
        let named = self.named.iter().map(|(_, value)| *value);
        self.positional
            .iter()
            .copied()
            .chain(named)
            .chain(self.unpacked.iter().copied())
    }
}

/// What is assigned to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// A variable.
    Name(String),
    /// An attribute of a namespace.
    Attribute(String, String),
    /// Several, unpacked.
    Tuple(Vec<Self>),
}

/// A parameter of a macro.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value when none is given.
    pub default: Option<NodeId>,
}

/// A tag, or the text between tags.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Statement {
    /// Text that is printed as it stands.
    Text(String),
    /// `{{ … }}` and `{% print … %}`.
    Output(NodeId),
    /// `{% for … %}`. Opens.
    For {
        /// Loop variables.
        target: Target,
        /// What is walked.
        iterable: NodeId,
        /// What is left out.
        test: Option<NodeId>,
    },
    /// `{% if … %}`. Opens.
    If(NodeId),
    /// `{% elif … %}`, within the innermost `if`.
    Elif(NodeId),
    /// `{% else %}`, within the innermost `if` or `for`.
    Else,
    /// `{% set … = … %}`.
    Set(Target, NodeId),
    /// `{% set … %}`: the text of the block, filtered. Opens.
    SetBlock(Target, Option<NodeId>),
    /// `{% macro … %}`. Opens.
    Macro(String, Vec<Parameter>),
    /// `{% call … %}`. Opens.
    CallBlock(Vec<Parameter>, NodeId),
    /// `{% filter … %}`. Opens.
    FilterBlock(NodeId),
    /// `{% with … %}`. Opens.
    With(Vec<(Target, NodeId)>),
    /// `{% block … %}` with its name, `{% autoescape … %}`, `{% generation %}`: a part of the template. Opens.
    Part(Option<String>),
    /// `{% include … %}`, `{% import … %}`, `{% from … %}`, `{% extends … %}`: another template.
    Other {
        /// Offset of the tag's name.
        offset: u64,
        /// The tag.
        tag: &'static str,
        /// Which template.
        template: NodeId,
    },
    /// `{% do … %}`.
    Do(NodeId),
    /// `{% break %}` or `{% continue %}`.
    Jump,
    /// Closes the innermost that is open.
    End,
}

/// A parsed template.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Template {
    nodes: Vec<Node>,
    statements: Vec<Statement>,
}

impl Template {
    /// Parses `text`.
    ///
    /// # Errors
    /// The first broken rule or exceeded limit, with its offset in `text`, and what was read before it.
    pub fn parse(text: &str) -> Result<Self, (Self, Problem)> {
        let mut parser = statement::Parser::new(text);
        match parser.run() {
            Ok(()) => Ok(parser.into_template()),
            Err(problem) => Err((parser.into_template(), problem)),
        }
    }

    /// The expressions, each behind those that it is made of.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The expression with this number.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }

    /// The tags, in order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

#[cfg(test)]
mod tests;
