//! Calls and operators whose result is known without running anything: the handful that build or decode text.
//!
//! `'os'` can be written `'so'[::-1]`, `chr(111) + 's'`, `''.join(['o', 's'])`, `b64decode('b3M=').decode()`. Results
//! are bounded, and all of them together by [`Fuel`]; beyond that they are unknown, and still known to be assembled.

use base64::{Engine as _, alphabet, engine};

use super::value::{Origin, Value, What};

/// Bytes that may still be produced.
#[derive(Debug)]
pub(super) struct Fuel {
    /// Of one result.
    pub(super) one: usize,
    /// Of all together.
    pub(super) all: usize,
}

impl Fuel {
    fn burn(&mut self, bytes: usize) -> Option<()> {
        if bytes > self.one {
            return None;
        }
        self.all = self.all.checked_sub(bytes.saturating_add(1))?;
        Some(())
    }

    fn text(&mut self, text: String, origin: Origin) -> Option<Value> {
        self.burn(text.len())?;
        Some(Value::text(text).with(origin))
    }

    fn bytes(&mut self, bytes: Vec<u8>, origin: Origin) -> Option<Value> {
        self.burn(bytes.len())?;
        Some(Value::bytes(bytes).with(origin))
    }
}

/// `left + right`.
pub(super) fn add(left: &Value, right: &Value, fuel: &mut Fuel) -> Option<Value> {
    let origin = left.origin.and(right.origin).and(Origin::ASSEMBLED);
    match (&left.what, &right.what) {
        (What::Text(a), What::Text(b)) => {
            fuel.burn(a.len().saturating_add(b.len()))?;
            fuel.text([&**a, &**b].concat(), origin)
        }
        (What::Tail(a), What::Text(b)) => {
            fuel.burn(a.len().saturating_add(b.len()))?;
            Some(Value::from(What::Tail([&**a, &**b].concat().into())).with(origin))
        }
        (What::Bytes(a), What::Bytes(b)) => {
            fuel.burn(a.len().saturating_add(b.len()))?;
            fuel.bytes([&**a, &**b].concat(), origin)
        }
        (What::Number(a), What::Number(b)) => {
            Some(Value::from(What::Number(a.checked_add(*b)?)).with(origin))
        }
        (What::Items(a), What::Items(b)) if a.len().saturating_add(b.len()) <= MOST_ITEMS => {
            fuel.burn(a.len().saturating_add(b.len()).saturating_mul(16))?;
            Some(Value::items([&**a, &**b].concat()).with(origin))
        }
        _ => None,
    }
}

/// `left - right`, `left ^ right`, `left * right` of numbers, `text * number`, `text % values`.
pub(super) fn arithmetic(symbol: char, left: &Value, right: &Value, fuel: &mut Fuel) -> Option<Value> {
    let origin = left.origin.and(right.origin).and(Origin::ASSEMBLED);
    let number = match (&left.what, symbol, &right.what) {
        (What::Number(a), '-', What::Number(b)) => a.checked_sub(*b)?,
        (What::Number(a), '^', What::Number(b)) => a ^ b,
        (What::Number(a), '*', What::Number(b)) => a.checked_mul(*b)?,
        (What::Text(text), '*', What::Number(count)) => {
            let count = usize::try_from(*count).unwrap_or(0);
            fuel.burn(text.len().saturating_mul(count))?;
            return fuel.text(text.repeat(count), origin);
        }
        (What::Text(pattern), '%', values) => {
            let values = match values {
                What::Items(items) => &**items,
                _ => std::slice::from_ref(right),
            };
            let mut pieces = pattern.split("%s");
            let mut text = pieces.next()?.to_owned();
            for (piece, value) in pieces.zip(values) {
                text.push_str(&shown(value)?);
                text.push_str(piece);
            }
            return fuel.text(text, origin);
        }
        _ => return None,
    };
    Some(Value::from(What::Number(number)).with(origin))
}

/// Elements of a list that are kept.
pub(super) const MOST_ITEMS: usize = 1024;

