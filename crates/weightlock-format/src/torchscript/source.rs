//! [`Source`]: the types that a source file declares and the operators that it uses.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Fault,
    lexer::{Lexer, Token},
};
use crate::{Problem, reader::within};

/// What is accepted from any file.
pub mod limit {
    /// Bytes of a source file. Generated code of large models has a few megabytes.
    pub const SOURCE_BYTES: usize = 16 << 20;
    /// Brackets within each other.
    pub const NESTING: u64 = 512;
    /// Bytes of a dotted name that are kept.
    pub const NAME_BYTES: usize = 512;
}

/// How an operator is used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// `aten::name` or `library::name`, called or handed on.
    Operator,
    /// A call of `.name(…)` on a value: a method that the archive defines, or the operator `aten::name`.
    Method,
    /// `torch`, `ops` or `ops.library` handed on as a value: what is called later cannot be told.
    Namespace,
    /// A function of Python.
    Python,
    /// A native class: `library::name`.
    Class,
}

/// A use of an operator. Several uses of one are told once, by the first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Use {
    /// Where it begins.
    pub offset: u64,
    /// How it is used.
    pub kind: Kind,
    /// The operator: `aten::save`; of a method, a namespace and a function its name.
    pub name: String,
}

/// What a source file declares and uses.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Source {
    /// Names of classes.
    pub types: BTreeSet<String>,
    /// Names of functions and methods.
    pub functions: BTreeSet<String>,
    /// Operators, in the order of their first use.
    pub uses: Vec<Use>,
    /// Why reading stopped before the end.
    pub problem: Option<Problem>,
}

impl Source {
    /// Reads `text`. What was read before a fault is kept.
    #[must_use]
    pub fn read(text: &[u8]) -> Self {
        let mut scanner = Scanner::new(text);
        let problem = scanner.run().err();
        let mut uses: Vec<Use> = scanner
            .uses
            .into_iter()
            .map(|((kind, name), offset)| Use { offset, kind, name })
            .collect();
        uses.sort_by_key(|used| used.offset);
        Self {
            types: scanner.types,
            functions: scanner.functions,
            uses,
            problem,
        }
    }
}

/// The expression that ends before the next token.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Primary {
    /// None: what follows begins an expression.
    None,
    /// A dotted name.
    Chain(u64, String),
    /// A value's attribute: `(…).name`.
    Attribute(u64, String),
    /// A string.
    Text(String),
    /// Any other value.
    Value,
}

/// An open bracket.
#[derive(Debug)]
struct Open {
    kind: u8,
    /// What was called, when this is the list of its arguments.
    callee: Primary,
    /// The operands at this level, while there are but names, strings and commas.
    operands: Vec<Primary>,
    is_plain: bool,
}

struct Scanner<'a> {
    lexer: Lexer<'a>,
    primary: Primary,
    /// Whether a dot stands before the next token.
    dotted: bool,
    open: Vec<Open>,
    /// The single name before a `=` of the statement.
    target: Option<String>,
    /// Operators and operands since the `=`.
    steps: usize,
    aliases: BTreeMap<String, String>,
    types: BTreeSet<String>,
    functions: BTreeSet<String>,
    uses: BTreeMap<(Kind, String), u64>,
    /// The name that the present expression consists of, as it is written; `None` when it is more than a name.
    written: Option<String>,
}

impl<'a> Scanner<'a> {
    const fn new(text: &'a [u8]) -> Self {
        Self {
            lexer: Lexer::new(text),
            primary: Primary::None,
            dotted: false,
            open: Vec::new(),
            target: None,
            steps: 0,
            aliases: BTreeMap::new(),
            types: BTreeSet::new(),
            functions: BTreeSet::new(),
            uses: BTreeMap::new(),
            written: None,
        }
    }

