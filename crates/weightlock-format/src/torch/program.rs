//! [`Program`]: the graph of an exported program, `models/*.json` or `serialized_exported_program.json`.
//!
//! The loader looks the text under each `target` up in Python, from `torch`, `math` or `operator` on, attribute by
//! attribute, and the graph calls what it finds. It hands the text under each `expr_str` to SymPy, which *evaluates*
//! it: an expression over symbols is expected there, and nothing hinders it from being any expression of Python. Since
//! PyTorch 2.8 exports write it as `srepr` does: `Mul(Integer(2), Symbol('s0', integer=True))`.
//! <https://github.com/pytorch/pytorch/blob/main/torch/_export/serde/serialize.py>

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    Problem,
    json::{
        Limits,
        events::{Event, Events},
    },
};

/// What is accepted from any file.
pub mod limit {
    /// Bytes of the graph. Graphs of large models have tens of megabytes.
    pub const BYTES: usize = 128 << 20;
    /// Values in it.
    pub const VALUES: u64 = 20_000_000;
    /// Objects within each other.
    pub const DEPTH: u64 = 256;
    /// Bytes of a text that are kept.
    pub const TEXT_BYTES: usize = 4096;
}

/// What a text of the graph is used for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Field {
    /// `target`: looked up and called.
    Target,
    /// `expr_str`: evaluated when the program is loaded.
    Expression,
}

/// A text of the graph. Equal ones are told once, by the first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    /// Where it stands.
    pub offset: u64,
    /// What it is used for.
    pub field: Field,
    /// The text.
    pub text: String,
}

/// What a graph has looked up and evaluated.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Program {
    /// The texts, by offset.
    pub texts: Vec<Text>,
    /// Why reading stopped before the end.
    pub problem: Option<Problem>,
}

impl Program {
    /// Reads a graph. What was read before a fault is kept.
    #[must_use]
    pub fn read(json: &[u8]) -> Self {
        let mut found = BTreeMap::new();
        let problem = collect(json, &mut found).err();
        let mut texts: Vec<Text> = found
            .into_iter()
            .map(|((field, text), offset)| Text { offset, field, text })
            .collect();
        texts.sort_by_key(|text| text.offset);
        Self { texts, problem }
    }
}

fn collect(json: &[u8], found: &mut BTreeMap<(Field, String), u64>) -> Result<(), Problem> {
    let limits = Limits {
        bytes: limit::BYTES as u64,
        depth: limit::DEPTH,
        values: limit::VALUES,
    };
    let mut events = Events::new(json, 0, limits);
    let mut field = None;
    while let Some((offset, event)) = events.next()? {
        match event {
            Event::Key(key) => {
                field = match key.as_str() {
                    "target" => Some(Field::Target),
                    "expr_str" => Some(Field::Expression),
                    _ => None,
                }
            }
            Event::Scalar(Value::String(mut text)) => {
                if let Some(field) = field {
                    truncate(&mut text);
                    found.entry((field, text)).or_insert(offset);
                }
            }
            Event::StartObject | Event::End => field = None,
            Event::StartArray | Event::Scalar(_) => {}
        }
    }
    Ok(())
}

/// Cuts a text; the mark at its end belongs to no expression, so a cut one is not vouched for.
fn truncate(text: &mut String) {
    if let Some((at, _)) = text.char_indices().find(|&(at, _)| at >= limit::TEXT_BYTES) {
        text.truncate(at);
        text.push('…');
    }
}

/// How far an expression can be vouched for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Expression {
    /// Numbers, symbols, operators and functions that exports write.
    Plain,
    /// It calls a function that exports do not write.
    UnknownCall,
    /// It is a program: strings, attributes, indices, private names.
    Program,
}

/// Functions that exported expressions are made of.
const FUNCTIONS: &[&str] = &[
    "Abs",
    "Add",
    "And",
    "CeilDiv",
    "CeilToInt",
    "CleanDiv",
    "Eq",
    "Equality",
    "ExprCondPair",
    "Float",
    "FloatPow",
    "FloatTrueDiv",
    "FloorDiv",
    "FloorToInt",
    "Ge",
    "GreaterThan",
    "Gt",
    "Identity",
    "IntTrueDiv",
    "Integer",
    "IsNonOverlappingAndDenseIndicator",
    "Le",
    "LShift",
    "LessThan",
    "Lt",
    "Max",
    "Min",
    "Mod",
    "ModularIndexing",
    "Mul",
    "Ne",
    "Not",
    "Or",
    "Piecewise",
    "Pow",
    "PowByNatural",
    "PythonMod",
    "RShift",
    "Rational",
    "RoundDecimal",
    "RoundToInt",
    "StrictGreaterThan",
    "StrictLessThan",
    "Symbol",
    "ToFloat",
    "TruncToFloat",
    "TruncToInt",
    "Unequality",
    "Where",
    "ceiling",
    "floor",
    "log",
    "log2",
    "sqrt",
];

