//! The few calls whose result is worked out: those that make names and nested streams out of constants.
//!
//! Results are bounded one by one and together ([`Values::MOST_MADE`]); beyond that a call gives something unknown.
//! A name that is made this way is known and still counts as computed: no pickler does that.

use base64::{Engine as _, alphabet, engine};

use super::{Value, Values, View, value::Global};
use crate::container::stream::{Kind, Packed};

/// What a call gives.
enum Made {
    Text(String),
    Bytes(Vec<u8>),
}

/// The result of calling `callable` with `args`, when it is a string of at most `most` bytes that can be told.
pub(super) fn call(values: &mut Values, callable: Value, args: Value, most: usize) -> Option<Value> {
    let (module, name) = values.global(callable).and_then(Global::resolved)?;
    let items = values.view(args).items()?;
    let made = work_out(values, module, name, items, most)?;
    let (bytes, is_text) = match &made {
        Made::Text(text) => (text.as_bytes(), true),
        Made::Bytes(bytes) => (bytes.as_slice(), false),
    };
    if bytes.len() > most {
        return None;
    }
    values.make(bytes, is_text)
}

fn work_out(values: &Values, module: &str, name: &str, args: &[Value], most: usize) -> Option<Made> {
    if !values.may_make() {
        return None;
    }
    let text = |index: usize| values.text(*args.get(index)?, most);
    let raw = |index: usize| raw(values, *args.get(index)?, most);
    let packed = |kind| Some(Made::Bytes(inflate(raw(0)?, kind, most)));
    match (module, name) {
        ("_codecs" | "codecs", "encode") => encode(&text(0)?, &text(1).unwrap_or_else(|| "utf8".to_owned())),
        ("_codecs" | "codecs", "decode") => decode(raw(0)?, &text(1).unwrap_or_else(|| "utf8".to_owned())),
        ("builtins", "bytes" | "bytearray") => match args {
            [_, _, ..] => encode(&text(0)?, &text(1)?),
            [list] => match values.view(*list) {
                View::Bytes => Some(Made::Bytes(raw(0)?)),
                _ => octets(values, *list).map(Made::Bytes),
            },
            [] => None,
        },
        ("builtins", "str") => match text(1) {
            Some(encoding) => decode(raw(0)?, &encoding),
            None => text(0).map(Made::Text),
        },
        ("builtins", "str.encode") => encode(&text(0)?, &text(1).unwrap_or_else(|| "utf8".to_owned())),
        ("builtins", "bytes.decode") => decode(raw(0)?, &text(1).unwrap_or_else(|| "utf8".to_owned())),
        ("builtins", "chr") => match values.view(*args.first()?) {
            View::Int(code) => Some(Made::Text(char::from_u32(u32::try_from(code).ok()?)?.to_string())),
            _ => None,
        },
        ("operator" | "_operator", "add" | "concat" | "iadd" | "iconcat") | ("builtins", "str.__add__") => {
            match (text(0), text(1)) {
                (Some(left), Some(right)) => Some(Made::Text(left + &right)),
                _ => Some(Made::Bytes([raw(0)?, raw(1)?].concat())),
            }
        }
        ("builtins", "str.join") => join(values, &text(0)?, *args.get(1)?, most),
        ("builtins", "str.replace") => replace(&text(0)?, &text(1)?, &text(2)?, most),
        ("builtins", "str.lower") => text(0).map(|text| Made::Text(text.to_lowercase())),
        ("builtins", "str.upper") => text(0).map(|text| Made::Text(text.to_uppercase())),
        ("builtins", "str.strip") => text(0).map(|text| Made::Text(text.trim().to_owned())),
        (
            "base64",
            "b64decode" | "standard_b64decode" | "urlsafe_b64decode" | "decodebytes" | "decodestring",
        )
        | ("binascii", "a2b_base64") => base64(&raw(0)?).map(Made::Bytes),
        ("base64", "b16decode")
        | ("binascii", "unhexlify" | "a2b_hex")
        | ("builtins", "bytes.fromhex" | "bytearray.fromhex") => hex(&raw(0)?).map(Made::Bytes),
        ("zlib", "decompress") => packed(Kind::Zlib),
        ("gzip", "decompress") => packed(Kind::Gzip),
        ("bz2", "decompress") => packed(Kind::Bzip2),
        ("lzma", "decompress") => {
            let bytes = raw(0)?;
            let kind = Kind::of(&bytes)?;
            Some(Made::Bytes(inflate(bytes, kind, most)))
        }
        _ => None,
    }
}

/// The bytes of a string; of text, its UTF-8.
fn raw(values: &Values, value: Value, most: usize) -> Option<Vec<u8>> {
    match values.view(value) {
        View::Text => values.text(value, most).map(String::into_bytes),
        View::Bytes => values.bytes(value)?.whole(most).ok()?,
        _ => None,
    }
}

fn inflate(bytes: Vec<u8>, kind: Kind, most: usize) -> Vec<u8> {
    Packed::stream(bytes.into(), kind).head(most)
}