/// What a call of the function `name` gives.
pub(super) fn call(name: &str, arguments: &[Value], fuel: &mut Fuel) -> Option<Value> {
    let first = arguments.first();
    let origin = arguments
        .iter()
        .fold(Origin::ASSEMBLED, |all, value| all.and(value.origin));
    let decoded = origin.and(Origin::DECODED);
    match name {
        "builtins.chr" => {
            let code = u32::try_from(number(first?)?).ok()?;
            fuel.text(char::from_u32(code)?.to_string(), origin)
        }
        "builtins.ord" => {
            let code = first?.as_text()?.chars().next()?;
            Some(Value::from(What::Number(i64::from(u32::from(code)))).with(origin))
        }
        "builtins.str" | "builtins.bytes" | "builtins.bytearray" => match &first?.what {
            What::Text(_) | What::Bytes(_) if arguments.len() == 1 => Some(first?.clone()),
            What::Bytes(bytes) => fuel.text(std::str::from_utf8(bytes).ok()?.to_owned(), origin),
            What::Text(text) => fuel.bytes(text.as_bytes().to_vec(), origin),
            What::Items(items) => fuel.bytes(octets(items)?, origin),
            _ => None,
        },
        "builtins.list" | "builtins.tuple" | "builtins.set" | "builtins.iter" => match &first?.what {
            What::Items(_) => first.cloned(),
            What::Text(text) => {
                fuel.burn(text.len().saturating_mul(16))?;
                let letters = text
                    .chars()
                    .take(MOST_ITEMS)
                    .map(|letter| Value::text(letter.to_string()).with(origin));
                Some(Value::items(letters.collect()))
            }
            _ => None,
        },
        "io.BytesIO" | "io.StringIO" => match &first?.what {
            What::Text(_) | What::Bytes(_) => first.cloned(),
            _ => None,
        },
        "builtins.reversed" => method(first?, "[::-1]", &[], fuel),
        "builtins.map" => {
            let (What::Global(function), What::Items(items)) = (&first?.what, &arguments.get(1)?.what) else {
                return None;
            };
            let results: Option<Vec<Value>> = items
                .iter()
                .map(|item| pure(function, std::slice::from_ref(item), fuel))
                .collect();
            Some(Value::items(results?).with(origin))
        }
        "base64.b64decode"
        | "base64.standard_b64decode"
        | "base64.urlsafe_b64decode"
        | "base64.decodebytes"
        | "binascii.a2b_base64" => fuel.bytes(base64(&raw(first?)?)?, decoded),
        "base64.b16decode"
        | "binascii.unhexlify"
        | "binascii.a2b_hex"
        | "builtins.bytes.fromhex"
        | "builtins.bytearray.fromhex" => fuel.bytes(hex(&raw(first?)?)?, decoded),
        "codecs.decode" | "codecs.encode" => recode(first?, arguments.get(1)?.as_text()?, decoded, fuel),
        _ => None,
    }
}

/// As [`call`], for the functions that cannot nest.
fn pure(name: &str, arguments: &[Value], fuel: &mut Fuel) -> Option<Value> {
    (name == "builtins.chr" || name == "builtins.str" || name == "builtins.ord")
        .then(|| call(name, arguments, fuel))?
}

