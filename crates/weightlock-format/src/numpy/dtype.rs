//! [`Layout`]: what one element of an array takes, and whether anything in it is an object.
//!
//! ```text
//! descr = string                                       a plain type: <f4, |O, <U10, <M8[ns]
//!       | [ (name, descr [, shape]) … ]                a structure; name may be (title, name)
//!       | (descr, shape)                               a subarray
//! ```

use super::{Fault, Literal};

/// Bytes of one element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Bytes of one element; `None` when they overflow or a type is not known.
    pub item_bytes: Option<u64>,
    /// Whether an object lies anywhere in it: the data is then a pickle.
    pub has_object: bool,
    /// Whether each type in it is known.
    pub is_known: bool,
}

/// A plain type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plain {
    /// Values of so many bytes.
    Bytes(u64),
    /// A Python object: the data is a pickle.
    Object,
}

impl Plain {
    /// The type that a string such as `<f4` names, with or without the order of bytes; `None` when it is not known.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim_start_matches(['<', '>', '=', '|']);
        let letters = name
            .find(|c: char| c.is_ascii_digit() || c == '[')
            .unwrap_or(name.len());
        let (kind, rest) = name.split_at_checked(letters)?;
        if !kind.is_empty() && rest.is_empty() {
            return Self::from_word(kind);
        }
        let (digits, unit) = rest.split_at_checked(rest.find('[').unwrap_or(rest.len()))?;
        if !unit.is_empty() && (!matches!(kind, "M" | "m") || !unit.ends_with(']')) {
            return None;
        }
        let count: u64 = digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse().ok())??;
        let bytes = match (kind, count) {
            ("O", 4 | 8) => return Some(Self::Object),
            ("b", 1) => 1,
            ("i" | "u", 1 | 2 | 4 | 8) | ("f", 2 | 4 | 8 | 10 | 12 | 16) | ("c", 8 | 16 | 20 | 24 | 32) => {
                count
            }
            ("M" | "m", 8) => 8,
            ("S" | "a" | "V", _) => count,
            ("U", _) => count.checked_mul(4)?,
            _ => return Self::from_word(name),
        };
        Some(Self::Bytes(bytes))
    }

    fn from_word(word: &str) -> Option<Self> {
        Some(Self::Bytes(match word {
            "O" | "object" | "object_" => return Some(Self::Object),
            "?" | "b" | "B" | "c" | "bool" | "bool_" | "int8" | "uint8" => 1,
            "h" | "H" | "e" | "int16" | "uint16" | "float16" => 2,
            "i" | "I" | "f" | "int32" | "uint32" | "float32" => 4,
            "q" | "Q" | "d" | "F" | "int64" | "uint64" | "float64" | "complex64" => 8,
            "D" | "complex128" => 16,
            "S" | "U" | "V" | "a" => 0,
            _ => return None,
        }))
    }
}

impl Layout {
    /// The layout that `descr` describes.
    ///
    /// # Errors
    /// When it is no description at all.
    pub fn of(descr: &Literal) -> Result<Self, Fault> {
        let mut layout = Self {
            item_bytes: Some(0),
            has_object: false,
            is_known: true,
        };
        // A structure takes the sum of its fields, and a subarray a multiple of its element: the order is all one.
        let mut open = vec![(descr, Some(1_u64))];
        while let Some((descr, times)) = open.pop() {
            match descr {
                Literal::Text(name) => layout.add(name, times),
                Literal::List(fields) => {
                    for field in fields {
                        let (inner, shape) = field_of(field)?;
                        open.push((inner, multiplied(times, shape)?));
                    }
                }
                Literal::Tuple(parts) => match parts.as_slice() {
                    [inner, shape] => open.push((inner, multiplied(times, Some(shape))?)),
                    _ => return Err(Fault::Descr),
                },
                _ => return Err(Fault::Descr),
            }
        }
        Ok(layout)
    }

    fn add(&mut self, name: &str, times: Option<u64>) {
        let bytes = match Plain::from_name(name) {
            Some(Plain::Bytes(bytes)) => times.and_then(|times| bytes.checked_mul(times)),
            Some(Plain::Object) => {
                self.has_object = true;
                None
            }
            None => {
                self.is_known = false;
                // `f4,O` and the like: several types in one string.
                self.has_object |= name
                    .split(',')
                    .any(|part| Plain::from_name(part.trim()) == Some(Plain::Object));
                None
            }
        };
        self.item_bytes = self
            .item_bytes
            .zip(bytes)
            .and_then(|(sum, bytes)| sum.checked_add(bytes));
    }
}

