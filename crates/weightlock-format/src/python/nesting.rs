//! How deep a source text can nest, told from its tokens before a parser sees it.
//!
//! The parser that is used is recursive, and so is dropping its tree. It guards its own recursion, but not the trees
//! that it builds in loops: `a.b.c…`, `a + b + c…`, `f()()()…` nest one level a token. The measure here is an upper
//! bound for both:
//!
//! ```text
//! measure = 2 × indentation + Σ over open brackets of (1 + operators and keywords since the last comma there
//!                                                        + every `lambda` there)
//! ```
//!
//! A comma ends what an expression can nest, except that the parameters of a `lambda` go on behind it.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// The measure of `source`, or the first value beyond `limit`.
pub(super) fn measure(source: &str, limit: u64) -> u64 {
    let mut lexer = lexer::lex(source, Mode::Module);
    let mut nesting = Nesting::default();
    let mut greatest = 0;
    loop {
        let kind = lexer.next_token();
        if kind == TokenKind::EndOfFile || greatest > limit {
            return greatest;
        }
        nesting.add(kind);
        greatest = greatest.max(nesting.total);
    }
}

/// What is open at one bracket.
#[derive(Clone, Copy, Default)]
struct Level {
    operators: u64,
    lambdas: u64,
}

#[derive(Default)]
struct Nesting {
    /// Outside all brackets.
    ground: Level,
    brackets: Vec<Level>,
    total: u64,
}

impl Nesting {
    fn add(&mut self, kind: TokenKind) {
        use TokenKind as T;
        match kind {
            T::Lpar | T::Lsqb | T::Lbrace | T::FStringStart | T::TStringStart => {
                // A bracket behind an operand is an operator too: a call, a subscript.
                self.operator();
                self.brackets.push(Level::default());
                self.total = self.total.saturating_add(1);
            }
            T::Rpar | T::Rsqb | T::Rbrace | T::FStringEnd | T::TStringEnd => {
                if let Some(level) = self.brackets.pop() {
                    let closed = level.operators.saturating_add(level.lambdas).saturating_add(1);
                    self.total = self.total.saturating_sub(closed);
                }
            }
            T::Comma | T::Semi => {
                let level = self.level();
                let ended = std::mem::take(&mut level.operators);
                self.total = self.total.saturating_sub(ended);
            }
            T::Newline if self.brackets.is_empty() => {
                let ground = std::mem::take(&mut self.ground);
                self.total = self
                    .total
                    .saturating_sub(ground.operators.saturating_add(ground.lambdas));
            }
            T::Indent => self.total = self.total.saturating_add(2),
            T::Dedent => self.total = self.total.saturating_sub(2),
            T::Lambda => {
                let level = self.level();
                level.lambdas = level.lambdas.saturating_add(1);
                self.total = self.total.saturating_add(1);
            }
            T::Name | T::Int | T::Float | T::Complex | T::String | T::FStringMiddle | T::TStringMiddle => {}
            T::None | T::True | T::False | T::Ellipsis => {}
            T::Comment | T::NonLogicalNewline | T::Newline => {}
            _ => self.operator(),
        }
    }

    fn operator(&mut self) {
        let level = self.level();
        level.operators = level.operators.saturating_add(1);
        self.total = self.total.saturating_add(1);
    }

    fn level(&mut self) -> &mut Level {
        self.brackets.last_mut().unwrap_or(&mut self.ground)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str) -> u64 {
        measure(source, u64::MAX)
    }

    #[test]
    fn whatever_nests_is_counted() {
        for unit in [
            "(",
            "[",
            "{",
            "f(",
            "-",
            "not ",
            "lambda: ",
            "lambda a, b: ",
            "lambda a=",
            "await ",
            "a.b.",
            "a + ",
            "2 ** ",
            "x if y else ",
            "a[0]",
            "f()",
            "f'{",
        ] {
            assert!(of(&unit.repeat(1000)) >= 1000, "{unit}");
        }
        let blocks: String = (0..100)
            .map(|depth| format!("{}if x:\n", " ".repeat(depth)))
            .collect();
        assert!(of(&blocks) >= 200);
    }

    #[test]
    fn what_is_flat_is_not() {
        for unit in [
            "x = a + b\n",
            "a, ",
            "'a' ",
            "f(a.b, c + d), ",
            "x: int = 3; ",
            "{'a': b.c}, ",
        ] {
            assert!(of(&unit.repeat(1000)) < 20, "{unit}");
        }
        assert!(of(&format!("x = [{}]", "-1.5, ".repeat(1000))) < 20);
        assert!(of(&format!("x = {{{}}}", "'a': f(1), ".repeat(1000))) < 20);
    }
}