/// What calling the method `name` of `object` gives; `[::-1]` is the reversed object.
pub(super) fn method(object: &Value, name: &str, arguments: &[Value], fuel: &mut Fuel) -> Option<Value> {
    let origin = arguments
        .iter()
        .fold(object.origin.and(Origin::ASSEMBLED), |all, value| {
            all.and(value.origin)
        });
    let text_of = |at: usize| arguments.get(at).and_then(Value::as_text);
    match (&object.what, name) {
        (What::Text(text), "[::-1]") => fuel.text(text.chars().rev().collect(), origin),
        (What::Bytes(bytes), "[::-1]") => fuel.bytes(bytes.iter().rev().copied().collect(), origin),
        (What::Items(items), "[::-1]") => {
            fuel.burn(items.len().saturating_mul(16))?;
            Some(Value::items(items.iter().rev().cloned().collect()).with(origin))
        }
        // Of a file in memory.
        (What::Text(_) | What::Bytes(_), "read" | "getvalue" | "getbuffer") => Some(object.clone()),
        (What::Text(separator), "join") => {
            let What::Items(items) = &arguments.first()?.what else {
                return None;
            };
            let pieces: Option<Vec<&str>> = items.iter().map(Value::as_text).collect();
            let pieces = pieces?;
            let bytes = pieces
                .iter()
                .map(|piece| piece.len().saturating_add(separator.len()));
            fuel.burn(bytes.fold(0, usize::saturating_add))?;
            fuel.text(pieces.join(separator), origin)
        }
        (What::Text(text), "replace") => {
            let (from, to) = (text_of(0)?, text_of(1)?);
            fuel.burn(text.len().saturating_add(1).saturating_mul(to.len().max(1)))?;
            fuel.text(text.replace(from, to), origin)
        }
        (What::Text(text), "lower" | "casefold") => fuel.text(text.to_lowercase(), origin),
        (What::Text(text), "upper") => fuel.text(text.to_uppercase(), origin),
        (What::Text(text), "swapcase") => fuel.text(text.chars().map(swapped).collect(), origin),
        (What::Text(text), "strip") => {
            let unwanted = text_of(0).unwrap_or(" \t\n\r");
            fuel.text(
                text.trim_matches(|letter| unwanted.contains(letter)).to_owned(),
                origin,
            )
        }
        (What::Text(text), "split") => {
            let pieces: Vec<Value> = match text_of(0).filter(|separator| !separator.is_empty()) {
                Some(separator) => text.split(separator).take(MOST_ITEMS).map(Value::text).collect(),
                None => text
                    .split_whitespace()
                    .take(MOST_ITEMS)
                    .map(Value::text)
                    .collect(),
            };
            fuel.burn(text.len().saturating_mul(4))?;
            Some(Value::items(pieces).with(origin))
        }
        (What::Text(pattern), "format") => {
            let mut text = String::new();
            let mut values = arguments.iter();
            for (at, piece) in pattern.split("{}").enumerate() {
                if at > 0 {
                    text.push_str(&shown(values.next()?)?);
                }
                text.push_str(piece);
            }
            fuel.text(text, origin)
        }
        (What::Text(text), "encode") => match text_of(0) {
            Some(name) if is_rot13(name) => recode(object, name, origin.and(Origin::DECODED), fuel),
            _ => fuel.bytes(text.as_bytes().to_vec(), object.origin),
        },
        (What::Bytes(bytes), "decode") => {
            fuel.text(std::str::from_utf8(bytes).ok()?.to_owned(), object.origin)
        }
        _ => None,
    }
}

/// `object[index]` and `object[from:to]` with a step of 1.
pub(super) fn slice(object: &Value, from: Option<i64>, to: Option<i64>, fuel: &mut Fuel) -> Option<Value> {
    let origin = object.origin.and(Origin::ASSEMBLED);
    let bound = |at: i64, length: usize| {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let at = if at < 0 { at.saturating_add(length) } else { at };
        usize::try_from(at.clamp(0, length)).unwrap_or(0)
    };
    match &object.what {
        What::Text(text) => {
            fuel.burn(text.len())?;
            let letters: Vec<char> = text.chars().collect();
            let start = from.map_or(0, |at| bound(at, letters.len()));
            let end = to.map_or(letters.len(), |at| bound(at, letters.len()));
            fuel.text(letters.get(start..end)?.iter().collect(), origin)
        }
        What::Bytes(bytes) => {
            let start = from.map_or(0, |at| bound(at, bytes.len()));
            let end = to.map_or(bytes.len(), |at| bound(at, bytes.len()));
            fuel.bytes(bytes.get(start..end)?.to_vec(), origin)
        }
        _ => None,
    }
}

fn number(value: &Value) -> Option<i64> {
    match value.what {
        What::Number(number) => Some(number),
        _ => None,
    }
}