/// The type and the shape of a field `(name, type [, shape])`.
fn field_of(field: &Literal) -> Result<(&Literal, Option<&Literal>), Fault> {
    let (Literal::Tuple(parts) | Literal::List(parts)) = field else {
        return Err(Fault::Descr);
    };
    match parts.as_slice() {
        [name, inner] if is_name(name) => Ok((inner, None)),
        [name, inner, shape] if is_name(name) => Ok((inner, Some(shape))),
        _ => Err(Fault::Descr),
    }
}

fn is_name(name: &Literal) -> bool {
    match name {
        Literal::Text(_) => true,
        Literal::Tuple(parts) => matches!(parts.as_slice(), [_, Literal::Text(_)]),
        _ => false,
    }
}

fn multiplied(times: Option<u64>, shape: Option<&Literal>) -> Result<Option<u64>, Fault> {
    let Some(shape) = shape else {
        return Ok(times);
    };
    let count = match shape {
        Literal::Integer(count) => u64::try_from(*count).map_err(|_| Fault::Shape)?,
        shape => match elements(&dimensions(shape)?) {
            Some(count) => count,
            None => return Ok(None),
        },
    };
    Ok(times.and_then(|times| times.checked_mul(count)))
}

/// The dimensions that a tuple of integers states; one beyond 64 bits is as large as fits.
pub(super) fn dimensions(shape: &Literal) -> Result<Vec<u64>, Fault> {
    let (Literal::Tuple(sizes) | Literal::List(sizes)) = shape else {
        return Err(Fault::Shape);
    };
    let size = |size: &Literal| match size {
        Literal::Integer(size) if *size >= 0 => Ok(u64::try_from(*size).unwrap_or(u64::MAX)),
        _ => Err(Fault::Shape),
    };
    sizes.iter().map(size).collect()
}

/// The product of the dimensions, as NumPy can hold it; none for a product beyond 63 bits, even if one of the
/// dimensions is zero: readers multiply in this order.
#[must_use]
pub fn elements(shape: &[u64]) -> Option<u64> {
    let within = |count: &u64| i64::try_from(*count).is_ok();
    shape
        .iter()
        .try_fold(1_u64, |product, &size| product.checked_mul(size).filter(within))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numpy::literal;

    fn layout(descr: &str) -> Result<Layout, Fault> {
        Layout::of(&literal::parse(descr, 0).unwrap())
    }

    #[test]
    fn the_bytes_of_an_element_are_told() {
        for (descr, bytes) in [
            ("'<f4'", 4),
            ("'|b1'", 1),
            ("'?'", 1),
            ("'<U10'", 40),
            ("'|S0'", 0),
            ("'<M8[ns]'", 8),
            ("'<m8[25s]'", 8),
            ("'>c16'", 16),
            ("'float32'", 4),
            ("[('a', '<f4'), ('', '|V4'), (('title', 'b'), '<i8', (2, 3))]", 56),
            ("[('n', [('x', '|u1'), ('y', [('z', '<f8')])], (2,))]", 18),
            ("('<f4', (2, 2))", 16),
            ("('<f4', 3)", 12),
            ("[]", 0),
        ] {
            let expected = Layout {
                item_bytes: Some(bytes),
                has_object: false,
                is_known: true,
            };
            assert_eq!(layout(descr), Ok(expected), "{descr}");
        }
    }

    #[test]
    fn an_object_is_seen_wherever_it_lies() {
        for descr in [
            "'|O'",
            "'O'",
            "'O8'",
            "'object'",
            "[('a', '<f4'), ('b', '|O')]",
            "[('n', [('x', [('y', ('|O', (2,)))])])]",
            "('|O', (3,))",
            "'f4,O'",
            "[('a', '|O', (0,))]",
        ] {
            assert!(layout(descr).unwrap().has_object, "{descr}");
        }
    }

    #[test]
    fn what_is_not_known_has_no_size() {
        for descr in [
            "'zz'",
            "'<f3'",
            "'f4,i4'",
            "'(2,3)f4'",
            "''",
            "'<i'",
            "'M8[ns'",
            "'f4[ns]'",
        ] {
            let found = layout(descr).unwrap();
            assert!(found.item_bytes.is_none() || descr == "'<i'", "{descr}");
        }
        for descr in [
            "1",
            "{}",
            "[1]",
            "[('a',)]",
            "[(1, '<f4')]",
            "('<f4',)",
            "('<f4', 'x')",
            "('<f4', (-1,))",
        ] {
            assert!(layout(descr).is_err(), "{descr}");
        }
        let huge = layout("('<f8', (9223372036854775807, 2))").unwrap();
        assert_eq!(huge.item_bytes, None);
        assert_eq!(elements(&[1 << 40, 1 << 40, 0]), None);
        assert_eq!(elements(&[]), Some(1));
    }
}