/// The name of an encoding without the signs that Python ignores.
fn plain(encoding: &str) -> String {
    let letters = encoding.chars().filter(char::is_ascii_alphanumeric);
    letters
        .map(|letter| letter.to_ascii_lowercase())
        .take(16)
        .collect()
}

fn encode(text: &str, encoding: &str) -> Option<Made> {
    Some(match plain(encoding).as_str() {
        "latin1" | "iso88591" | "l1" | "8859" | "cp819" => {
            let bytes: Result<Vec<u8>, _> = text
                .chars()
                .map(|letter| u8::try_from(u32::from(letter)))
                .collect();
            Made::Bytes(bytes.ok()?)
        }
        "utf8" | "ascii" | "u8" | "usascii" => Made::Bytes(text.as_bytes().to_vec()),
        "rot13" => Made::Text(rot13(text)),
        _ => return None,
    })
}

fn decode(bytes: Vec<u8>, encoding: &str) -> Option<Made> {
    Some(match plain(encoding).as_str() {
        "latin1" | "iso88591" | "l1" | "8859" | "cp819" => Made::Text(super::literal::latin1(&bytes)),
        "utf8" | "ascii" | "u8" | "usascii" => Made::Text(String::from_utf8_lossy(&bytes).into_owned()),
        "rot13" => Made::Text(rot13(&String::from_utf8_lossy(&bytes))),
        "base64" | "base64codec" => Made::Bytes(base64(&bytes)?),
        "hex" | "hexcodec" => Made::Bytes(hex(&bytes)?),
        "zlib" | "zip" | "zlibcodec" => Made::Bytes(inflate(bytes, Kind::Zlib, 1 << 20)),
        "bz2" | "bz2codec" => Made::Bytes(inflate(bytes, Kind::Bzip2, 1 << 20)),
        _ => return None,
    })
}

fn rot13(text: &str) -> String {
    let turn = |letter: char| {
        let half = letter.to_ascii_lowercase();
        let step = match half {
            'a'..='m' => 13_u8.checked_add(u8::try_from(letter).unwrap_or_default()),
            'n'..='z' => u8::try_from(letter).unwrap_or_default().checked_sub(13),
            _ => None,
        };
        step.map_or(letter, char::from)
    };
    text.chars().map(turn).collect()
}

fn join(values: &Values, between: &str, list: Value, most: usize) -> Option<Made> {
    let mut joined = String::new();
    for (index, &item) in values.view(list).items()?.iter().enumerate() {
        if index > 0 {
            joined.push_str(between);
        }
        joined.push_str(&values.text(item, most)?);
        if joined.len() > most {
            return None;
        }
    }
    Some(Made::Text(joined))
}

fn replace(text: &str, from: &str, to: &str, most: usize) -> Option<Made> {
    let count = text.matches(from).count();
    let grown = count.saturating_mul(to.len()).saturating_add(text.len());
    (grown <= most).then(|| Made::Text(text.replace(from, to)))
}

fn octets(values: &Values, list: Value) -> Option<Vec<u8>> {
    let octet = |&item: &Value| match values.view(item) {
        View::Int(number) => u8::try_from(number).ok(),
        _ => None,
    };
    values.view(list).items()?.iter().map(octet).collect()
}

/// Decodes as lenient readers do: other characters are skipped, padding may be missing, both alphabets are known.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let letter = |&byte: &u8| match byte {
        b'-' => Some(b'+'),
        b'_' => Some(b'/'),
        byte if byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/' => Some(byte),
        _ => None,
    };
    let letters: Vec<u8> = text.iter().filter_map(letter).collect();
    let config = engine::GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(engine::DecodePaddingMode::Indifferent);
    engine::GeneralPurpose::new(&alphabet::STANDARD, config)
        .decode(letters)
        .ok()
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let digits: Option<Vec<u32>> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(digit)
        .collect();
    let pair = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high.checked_mul(16)?.checked_add(*low)?).ok(),
        _ => None,
    };
    digits?.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(made: Option<Made>) -> String {
        match made.unwrap() {
            Made::Text(text) => text,
            Made::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
        }
    }

    #[test]
    fn strings_are_decoded_as_python_would() {
        assert_eq!(base64(b"b3M=").unwrap(), b"os");
        assert_eq!(base64(b"b3\nM").unwrap(), b"os");
        assert_eq!(hex(b"6f 73").unwrap(), b"os");
        assert_eq!(hex(b"6"), None);
        assert_eq!(rot13("Bf-bf"), "Os-os");
        assert_eq!(made(encode("os", "Latin-1")), "os");
        assert!(encode("\u{100}", "latin1").is_none());
        assert_eq!(made(decode(b"b3M=".to_vec(), "base64")), "os");
        assert_eq!(made(replace("oxs", "x", "", 10)), "os");
        assert!(replace("xxxx", "x", "yyyy", 10).is_none(), "bounded");
    }
}
