//! The little of DER (X.690) that certificates, requests and timestamps need: values are written from the inside
//! out, and read one after the other. Long lengths and whole bit strings only.

/// A value of any tag.
pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut value = vec![tag];
    let length = content.len();
    if let Ok(short @ ..0x80) = u8::try_from(length) {
        value.push(short);
    } else {
        let bytes = length.to_be_bytes();
        let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
        value.push(0x80 | u8::try_from(bytes.len()).expect("a length has at most eight bytes"));
        value.extend_from_slice(bytes);
    }
    value.extend_from_slice(content);
    value
}

pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// A SET OF; DER wants its members in order.
pub(super) fn set(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    tlv(0x31, &parts.concat())
}

/// `[number]` around a value.
pub(super) fn explicit(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, content)
}

/// A whole number that is not negative, from its bytes.
pub(super) fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut digits = bytes[zeros.min(bytes.len().saturating_sub(1))..].to_vec();
    if digits.first().is_none_or(|first| *first >= 0x80) {
        digits.insert(0, 0);
    }
    tlv(0x02, &digits)
}

pub(super) fn boolean(value: bool) -> Vec<u8> {
    tlv(0x01, &[if value { 0xff } else { 0 }])
}

pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

pub(super) fn bits(content: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], content].concat())
}

pub(super) fn utf8(text: &str) -> Vec<u8> {
    tlv(0x0c, text.as_bytes())
}

/// An object identifier, from dots and numbers.
pub(super) fn oid(dotted: &str) -> Vec<u8> {
    let mut arcs = dotted
        .split('.')
        .map(|arc| arc.parse::<u32>().expect("an identifier is numbers"));
    let (first, second) = (arcs.next().unwrap_or(0), arcs.next().unwrap_or(0));
    let mut content = Vec::new();
    for arc in std::iter::once(40 * first + second).chain(arcs) {
        let mut groups = vec![low_bits(arc)];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push(0x80 | low_bits(rest));
            rest >>= 7;
        }
        content.extend(groups.into_iter().rev());
    }
    tlv(0x06, &content)
}

fn low_bits(number: u32) -> u8 {
    u8::try_from(number & 0x7f).expect("seven bits")
}

/// Seconds since 1970 as UTCTime, which certificates use until 2049.
pub(super) fn utc_time(seconds: i64) -> Vec<u8> {
    tlv(0x17, written(seconds, "%y%m%d%H%M%SZ").as_bytes())
}

/// Seconds since 1970 as GeneralizedTime.
pub(super) fn generalized_time(seconds: i64) -> Vec<u8> {
    tlv(0x18, written(seconds, "%Y%m%d%H%M%SZ").as_bytes())
}

/// A time in a form of `strftime`.
pub(super) fn written(seconds: i64, form: &str) -> String {
    let time = jiff::Timestamp::from_second(seconds).expect("a time of our days");
    time.strftime(form).to_string()
}

/// A value as it was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// With tag and length.
    pub(super) whole: &'a [u8],
}

/// Takes the first value off `input`.
pub(super) fn take<'a>(input: &mut &'a [u8]) -> Option<Value<'a>> {
    let (&tag, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.is_empty() || digits.len() > 4 {
            return None;
        }
        (
            digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)),
            rest,
        )
    };
    let (content, rest) = rest.split_at_checked(length)?;
    let whole = &input[..input.len() - rest.len()];
    *input = rest;
    Some(Value { tag, content, whole })
}

/// Takes the first value off `input`, if it has this tag.
pub(super) fn expect<'a>(input: &mut &'a [u8], tag: u8) -> Option<Value<'a>> {
    let mut ahead = *input;
    let value = take(&mut ahead).filter(|value| value.tag == tag)?;
    *input = ahead;
    Some(value)
}

/// `-----BEGIN …-----` with 64 columns.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let encoded = super::base64(der);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// The first block of a PEM text: its label and content.
pub(super) fn from_pem(text: &str) -> Option<(String, Vec<u8>)> {
    let (label, rest) = text.split_once("-----BEGIN ")?.1.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let body: String = body.split_whitespace().collect();
    Some((label.to_owned(), super::unbase64(&body)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_the_standards_examples() {
        assert_eq!(oid("1.2.840.113549"), [6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]);
        assert_eq!(integer(&[0, 0]), [2, 1, 0]);
        assert_eq!(integer(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(tlv(4, &[7; 200])[..3], [4, 0x81, 200]);
        assert_eq!(utc_time(0), tlv(0x17, b"700101000000Z"));
    }

    #[test]
    fn what_is_cut_short_is_not_read() {
        let whole = sequence(&[integer(&[5]), octets(&[1; 300])]);
        assert!(take(&mut &*whole).is_some_and(|value| value.whole == whole));
        for end in 0..whole.len() {
            assert!(take(&mut &whole[..end]).is_none(), "{end}");
        }
    }
}