    fn run(&mut self) -> Result<(), Problem> {
        while let Some((offset, token)) = self.lexer.next()? {
            match token {
                Token::Name(name) => self.name(offset, name)?,
                Token::Text(text) => self.operand(Primary::Text(text.to_owned())),
                Token::Number => self.operand(Primary::Value),
                Token::Byte(byte) => self.byte(offset, byte)?,
                Token::Operator => self.separate(),
                Token::Newline if self.open.is_empty() => self.end_statement(),
                Token::Newline => {}
            }
        }
        self.end_statement();
        match self.open.is_empty() {
            true => Ok(()),
            false => Err(Problem::malformed(self.lexer.offset(), Fault::Brackets)),
        }
    }

    fn name(&mut self, offset: u64, name: &str) -> Result<(), Problem> {
        if std::mem::take(&mut self.dotted) {
            self.written = None;
            self.primary = match std::mem::replace(&mut self.primary, Primary::None) {
                Primary::Chain(at, chain) => Primary::Chain(at, joined(chain, name)),
                _ => Primary::Attribute(offset, name.to_owned()),
            };
            return Ok(());
        }
        match name {
            "class" => self.declared(|scanner, name| scanner.types.insert(name)),
            "def" => self.declared(|scanner, name| scanner.functions.insert(name)),
            "import" | "from" => self.skip_line(),
            _ if is_keyword(name) => {
                self.separate();
                Ok(())
            }
            _ => {
                let resolved = self.aliases.get(name).cloned();
                self.operand(Primary::Chain(
                    offset,
                    resolved.unwrap_or_else(|| name.to_owned()),
                ));
                self.written = Some(name.to_owned());
                Ok(())
            }
        }
    }

    /// The name behind `class` or `def`.
    fn declared(&mut self, keep: impl FnOnce(&mut Self, String) -> bool) -> Result<(), Problem> {
        self.separate();
        if let Some((_, Token::Name(name))) = self.lexer.next()? {
            keep(self, name.to_owned());
        }
        self.primary = Primary::Value;
        Ok(())
    }

    fn skip_line(&mut self) -> Result<(), Problem> {
        while !matches!(self.lexer.next()?, None | Some((_, Token::Newline))) {}
        self.end_statement();
        Ok(())
    }

    fn byte(&mut self, offset: u64, byte: u8) -> Result<(), Problem> {
        match byte {
            b'.' => self.dotted = true,
            b'(' | b'[' | b'{' => self.open_bracket(offset, byte)?,
            b')' | b']' | b'}' => self.close_bracket(offset, byte)?,
            b',' => self.comma(),
            b'=' => self.assign(),
            // What is declared or annotated is not used: `ops : List[int]`.
            b':' => self.primary = Primary::None,
            b'^' if self.primary == Primary::None => self.python(offset)?,
            _ => self.separate(),
        }
        Ok(())
    }

    /// An operand begins.
    fn operand(&mut self, primary: Primary) {
        self.used(false);
        self.dotted = false;
        self.written = None;
        self.primary = primary;
        self.steps = self.steps.saturating_add(1);
    }

    /// An operator or keyword: what stood before it was a value, and is not the whole of its bracket.
    fn separate(&mut self) {
        self.used(false);
        self.primary = Primary::None;
        self.dotted = false;
        self.steps = self.steps.saturating_add(1);
        if let Some(open) = self.open.last_mut() {
            open.is_plain = false;
        }
    }

    fn comma(&mut self) {
        self.used(false);
        let primary = std::mem::replace(&mut self.primary, Primary::None);
        self.steps = self.steps.saturating_add(1);
        if let Some(open) = self.open.last_mut() {
            // `getattr` takes two or three.
            match open.operands.len() < 4 {
                true => open.operands.push(primary),
                false => open.is_plain = false,
            }
        }
    }

    /// `name = …`: in a call the name of an argument, in a statement the target.
    fn assign(&mut self) {
        // The name as it is written: what it stands for so far is no target.
        let written = self.written.take();
        let target = match std::mem::replace(&mut self.primary, Primary::None) {
            Primary::Chain(..) if self.open.is_empty() => written,
            _ => None,
        };
        if let Some(open) = self.open.last_mut() {
            open.is_plain = false;
        } else {
            self.target = target.filter(|_| self.steps == 1);
            self.steps = 0;
        }
    }

