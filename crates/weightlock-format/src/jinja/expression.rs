//! From the tokens of one tag to expressions.

use super::{
    Arguments, Expression, Fault, Literal, Node, NodeId, Operator, Parameter, Target,
    lexer::{Kind, Token},
    limit,
};
use crate::{Problem, reader::within};

/// How tightly operators bind.
mod level {
    pub(super) const OR: u8 = 1;
    pub(super) const AND: u8 = 2;
    pub(super) const NOT: u8 = 3;
    pub(super) const COMPARE: u8 = 4;
    pub(super) const ADD: u8 = 5;
    pub(super) const CONCATENATE: u8 = 6;
    pub(super) const MULTIPLY: u8 = 7;
    pub(super) const POWER: u8 = 8;
}

/// Reads the tokens of one tag and adds expressions to `nodes`.
pub(super) struct Expressions<'t, 'a> {
    pub(super) tokens: &'t [Token<'a>],
    /// Where the tag ends.
    pub(super) end: u64,
    pub(super) nodes: &'t mut Vec<Node>,
    depth: u64,
}

impl<'t, 'a> Expressions<'t, 'a> {
    pub(super) const fn new(tokens: &'t [Token<'a>], end: u64, nodes: &'t mut Vec<Node>) -> Self {
        Self {
            tokens,
            end,
            nodes,
            depth: 0,
        }
    }

    /// Conditions separated by commas; one alone is itself. `in` ends it where a target is read.
    pub(super) fn tuple(&mut self) -> Result<NodeId, Problem> {
        let offset = self.offset();
        let first = self.condition()?;
        if !self.sees(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.eats(",") {
            if self.tokens.is_empty() || self.sees(")") {
                break;
            }
            items.push(self.condition()?);
        }
        self.add(offset, Expression::List(items))
    }

    /// As [`Self::tuple`], where `if` and `else` do not belong to the expression.
    pub(super) fn plain_tuple(&mut self) -> Result<NodeId, Problem> {
        let offset = self.offset();
        let mut items = vec![self.operation(level::OR)?];
        let is_tuple = self.sees(",");
        while self.eats(",") {
            if self.tokens.is_empty() {
                break;
            }
            items.push(self.operation(level::OR)?);
        }
        match items[..] {
            [only] if !is_tuple => Ok(only),
            _ => self.add(offset, Expression::List(items)),
        }
    }

    /// `operation ( "if" operation ( "else" condition )? )*`
    pub(super) fn condition(&mut self) -> Result<NodeId, Problem> {
        let mut left = self.operation(level::OR)?;
        loop {
            let offset = self.offset();
            if !self.eats_word("if") {
                return Ok(left);
            }
            let test = self.operation(level::OR)?;
            let no = if self.eats_word("else") {
                Some(self.nested(Self::condition)?)
            } else {
                None
            };
            left = self.add(offset, Expression::Condition { yes: left, test, no })?;
        }
    }

    /// Operands joined by operators that bind at least as tightly as `least`.
    fn operation(&mut self, least: u8) -> Result<NodeId, Problem> {
        self.nested(|this| {
            let mut left = this.operand(least)?;
            while let Some((operator, level, words)) = this.operator() {
                if level < least {
                    break;
                }
                let offset = this.offset();
                this.skip(words);
                let right = this.operation(level.saturating_add(1))?;
                left = this.add(offset, Expression::Binary(operator, left, right))?;
            }
            Ok(left)
        })
    }

    /// The operator that comes next, how tightly it binds, and its tokens.
    fn operator(&self) -> Option<(Operator, u8, usize)> {
        let one = |operator, level| Some((operator, level, 1));
        match &self.tokens.first()?.kind {
            Kind::Name("or") => one(Operator::Either, level::OR),
            Kind::Name("and") => one(Operator::Either, level::AND),
            Kind::Name("in") => one(Operator::Compare, level::COMPARE),
            Kind::Name("not") => match self.tokens.get(1)?.kind {
                Kind::Name("in") => Some((Operator::Compare, level::COMPARE, 2)),
                _ => None,
            },
            Kind::Symbol("==" | "!=" | "<" | "<=" | ">" | ">=") => one(Operator::Compare, level::COMPARE),
            Kind::Symbol("+") => one(Operator::Add, level::ADD),
            Kind::Symbol("-") => one(Operator::Subtract, level::ADD),
            Kind::Symbol("~") => one(Operator::Concatenate, level::CONCATENATE),
            Kind::Symbol("*") => one(Operator::Multiply, level::MULTIPLY),
            Kind::Symbol("/" | "//") => one(Operator::Divide, level::MULTIPLY),
            Kind::Symbol("%") => one(Operator::Remainder, level::MULTIPLY),
            Kind::Symbol("**") => one(Operator::Power, level::POWER),
            _ => None,
        }
    }

    fn operand(&mut self, least: u8) -> Result<NodeId, Problem> {
        let offset = self.offset();
        // Behind a tighter operator `not` is a variable.
        if least <= level::NOT && self.eats_word("not") {
            while self.eats_word("not") {}
            let inner = self.operation(level::COMPARE)?;
            return self.add(offset, Expression::Not(inner));
        }
        let mut signed = false;
        let mut negative = false;
        while self.sees("-") || self.sees("+") {
            negative ^= self.sees("-");
            signed = true;
            self.skip(1);
        }
        let primary = self.primary()?;
        if !signed {
            return self.postfix(primary, true);
        }
        // A sign binds more tightly than a filter: `-1|abs` is the filter of minus one.
        let mut inner = self.postfix(primary, false)?;
        if negative {
            inner = self.add(offset, Expression::Negative(inner))?;
        }
        self.postfix(inner, true)
    }

    pub(super) fn primary(&mut self) -> Result<NodeId, Problem> {
        let offset = self.offset();
        let Some((token, rest)) = self.tokens.split_first() else {
            return Err(self.unexpected("an expression"));
        };
        let expression = match &token.kind {
            Kind::Name(name) => {
                self.tokens = rest;
                word(name)
            }
            Kind::Literal(Literal::Text(_)) => Expression::Literal(Literal::Text(self.texts())),
            Kind::Literal(literal) => {
                self.tokens = rest;
                Expression::Literal(literal.clone())
            }
            Kind::Symbol("(") => {
                self.tokens = rest;
                return self.parenthesis(offset);
            }
            Kind::Symbol("[") => {
                self.tokens = rest;
                Expression::List(self.listed("]", Self::condition)?)
            }
            Kind::Symbol("{") => {
                self.tokens = rest;
                Expression::Dict(self.listed("}", Self::pair)?)
            }
            Kind::Symbol(_) => return Err(self.unexpected("an expression")),
        };
        self.add(offset, expression)
    }

    /// Adjacent strings are one.
    fn texts(&mut self) -> String {
        let mut joined = String::new();
        while let Some((token, rest)) = self.tokens.split_first()
            && let Kind::Literal(Literal::Text(text)) = &token.kind
        {
            joined.push_str(text);
            self.tokens = rest;
        }
        joined
    }

    fn parenthesis(&mut self, offset: u64) -> Result<NodeId, Problem> {
        if self.eats(")") {
            return self.add(offset, Expression::List(Vec::new()));
        }
        let inner = self.tuple()?;
        self.expect(")", "a closing parenthesis")?;
        Ok(inner)
    }

    fn pair(&mut self) -> Result<(NodeId, NodeId), Problem> {
        let key = self.condition()?;
        self.expect(":", "a colon")?;
        Ok((key, self.condition()?))
    }

    /// Items separated by commas up to `close`; the last may be followed by one.
    fn listed<T>(
        &mut self,
        close: &'static str,
        item: impl Fn(&mut Self) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let mut items = Vec::new();
        while !self.eats(close) {
            if !items.is_empty() {
                self.expect(",", "a comma or the end of a list")?;
                if self.eats(close) {
                    break;
                }
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// What follows a primary; filters and tests only `with_filters`.
    pub(super) fn postfix(&mut self, mut of: NodeId, with_filters: bool) -> Result<NodeId, Problem> {
        loop {
            let offset = self.offset();
            of = if self.eats(".") {
                self.attribute(of)?
            } else if self.eats("[") {
                self.subscript(of, offset)?
            } else if self.eats("(") {
                let arguments = self.arguments()?;
                self.add(offset, Expression::Call { of, arguments })?
            } else if with_filters && self.eats("|") {
                self.filter(Some(of))?
            } else if with_filters && self.eats_word("is") {
                self.test(of, offset)?
            } else {
                return Ok(of);
            };
        }
    }

    fn attribute(&mut self, of: NodeId) -> Result<NodeId, Problem> {
        let offset = self.offset();
        let Some((token, rest)) = self.tokens.split_first() else {
            return Err(self.unexpected("a name"));
        };
        match &token.kind {
            Kind::Name(name) => {
                let name = (*name).to_owned();
                self.tokens = rest;
                self.add(offset, Expression::Attribute { of, name })
            }
            Kind::Literal(index @ Literal::Integer(_)) => {
                let index = Expression::Literal(index.clone());
                self.tokens = rest;
                let key = self.add(offset, index)?;
                self.add(offset, Expression::Item { of, key })
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    fn subscript(&mut self, of: NodeId, offset: u64) -> Result<NodeId, Problem> {
        let mut keys = Vec::new();
        let mut bounds = None;
        // Jinja2 reads `a[]` as the item under the empty tuple.
        while !self.eats("]") {
            let colon = self.sees(":");
            let first = if colon { None } else { Some(self.condition()?) };
            if self.sees(":") {
                bounds = Some(self.slice(first)?);
            } else {
                keys.extend(first);
            }
            if !self.sees("]") {
                self.expect(",", "a comma or the end of an index")?;
            }
        }
        if let Some(bounds) = bounds {
            return self.add(offset, Expression::Slice { of, bounds });
        }
        let key = match keys[..] {
            [key] => key,
            _ => self.add(offset, Expression::List(keys))?,
        };
        self.add(offset, Expression::Item { of, key })
    }

    /// The rest of a slice, at its first colon.
    fn slice(&mut self, start: Option<NodeId>) -> Result<[Option<NodeId>; 3], Problem> {
        let mut bounds = [start, None, None];
        for bound in bounds.iter_mut().skip(1) {
            if !self.eats(":") {
                break;
            }
            if !(self.sees(":") || self.sees("]") || self.sees(",")) {
                *bound = Some(self.condition()?);
            }
        }
        Ok(bounds)
    }

    /// The arguments of a call, behind its parenthesis.
    fn arguments(&mut self) -> Result<Arguments, Problem> {
        let mut arguments = Arguments::default();
        let mut is_first = true;
        while !self.eats(")") {
            if !std::mem::take(&mut is_first) {
                self.expect(",", "a comma or the end of the arguments")?;
                if self.eats(")") {
                    break;
                }
            }
            if self.eats("**") || self.eats("*") {
                let value = self.condition()?;
                arguments.unpacked.push(value);
            } else if let Some(name) = self.keyword() {
                let value = self.condition()?;
                arguments.named.push((name, value));
            } else {
                let value = self.condition()?;
                arguments.positional.push(value);
            }
        }
        Ok(arguments)
    }

    /// `name =`
    fn keyword(&mut self) -> Option<String> {
        let (Kind::Name(name), Kind::Symbol("=")) = (&self.tokens.first()?.kind, &self.tokens.get(1)?.kind)
        else {
            return None;
        };
        let name = (*name).to_owned();
        self.skip(2);
        Some(name)
    }

    /// A filter, behind its bar.
    pub(super) fn filter(&mut self, of: Option<NodeId>) -> Result<NodeId, Problem> {
        let offset = self.offset();
        let name = self.dotted("the name of a filter")?;
        let arguments = if self.eats("(") {
            self.arguments()?
        } else {
            Arguments::default()
        };
        self.add(offset, Expression::Filter { of, name, arguments })
    }

    /// A test, behind its `is`.
    fn test(&mut self, of: NodeId, offset: u64) -> Result<NodeId, Problem> {
        let _ = self.eats_word("not");
        let name = self.dotted("the name of a test")?;
        let mut arguments = Arguments::default();
        if self.eats("(") {
            arguments = self.arguments()?;
        } else if self.sees_operand() {
            let primary = self.primary()?;
            arguments.positional.push(self.postfix(primary, false)?);
        }
        self.add(offset, Expression::Test { of, name, arguments })
    }

    /// Whether the argument of a test follows without parentheses. Any other word is one, even `if`.
    fn sees_operand(&self) -> bool {
        match self.tokens.first().map(|token| &token.kind) {
            Some(Kind::Name(name)) => !matches!(*name, "else" | "or" | "and" | "is"),
            Some(Kind::Literal(_)) => true,
            Some(Kind::Symbol(symbol)) => matches!(*symbol, "[" | "{"),
            None => false,
        }
    }

    fn dotted(&mut self, expected: &'static str) -> Result<String, Problem> {
        let mut name = self.word(expected)?.to_owned();
        while self.eats(".") {
            name.push('.');
            name.push_str(self.word(expected)?);
        }
        Ok(name)
    }

    /// What is assigned to: names separated by commas, in parentheses or not.
    pub(super) fn target(&mut self) -> Result<Target, Problem> {
        self.nested(|this| {
            let first = this.single_target()?;
            if !this.sees(",") {
                return Ok(first);
            }
            let mut targets = vec![first];
            while this.eats(",") {
                if !matches!(this.tokens.first(), Some(Token { kind: Kind::Name(name), .. }) if *name != "in")
                    && !this.sees("(")
                {
                    break;
                }
                targets.push(this.single_target()?);
            }
            Ok(Target::Tuple(targets))
        })
    }

    fn single_target(&mut self) -> Result<Target, Problem> {
        if let Some(close) = self.opens_target() {
            let inner = self.target()?;
            self.expect(close, "the end of a list of names")?;
            return Ok(inner);
        }
        let name = self.word("a name to assign to")?.to_owned();
        if self.eats(".") {
            let attribute = self.word("a name to assign to")?.to_owned();
            return Ok(Target::Attribute(name, attribute));
        }
        Ok(Target::Name(name))
    }

    fn opens_target(&mut self) -> Option<&'static str> {
        if self.eats("(") {
            Some(")")
        } else if self.eats("[") {
            Some("]")
        } else {
            None
        }
    }

    /// Parameters, behind their parenthesis.
    pub(super) fn parameters(&mut self) -> Result<Vec<Parameter>, Problem> {
        self.listed(")", |this| {
            let name = this.word("the name of a parameter")?.to_owned();
            let default = if this.eats("=") {
                Some(this.condition()?)
            } else {
                None
            };
            Ok(Parameter { name, default })
        })
    }

    pub(super) fn word(&mut self, expected: &'static str) -> Result<&'a str, Problem> {
        let Some((
            Token {
                kind: Kind::Name(name),
                ..
            },
            rest,
        )) = self.tokens.split_first()
        else {
            return Err(self.unexpected(expected));
        };
        self.tokens = rest;
        Ok(name)
    }

    pub(super) fn sees(&self, symbol: &str) -> bool {
        let is_it = |token: &Token<'_>| matches!(&token.kind, Kind::Symbol(found) if *found == symbol);
        self.tokens.first().is_some_and(is_it)
    }

    pub(super) fn eats(&mut self, symbol: &str) -> bool {
        let found = self.sees(symbol);
        if found {
            self.skip(1);
        }
        found
    }

    pub(super) fn eats_word(&mut self, word: &str) -> bool {
        let is_it = |token: &Token<'_>| matches!(&token.kind, Kind::Name(found) if *found == word);
        let found = self.tokens.first().is_some_and(is_it);
        if found {
            self.skip(1);
        }
        found
    }

    pub(super) fn expect(&mut self, symbol: &str, expected: &'static str) -> Result<(), Problem> {
        if self.eats(symbol) {
            Ok(())
        } else {
            Err(self.unexpected(expected))
        }
    }

    /// Refuses tokens that nobody read.
    pub(super) fn finish(&self) -> Result<(), Problem> {
        if self.tokens.is_empty() {
            Ok(())
        } else {
            Err(self.unexpected("the end of the tag"))
        }
    }

    pub(super) fn offset(&self) -> u64 {
        self.tokens.first().map_or(self.end, |token| token.offset)
    }

    pub(super) fn unexpected(&self, expected: &'static str) -> Problem {
        Problem::malformed(self.offset(), Fault::Unexpected { expected })
    }

    fn skip(&mut self, count: usize) {
        self.tokens = self.tokens.get(count..).unwrap_or_default();
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        self.depth = self.depth.saturating_add(1);
        within(
            "the depth of a template's expressions",
            self.depth,
            limit::DEPTH,
            self.offset(),
        )?;
        let result = read(self);
        self.depth = self.depth.saturating_sub(1);
        result
    }

    fn add(&mut self, offset: u64, expression: Expression) -> Result<NodeId, Problem> {
        let id = NodeId(self.nodes.len());
        within(
            "the number of a template's expressions",
            self.nodes.len() as u64,
            limit::NODES,
            offset,
        )?;
        self.nodes.push(Node { offset, expression });
        Ok(id)
    }
}

fn word(name: &str) -> Expression {
    Expression::Literal(match name {
        "true" | "True" => Literal::Bool(true),
        "false" | "False" => Literal::Bool(false),
        "none" | "None" => Literal::None,
        _ => return Expression::Name(name.to_owned()),
    })
}