/// Tells how far the text under an `expr_str` can be vouched for.
#[must_use]
pub fn judge_expression(text: &str) -> Expression {
    let mut worst = Expression::Plain;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let before = text
            .len()
            .checked_sub(rest.len())
            .and_then(|at| text.get(..at))
            .unwrap_or_default();
        if first == '\''
            && let Some(behind) = operand(before, rest)
        {
            rest = behind;
            continue;
        }
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let length = if is_part(first) {
            rest.find(|c| !is_part(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let is_number = first.is_ascii_digit();
        let found = match first {
            _ if is_number => Expression::Plain,
            _ if is_part(first) => name(token, behind),
            '.' if behind
                .trim_start()
                .starts_with(|c: char| c.is_alphabetic() || c == '_') =>
            {
                Expression::Program
            }
            '+' | '-' | '*' | '/' | '%' | '(' | ')' | ',' | '<' | '>' | '=' | '!' | '&' | '|' | '~' | '.' => {
                Expression::Plain
            }
            _ if first.is_whitespace() => Expression::Plain,
            _ => Expression::Program,
        };
        worst = worst.max(found);
        rest = behind;
    }
    worst
}

/// What follows a text, when it is the name of a symbol or the digits of a number: the only ones that SymPy does not
/// evaluate once more.
fn operand<'a>(before: &str, rest: &'a str) -> Option<&'a str> {
    let (text, behind) = rest.strip_prefix('\'')?.split_once('\'')?;
    let is_symbol = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | '+' | '-');
    let is_whole = |call: &str| {
        let caller = before.strip_suffix(call);
        caller
            .is_some_and(|caller| !caller.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.')))
    };
    let fits = is_whole("Symbol(") && text.chars().all(is_symbol) && !text.contains("__")
        || is_whole("Float(") && (text.chars().all(is_number) || matches!(text, "inf" | "-inf" | "nan"));
    (fits && !text.is_empty()).then_some(behind)
}

fn name(token: &str, behind: &str) -> Expression {
    let is_call = behind.trim_start().starts_with('(');
    let is_listed = FUNCTIONS.contains(&token)
        || ["OpaqueUnaryFn_", "BitwiseFn_"]
            .iter()
            .any(|kind| token.starts_with(kind));
    let is_code =
        token.contains("__") || !token.is_ascii() || matches!(token, "lambda" | "for" | "if" | "import");
    match (is_code, is_call && !is_listed) {
        (true, _) => Expression::Program,
        (false, true) if token.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') => {
            Expression::Program
        }
        (false, true) => Expression::UnknownCall,
        (false, false) => Expression::Plain,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn targets_and_expressions_are_found() {
        let json = br#"{"graph_module": {"graph": {"nodes": [
            {"target": "torch.ops.aten.add.Tensor", "inputs": [{"arg": {"as_expr": {"expr_str": "s0*2"}}}]},
            {"target": "torch.ops.aten.add.Tensor", "name": "expr_str", "metadata": {"target": {"x": "not one"}}},
            {"t\u0061rget": "torch.hub.load"}]}}}"#;
        let program = Program::read(json);
        let texts: Vec<_> = program
            .texts
            .iter()
            .map(|text| (text.field, text.text.as_str()))
            .collect();
        assert_eq!(
            texts,
            [
                (Field::Target, "torch.ops.aten.add.Tensor"),
                (Field::Expression, "s0*2"),
                (Field::Target, "torch.hub.load"),
            ]
        );
        let cut = Program::read(br#"{"target": "torch.hub.load", "#);
        assert!(cut.problem.is_some() && cut.texts.len() == 1);
    }

    #[test]
    fn expressions_that_are_programs_are_told() {
        use Expression::{Plain, Program, UnknownCall};
        for (text, expected) in [
            ("s0", Plain),
            ("2*s0 + Max(1, u3)//4 - 1.5", Plain),
            ("FloorDiv(s77, 2) <= 4096 & Ne(s0, 1)", Plain),
            ("OpaqueUnaryFn_exp(s0)", Plain),
            (
                "Add(Mul(Integer(2), Symbol('s0', integer=True, positive=True)), Integer(-1))",
                Plain,
            ),
            (
                "StrictLessThan(Symbol('u1', integer=True), Float('0.5', precision=53))",
                Plain,
            ),
            ("Max(Symbol('s0'), 'eval')", Program),
            ("Max('s0')", Program),
            ("Symbol('s0'.x)", Program),
            ("MySymbol('s0')", Program),
            ("Symbol('__import__')", Program),
            ("Symbol('a(b)')", Program),
            ("Float('chr(1)')", Program),
            ("Symbol('s0", Program),
            ("Whatever(s0)", UnknownCall),
            ("eval (chr(95))", Program),
            ("__import__('os').system('true')", Program),
            ("s0.__class__", Program),
            ("s0 . x", Program),
            ("[s0][0]", Program),
            ("(lambda: 1)()", Program),
            ("preview(s0)", Program),
            ("Symbol\u{ff08}1)", Program),
            ("s0…", Program),
        ] {
            assert_eq!(judge_expression(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(json in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,50}") {
            let _ = (Program::read(&json), judge_expression(&text));
        }
    }
}