    fn end_statement(&mut self) {
        let target = self.target.take().filter(|_| self.steps == 1);
        match (target, &self.primary) {
            // A second name for the library cannot take the place of the library.
            (Some(target), Primary::Chain(_, chain)) if is_rooted(chain) && !is_rooted(&target) => {
                self.aliases.insert(target, chain.clone());
                // In another branch the name may stand for something else: an operator that is named counts.
                self.used(false);
            }
            _ => self.used(false),
        }
        self.primary = Primary::None;
        self.dotted = false;
        self.steps = 0;
    }

    /// `^name`: a function of Python.
    fn python(&mut self, offset: u64) -> Result<(), Problem> {
        if let Some((_, Token::Name(name))) = self.lexer.next()? {
            self.note(Kind::Python, name.to_owned(), offset);
        }
        self.operand(Primary::Value);
        Ok(())
    }

    fn open_bracket(&mut self, offset: u64, byte: u8) -> Result<(), Problem> {
        within(
            "the depth of brackets",
            self.open.len() as u64,
            limit::NESTING,
            offset,
        )?;
        let is_call = byte == b'(';
        self.used(is_call);
        let callee = std::mem::replace(&mut self.primary, Primary::None);
        self.dotted = false;
        self.steps = self.steps.saturating_add(1);
        self.open.push(Open {
            kind: byte,
            callee,
            operands: Vec::new(),
            is_plain: is_call,
        });
        Ok(())
    }

    fn close_bracket(&mut self, offset: u64, byte: u8) -> Result<(), Problem> {
        let matches = |open: &Open| matches!((open.kind, byte), (b'(', b')') | (b'[', b']') | (b'{', b'}'));
        let Some(mut open) = self.open.pop().filter(matches) else {
            return Err(Problem::malformed(offset, Fault::Brackets));
        };
        let last = std::mem::replace(&mut self.primary, Primary::None);
        let is_group = open.callee == Primary::None && open.operands.is_empty() && open.is_plain;
        if is_group && !matches!(last, Primary::None) {
            // `(torch)` is `torch`; it is judged by what follows.
            self.primary = last;
            self.steps = self.steps.saturating_sub(1);
            return Ok(());
        }
        self.primary = last;
        self.used(false);
        open.operands
            .push(std::mem::replace(&mut self.primary, Primary::None));
        self.primary = attribute_by_name(&open).unwrap_or(Primary::Value);
        Ok(())
    }

    /// Puts down the expression before the next token, which ends or is called here.
    fn used(&mut self, is_called: bool) {
        match &self.primary {
            Primary::Chain(at, chain) => {
                let at = *at;
                if let Some((kind, name)) = resolved(chain) {
                    // `getattr(torch, …)` is resolved when its bracket closes.
                    self.note(kind, name, at);
                } else if is_called && let Some((_, method)) = chain.rsplit_once('.') {
                    let method = method.to_owned();
                    self.note(Kind::Method, method, at);
                }
            }
            Primary::Attribute(at, name) if is_called => {
                let (at, name) = (*at, name.clone());
                self.note(Kind::Method, name, at);
            }
            _ => {}
        }
    }

    fn note(&mut self, kind: Kind, name: String, offset: u64) {
        self.uses.entry((kind, name)).or_insert(offset);
    }
}

/// `getattr(chain, "name")` is `chain.name`.
fn attribute_by_name(open: &Open) -> Option<Primary> {
    let Primary::Chain(_, callee) = &open.callee else {
        return None;
    };
    match open.operands.as_slice() {
        [Primary::Chain(at, chain), Primary::Text(name), ..] if callee == "getattr" && open.is_plain => {
            Some(Primary::Chain(*at, joined(chain.clone(), name)))
        }
        [Primary::Value | Primary::Attribute(..), Primary::Text(name), ..] if callee == "getattr" => {
            Some(Primary::Attribute(0, name.clone()))
        }
        _ => None,
    }
}

fn joined(mut chain: String, name: &str) -> String {
    if chain.len().saturating_add(name.len()) < limit::NAME_BYTES {
        chain.push('.');
        chain.push_str(name);
    }
    chain
}

