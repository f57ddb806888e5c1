//! From pieces to statements. Blocks within blocks are kept on a list, so tags nest without recursion.

use super::{
    Fault, Node, NodeId, Statement, Target, Template,
    expression::Expressions,
    lexer::{Lexer, Piece, Token},
    limit,
};
use crate::{Named, Problem, reader::within};

/// A block that is open: the word that ends it.
type Open = &'static str;

#[derive(Debug)]
pub(super) struct Parser<'a> {
    lexer: Lexer<'a>,
    end: u64,
    nodes: Vec<Node>,
    statements: Vec<Statement>,
    open: Vec<Open>,
}

impl<'a> Parser<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            lexer: Lexer::new(text),
            end: text.len() as u64,
            nodes: Vec::new(),
            statements: Vec::new(),
            open: Vec::new(),
        }
    }

    pub(super) fn into_template(self) -> Template {
        Template {
            nodes: self.nodes,
            statements: self.statements,
        }
    }

    pub(super) fn run(&mut self) -> Result<(), Problem> {
        while let Some(piece) = self.lexer.next()? {
            match piece {
                Piece::Text(text) => self.statements.push(Statement::Text(text.to_owned())),
                Piece::Output(tokens, end) => {
                    let mut reader = Expressions::new(&tokens, end, &mut self.nodes);
                    let value = reader.tuple()?;
                    reader.finish()?;
                    self.statements.push(Statement::Output(value));
                }
                Piece::Tag(tokens, end) => self.tag(&tokens, end)?,
            }
        }
        match self.open.last() {
            Some(end) => Err(Problem::malformed(self.end, Fault::Unclosed(end))),
            None => Ok(()),
        }
    }

    fn tag(&mut self, tokens: &[Token<'a>], end: u64) -> Result<(), Problem> {
        let mut reader = Expressions::new(tokens, end, &mut self.nodes);
        let offset = reader.offset();
        let tag = reader.word("the name of a tag")?;
        let (statement, opens) = match tag {
            "for" => (for_tag(&mut reader)?, Some("endfor")),
            "if" => (Statement::If(reader.tuple()?), Some("endif")),
            "set" => set_tag(&mut reader)?,
            "macro" => (macro_tag(&mut reader)?, Some("endmacro")),
            "call" => (call_tag(&mut reader)?, Some("endcall")),
            "filter" => (Statement::FilterBlock(filters(&mut reader)?), Some("endfilter")),
            "with" => (with_tag(&mut reader)?, Some("endwith")),
            "block" => {
                let name = reader.word("the name of a block")?.to_owned();
                while reader.eats_word("scoped") || reader.eats_word("required") {}
                (Statement::Part(Some(name)), Some("endblock"))
            }
            "autoescape" => {
                reader.tuple()?;
                (Statement::Part(None), Some("endautoescape"))
            }
            "generation" => (Statement::Part(None), Some("endgeneration")),
            "include" => (other(&mut reader, offset, "include")?, None),
            "import" => (other(&mut reader, offset, "import")?, None),
            "from" => (other(&mut reader, offset, "from")?, None),
            "extends" => (other(&mut reader, offset, "extends")?, None),
            "print" => (Statement::Output(reader.tuple()?), None),
            "do" => (Statement::Do(reader.tuple()?), None),
            "break" | "continue" => (Statement::Jump, None),
            "elif" if self.open.last() == Some(&"endif") => (Statement::Elif(reader.tuple()?), None),
            "else" if matches!(self.open.last(), Some(&("endif" | "endfor"))) => (Statement::Else, None),
            _ if self.open.last() == Some(&tag) => {
                self.open.pop();
                if tag == "endblock" && !reader.tokens.is_empty() {
                    reader.word("the name of the block")?;
                }
                (Statement::End, None)
            }
            _ => return Err(Problem::malformed(offset, misplaced(tag))),
        };
        // As in Python, a colon may stand before a body.
        if opens.is_some() || matches!(statement, Statement::Elif(_) | Statement::Else) {
            let _ = reader.eats(":");
        }
        reader.finish()?;
        self.statements.push(statement);
        if let Some(end) = opens {
            self.open.push(end);
            let depth = self.open.len() as u64;
            within("the depth of a template's blocks", depth, limit::OPEN, offset)?;
        }
        Ok(())
    }
}

fn misplaced(tag: &str) -> Fault {
    const KNOWN: &[&str] = &[
        "else",
        "elif",
        "endfor",
        "endif",
        "endset",
        "endmacro",
        "endcall",
        "endfilter",
        "endwith",
        "endblock",
        "endautoescape",
        "endgeneration",
        "endraw",
    ];
    if KNOWN.contains(&tag) {
        Fault::Unopened(Named::new(tag))
    } else {
        Fault::UnknownTag(Named::new(tag))
    }
}

fn for_tag(reader: &mut Expressions<'_, '_>) -> Result<Statement, Problem> {
    let target = reader.target()?;
    if !reader.eats_word("in") {
        return Err(reader.unexpected("`in`"));
    }
    let iterable = reader.plain_tuple()?;
    let test = if reader.eats_word("if") {
        Some(reader.condition()?)
    } else {
        None
    };
    let _ = reader.eats_word("recursive");
    Ok(Statement::For {
        target,
        iterable,
        test,
    })
}

fn set_tag(reader: &mut Expressions<'_, '_>) -> Result<(Statement, Option<Open>), Problem> {
    let target = reader.target()?;
    if reader.eats("=") {
        return Ok((Statement::Set(target, reader.tuple()?), None));
    }
    let filter = if reader.eats("|") {
        Some(filters(reader)?)
    } else {
        None
    };
    Ok((Statement::SetBlock(target, filter), Some("endset")))
}

/// Filters of the body of a block.
fn filters(reader: &mut Expressions<'_, '_>) -> Result<NodeId, Problem> {
    let first = reader.filter(None)?;
    reader.postfix(first, true)
}

fn macro_tag(reader: &mut Expressions<'_, '_>) -> Result<Statement, Problem> {
    let name = reader.word("the name of a macro")?.to_owned();
    reader.expect("(", "the parameters of a macro")?;
    Ok(Statement::Macro(name, reader.parameters()?))
}

fn call_tag(reader: &mut Expressions<'_, '_>) -> Result<Statement, Problem> {
    let parameters = if reader.eats("(") {
        reader.parameters()?
    } else {
        Vec::new()
    };
    Ok(Statement::CallBlock(parameters, reader.tuple()?))
}

fn with_tag(reader: &mut Expressions<'_, '_>) -> Result<Statement, Problem> {
    let mut values: Vec<(Target, NodeId)> = Vec::new();
    while !reader.tokens.is_empty() && !reader.sees(":") {
        if !values.is_empty() {
            reader.expect(",", "a comma")?;
        }
        let target = reader.target()?;
        reader.expect("=", "an equals sign")?;
        values.push((target, reader.condition()?));
    }
    Ok(Statement::With(values))
}

/// Another template. How it is called and whether it sees variables makes no difference here.
fn other(reader: &mut Expressions<'_, '_>, offset: u64, tag: &'static str) -> Result<Statement, Problem> {
    let template = reader.condition()?;
    reader.tokens = &[];
    Ok(Statement::Other {
        offset,
        tag,
        template,
    })
}
