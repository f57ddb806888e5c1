//! Opcodes that push a constant.

use super::{Machine, Observer, broken};
use crate::{
    Error,
    pickle::{
        Fault, Op, Value, Values, What, abuse,
        literal::{self, Number},
    },
};

impl<O: Observer> Machine<'_, O> {
    pub(super) fn push_constant(&mut self, op: Op, at: u64) -> Result<(), Error> {
        let value = match op {
            Op::None => Value::NONE,
            Op::NewTrue => Value::bool(true),
            Op::NewFalse => Value::bool(false),
            Op::BinInt => Value::int(i64::from(i32::from_le_bytes(self.input.array()?))),
            Op::BinInt1 => Value::int(i64::from(u8::from_le_bytes(self.input.array()?))),
            Op::BinInt2 => Value::int(i64::from(u16::from_le_bytes(self.input.array()?))),
            Op::BinFloat => {
                self.input.take(8)?;
                Value::float()
            }
            Op::Int | Op::Long => self.text_number(op, at)?,
            Op::Float => self.text_float(at)?,
            Op::Long1 | Op::Long4 => self.long_number(op, at)?,
            Op::String | Op::Unicode => self.text_line(op, at)?,
            _ => self.counted(op, at)?,
        };
        self.stack.push(value);
        Ok(())
    }

    fn text_number(&mut self, op: Op, at: u64) -> Result<Value, Error> {
        let line = self.input.line()?;
        let length = line.length;
        if length == 0 {
            return Err(broken(at, Fault::EmptyLine(op)));
        }
        let parse = if op == Op::Int {
            literal::int
        } else {
            literal::long
        };
        let whole = length == line.head.len() as u64;
        let number = match parse(line.head) {
            Some(number) => number,
            None if whole => return Err(broken(at, Fault::Number(op))),
            // So long that only its start was read: a number, or the end of the stream.
            None => Number {
                value: None,
                plain: true,
            },
        };
        if length > abuse::DIGITS {
            let what = "a number in text with so many digits that reading it takes long";
            self.tell(op, at, What::Abuse { what, asked: length });
        }
        if !number.plain {
            self.unusual(op, at, "a number is not spelt in plain digits");
        }
        Ok(match number.value {
            Some(value @ (0 | 1)) if op == Op::Int && length == 2 => Value::bool(value == 1),
            Some(value) => Value::int(value),
            None => Value::long(),
        })
    }

    fn text_float(&mut self, at: u64) -> Result<Value, Error> {
        let line = self.input.line()?;
        let plain = literal::float(line.head).ok_or_else(|| broken(at, Fault::Number(Op::Float)))?;
        if !plain {
            self.unusual(Op::Float, at, "a number is not spelt plainly");
        }
        Ok(Value::float())
    }

    /// LONG1 and LONG4.
    fn long_number(&mut self, op: Op, at: u64) -> Result<Value, Error> {
        let count = if op == Op::Long1 {
            i64::from(u8::from_le_bytes(self.input.array()?))
        } else {
            i64::from(i32::from_le_bytes(self.input.array()?))
        };
        let count = u64::try_from(count).map_err(|_| broken(at, Fault::Range(op)))?;
        if count > abuse::LONG_BYTES {
            let what = "a huge integer";
            self.tell(op, at, What::Abuse { what, asked: count });
        }
        if count > 8 {
            self.input.skip(count, false)?;
            return Ok(Value::long());
        }
        let bytes = self.input.take(usize::try_from(count).unwrap_or_default())?;
        Ok(literal::little_endian(bytes).map_or_else(Value::long, Value::int))
    }

    /// STRING and UNICODE.
    fn text_line(&mut self, op: Op, at: u64) -> Result<Value, Error> {
        let line = self.input.line()?;
        if line.length > Values::MOST_STRING as u64 {
            return Ok(Values::far_text(at));
        }
        let fault = if op == Op::String {
            Fault::Quotes(op)
        } else {
            Fault::Range(op)
        };
        let text = literal::text(op, line.head).ok_or_else(|| broken(at, fault))?;
        Ok(self.values.add_text(text.as_bytes(), at))
    }

    /// Strings and bytes with a length before them.
    fn counted(&mut self, op: Op, at: u64) -> Result<Value, Error> {
        let bytes = self.input.take(op.length_bytes().unwrap_or_default())?;
        let mut length = [0; 8];
        for (to, from) in length.iter_mut().zip(bytes) {
            *to = *from;
        }
        let length = u64::from_le_bytes(length);
        let left = self.input.left();
        if length > left && length >= abuse::LENGTH {
            let what = "a length that makes unpicklers allocate far more than there is";
            self.tell(op, at, What::Abuse { what, asked: length });
        }
        if length > i64::MAX.cast_unsigned() {
            return Err(broken(at, Fault::Range(op)));
        }
        let is_text = !matches!(
            op,
            Op::ShortBinBytes | Op::BinBytes | Op::BinBytes8 | Op::ByteArray8
        );
        let short = usize::try_from(length)
            .ok()
            .filter(|&length| length <= Values::MOST_STRING);
        match short {
            Some(length) if is_text => self.short_text(op, length, at),
            Some(length) if length <= 64 && length as u64 <= left => {
                let bytes = self.input.take_copied(length)?;
                Ok(self.values.add_bytes(bytes, at))
            }
            _ => {
                self.input.skip(length, !is_text)?;
                Ok(if is_text {
                    Values::far_text(at)
                } else {
                    Values::far_bytes(at)
                })
            }
        }
    }

    fn short_text(&mut self, op: Op, length: usize, at: u64) -> Result<Value, Error> {
        let bytes = self.input.take(length)?;
        let old = matches!(op, Op::BinString | Op::ShortBinString);
        if bytes.is_ascii() || !old && std::str::from_utf8(bytes).is_ok() {
            return Ok(self.values.add_text(bytes, at));
        }
        let text = literal::text(op, bytes).unwrap_or_default();
        if !old && !is_surrogates(bytes) {
            self.unusual(op, at, "a text is not UTF-8");
        }
        Ok(self.values.add_text(text.as_bytes(), at))
    }
}

/// Whether bytes that are not UTF-8 may be so because of lone surrogates, which picklers write.
fn is_surrogates(bytes: &[u8]) -> bool {
    let surrogate = |window: &[u8]| matches!(window, [0xed, 0xa0..=0xbf, 0x80..=0xbf]);
    bytes.windows(3).any(surrogate)
}