fn is_rooted(chain: &str) -> bool {
    resolved(chain).is_some()
}

/// The operator, namespace or native class that a dotted name stands for.
fn resolved(chain: &str) -> Option<(Kind, String)> {
    let mut parts = chain.split('.');
    let root = parts.next()?;
    let (mut library, mut parts) = match root {
        "torch" => ("aten", parts),
        "prim" | "aten" => (root, parts),
        "ops" => match parts.next() {
            Some(library) => (library, parts),
            None => return Some((Kind::Namespace, chain.to_owned())),
        },
        "__torch__" => return native_class(chain),
        _ => return None,
    };
    loop {
        match parts.next() {
            Some("autograd") => library = "aten",
            // What follows is an attribute of the result.
            Some(name) => return Some((Kind::Operator, format!("{library}::{name}"))),
            None if matches!(root, "prim" | "aten") => return None,
            None => return Some((Kind::Namespace, chain.to_owned())),
        }
    }
}

/// `__torch__.torch.classes.library.Name`.
fn native_class(chain: &str) -> Option<(Kind, String)> {
    let (library, name) = chain.strip_prefix("__torch__.torch.classes.")?.split_once('.')?;
    Some((Kind::Class, format!("{library}::{name}")))
}

fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "and"
            | "as"
            | "assert"
            | "break"
            | "continue"
            | "del"
            | "elif"
            | "else"
            | "except"
            | "for"
            | "global"
            | "if"
            | "in"
            | "is"
            | "lambda"
            | "not"
            | "or"
            | "pass"
            | "raise"
            | "return"
            | "try"
            | "while"
            | "with"
            | "yield"
            | "await"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uses(text: &str) -> Vec<(Kind, String)> {
        let source = Source::read(text.as_bytes());
        assert_eq!(source.problem, None, "{text}");
        source
            .uses
            .into_iter()
            .map(|used| (used.kind, used.name))
            .collect()
    }

    fn operators(text: &str) -> Vec<String> {
        let is_operator = |(kind, name)| (kind == Kind::Operator).then_some(name);
        uses(text).into_iter().filter_map(is_operator).collect()
    }

    #[test]
    fn a_program_of_pytorch_is_read() {
        let text = r#"class M(Module):
  __parameters__ = ["weight", ]
  weight : Tensor
  ops : List[int]
  training : bool
  conv : __torch__.torch.nn.modules.conv.___torch_mangle_0.Conv2d
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    _0 = __torch__.torch.nn.functional.relu
    _1 = uninitialized(Tensor)
    if torch.eq(torch.dim(x), 2):
      ops.prim.RaiseException("torch.save(x) ^os")  # torch.save(x)
    else:
      pass
    y = (self.conv).forward(x, )
    return _0(torch.add_(y, CONSTANTS.c0, alpha=1), bool(annotate(List[int], [])))
"#;
        assert_eq!(
            uses(text),
            [
                (Kind::Operator, "aten::eq".to_owned()),
                (Kind::Operator, "aten::dim".to_owned()),
                (Kind::Operator, "prim::RaiseException".to_owned()),
                (Kind::Method, "forward".to_owned()),
                (Kind::Operator, "aten::add_".to_owned()),
            ]
        );
        let source = Source::read(text.as_bytes());
        assert!(source.types.contains("M") && source.functions.contains("forward"));
    }

    #[test]
    fn every_way_to_name_an_operator_is_resolved() {
        for text in [
            "torch.save(x, 'f')",
            "torch . save (x, 'f')",
            "torch.\\\nsave(x)",
            "(torch).save(x, 'f')",
            "((torch).save)(x, 'f')",
            "(torch\n).save(x, 'f')",
            "torch.autograd.save(x, 'f')",
            "ops.aten.save(x, 'f')",
            "ops.evil.autograd.save(x, 'f')",
            "(ops.aten).save(x)",
            "t = torch\nt.save(x, 'f')",
            "t = ops\nu = t.aten\nu.save(x)",
            "f = torch.save\nf(x, 'g')",
            "f = (torch.save)\nf(x, 'g')",
            "getattr(torch, 'save')(x, 'f')",
            "getattr((torch), \"save\", None)(x, 'f')",
            "y = [torch.save][0]",
            "f(1, torch.save)",
        ] {
            assert!(
                operators(text).contains(&"aten::save".to_owned()),
                "{text}: {:?}",
                uses(text)
            );
        }
        assert_eq!(uses("x.save('f')"), [(Kind::Method, "save".to_owned())]);
        assert_eq!(
            uses("'f'.from_file(True)"),
            [(Kind::Method, "from_file".to_owned())]
        );
        assert_eq!(uses("f(x)[0].save('f')"), [(Kind::Method, "save".to_owned())]);
        assert_eq!(
            uses("getattr(f(x), 'save')('f')"),
            [(Kind::Method, "save".to_owned())]
        );
    }

    #[test]
    fn namespaces_and_python_are_seen() {
        assert_eq!(uses("f(torch)"), [(Kind::Namespace, "torch".to_owned())]);
        assert_eq!(uses("a, b = torch, 1"), [(Kind::Namespace, "torch".to_owned())]);
        assert_eq!(
            uses("x = ops.evil if y else 1"),
            [(Kind::Namespace, "ops.evil".to_owned())]
        );
        assert_eq!(uses("y = ^Evil(1)(x)"), [(Kind::Python, "Evil".to_owned())]);
        assert_eq!(uses("y = a ^ Evil"), []);
        assert_eq!(
            uses("x = __torch__.torch.classes.evil.Thing(1)"),
            [(Kind::Class, "evil::Thing".to_owned())]
        );
    }

    /// Found by fuzzing: a name that is bound again stood for the library, and so took its place.
    #[test]
    fn names_that_are_bound_again_hide_nothing() {
        assert!(operators("gt = torch\ngt = torch.sa\ntorch.save(x)\n").contains(&"aten::save".to_owned()));
        assert!(operators("torch = torch.ops\ntorch.save(x)\n").contains(&"aten::save".to_owned()));
        assert!(
            operators("if c:\n  f = torch.save\nelse:\n  f = torch.relu\nf(x)\n")
                .contains(&"aten::save".to_owned())
        );
    }

    #[test]
    fn words_that_are_no_code_are_not_taken_for_code() {
        for text in [
            "# torch.save(x)",
            "x = 'torch.save(x)'",
            "x = \"\"\"\ntorch.save(x)\n\"\"\"",
            "import torch.save",
            "self.torch",
            "f(ops=1, torch=2)",
            "torch : int",
        ] {
            assert_eq!(uses(text), [], "{text}");
        }
    }

    #[test]
    fn what_was_read_before_a_fault_is_kept() {
        for (text, expected) in [
            ("torch.save(x)\n'", 1),
            ("torch.save(x))", 1),
            ("torch.save(x]", 1),
            ("torch.save(", 1),
            ("(((", 0),
        ] {
            let source = Source::read(text.as_bytes());
            assert!(
                source.problem.is_some() && source.uses.len() == expected,
                "{text}: {source:?}"
            );
        }
        let deep = Source::read("(".repeat(1_000_000).as_bytes());
        assert!(matches!(deep.problem, Some(Problem::LimitExceeded { .. })));
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a-z.()\\[\\]{}=,:^'\"#\\\\ \n0-9]{0,80}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for text in [text.as_bytes(), &bytes] {
                let source = Source::read(text);
                prop_assert!(source.uses.iter().all(|used| used.offset <= text.len() as u64));
            }
        }

        #[test]
        fn a_call_is_seen_behind_anything_that_is_sound(text in "[a-z.=,:^ \n0-9]{0,60}") {
            // Only what the text cannot turn into something else: a statement of its own.
            prop_assume!(Source::read(text.as_bytes()).problem.is_none());
            let source = Source::read(format!("{text}\ntorch.save(x)\n").as_bytes());
            let is_save = |used: &Use| used.name == "aten::save";
            prop_assert!(source.uses.iter().any(is_save), "{text:?}: {source:?}");
        }
    }
}