/// How a value shows in a text.
pub(super) fn shown(value: &Value) -> Option<String> {
    match &value.what {
        What::Text(text) => Some(text.to_string()),
        What::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn raw(value: &Value) -> Option<Vec<u8>> {
    match &value.what {
        What::Text(text) => Some(text.as_bytes().to_vec()),
        What::Bytes(bytes) => Some(bytes.to_vec()),
        _ => None,
    }
}

fn octets(items: &[Value]) -> Option<Vec<u8>> {
    items
        .iter()
        .map(|item| u8::try_from(number(item)?).ok())
        .collect()
}

/// Decodes as lenient readers do: white space is skipped, padding may be missing, both alphabets are known.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let plain: Vec<u8> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace() && **byte != b'=')
        .map(|&byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => byte,
        })
        .collect();
    let config = engine::GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(engine::DecodePaddingMode::Indifferent);
    engine::GeneralPurpose::new(&alphabet::STANDARD, config)
        .decode(plain)
        .ok()
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|&byte| char::from(byte).to_digit(16))
        .collect();
    let octet = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high.checked_mul(16)?.checked_add(*low)?).ok(),
        _ => None,
    };
    digits?.chunks(2).map(octet).collect()
}

fn is_rot13(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().replace(['-', '_'], "").as_str(),
        "rot13"
    )
}

fn recode(value: &Value, name: &str, origin: Origin, fuel: &mut Fuel) -> Option<Value> {
    match name.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
        "rot13" => {
            let shift = |letter: char| match letter {
                'a'..='m' | 'A'..='M' => char::from_u32(u32::from(letter).saturating_add(13)),
                'n'..='z' | 'N'..='Z' => char::from_u32(u32::from(letter).saturating_sub(13)),
                _ => Some(letter),
            };
            fuel.text(value.as_text()?.chars().filter_map(shift).collect(), origin)
        }
        "base64" | "base64codec" => fuel.bytes(base64(&raw(value)?)?, origin),
        "hex" | "hexcodec" => fuel.bytes(hex(&raw(value)?)?, origin),
        "utf8" | "ascii" | "latin1" => method(value, "decode", &[], fuel),
        _ => None,
    }
}

fn swapped(letter: char) -> char {
    if letter.is_ascii_lowercase() {
        letter.to_ascii_uppercase()
    } else {
        letter.to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fuel() -> Fuel {
        Fuel {
            one: 1000,
            all: 100_000,
        }
    }

    #[test]
    fn text_is_put_together_as_python_would() {
        let fuel = &mut fuel();
        let text = |value: Option<Value>| value.and_then(|value| value.as_text().map(str::to_owned));
        let of = |text: &str| Value::text(text);
        assert_eq!(text(add(&of("o"), &of("s"), fuel)).unwrap(), "os");
        assert_eq!(text(method(&of("so"), "[::-1]", &[], fuel)).unwrap(), "os");
        assert_eq!(
            text(call("builtins.chr", &[What::Number(111).into()], fuel)).unwrap(),
            "o"
        );
        let decoded = call("base64.b64decode", &[of("b3M")], fuel).unwrap();
        assert!(decoded.origin.has(Origin::DECODED));
        assert_eq!(text(method(&decoded, "decode", &[], fuel)).unwrap(), "os");
        assert_eq!(
            text(call("codecs.decode", &[of("bf"), of("rot13")], fuel)).unwrap(),
            "os"
        );
        let codes = Value::items(vec![What::Number(111).into(), What::Number(115).into()]);
        let letters = call(
            "builtins.map",
            &[What::Global("builtins.chr".into()).into(), codes],
            fuel,
        )
        .unwrap();
        assert_eq!(text(method(&of(""), "join", &[letters], fuel)).unwrap(), "os");
        assert_eq!(text(arithmetic('%', &of("%ss"), &of("o"), fuel)).unwrap(), "os");
        assert_eq!(text(slice(&of("x-os-y"), Some(2), Some(-2), fuel)).unwrap(), "os");
        assert_eq!(
            call("builtins.bytes.fromhex", &[of("6f73")], fuel).unwrap().what,
            What::Bytes((*b"os").into())
        );
    }

    #[test]
    fn results_are_bounded() {
        let fuel = &mut fuel();
        let long = Value::text("a".repeat(900));
        assert_eq!(add(&long, &long, fuel), None);
        assert_eq!(
            arithmetic('*', &Value::text("ab"), &What::Number(i64::MAX).into(), fuel),
            None
        );
        assert_eq!(
            method(&long, "replace", &[Value::text("a"), long.clone()], fuel),
            None
        );
        let spent = (0..1000)
            .filter(|_| add(&long, &Value::text("b"), fuel).is_some())
            .count();
        assert!(spent < 100, "{spent}");
    }
}
