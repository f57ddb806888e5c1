//! Calls of harmless names that ask for more than any machine has: `list(itertools.count())`, `bytes(1 << 40)`.
//!
//! Nothing dangerous is imported, so the import policy has no word on them: what is judged is how much one call with
//! constant arguments makes.

use weightlock_format::pickle::{Value, Values, View};

/// What one call may make: bytes, or elements.
const MOST: u64 = 1 << 28;
/// Digits of the number that a fraction with an exponent stands for.
const MOST_DIGITS: u64 = 100_000;
/// Iterators around iterators that are looked through.
const MOST_WRAPPED: usize = 8;

/// What calling `module.name` with `args` makes, in words, and how much of it, if that is too much.
pub(super) fn of(module: &str, name: &str, args: Value, values: &Values) -> Option<(&'static str, u64)> {
    let items = values.view(args).items()?;
    let first = *items.first()?;
    let found = match (module, name) {
        ("builtins", "bytes" | "bytearray") => {
            let bytes = integer(first, values).map(|bytes| ("bytes that one call makes", bytes));
            bytes.or_else(|| elements(first, values))
        }
        ("builtins", "list" | "tuple" | "set" | "frozenset" | "dict")
        | ("collections", "deque" | "Counter" | "OrderedDict" | "UserList")
        | ("_collections", "deque") => elements(first, values),
        ("array", "array") => elements(*items.get(1)?, values),
        ("numpy", "ndarray") => shape(first, values),
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => shape(*items.get(1)?, values),
        ("numpy.core.multiarray" | "numpy._core.multiarray", "ndarray") => shape(first, values),
        ("fractions", "Fraction") => exponent(first, values)
            .filter(|&digits| digits > MOST_DIGITS)
            .map(|digits| ("digits of a fraction", digits.max(MOST))),
        _ => None,
    };
    found.filter(|&(_, asked)| asked >= MOST)
}

/// A number of things; of a number that does not fit, all there can be.
fn integer(value: Value, values: &Values) -> Option<u64> {
    match values.view(value) {
        View::Int(number) => Some(u64::try_from(number).unwrap_or(0)),
        View::Long => Some(u64::MAX),
        _ => None,
    }
}

/// How many elements an iterator gives that a container is made of.
fn elements(value: Value, values: &Values) -> Option<(&'static str, u64)> {
    let mut over = value;
    for _ in 0..MOST_WRAPPED {
        let View::Instance(instance) = values.view(over) else {
            return None;
        };
        let (module, name) = values.global(instance.callable)?.resolved()?;
        let args = values.view(instance.args).items().unwrap_or_default();
        match (module, name) {
            ("itertools", "count") => return Some(("elements of an endless iterator", u64::MAX)),
            ("itertools", "cycle") if args.first().is_some_and(|&over| !is_empty(over, values)) => {
                return Some(("elements of an endless iterator", u64::MAX));
            }
            ("itertools", "repeat") => {
                let times = args
                    .get(1)
                    .map_or(Some(u64::MAX), |&times| integer(times, values))?;
                return Some(("elements of an iterator", times));
            }
            ("builtins", "range") => return Some(("elements of a range", range(args, values)?)),
            ("itertools", "chain") | ("builtins", "enumerate" | "reversed" | "zip") => over = *args.last()?,
            _ => return None,
        }
    }
    None
}

fn is_empty(value: Value, values: &Values) -> bool {
    values.view(value).items().is_some_and(<[_]>::is_empty)
}

/// The length of a range of these arguments.
fn range(args: &[Value], values: &Values) -> Option<u64> {
    let number = |value: &Value| match values.view(*value) {
        View::Int(number) => i128::from(number),
        View::Long => i128::from(i64::MAX),
        _ => 0,
    };
    let (start, stop, step) = match args {
        [stop] => (0, number(stop), 1),
        [start, stop] => (number(start), number(stop), 1),
        [start, stop, step] => (number(start), number(stop), number(step)),
        _ => return None,
    };
    let length = stop.checked_sub(start)?.checked_div(step)?;
    Some(u64::try_from(length.max(0)).unwrap_or(u64::MAX))
}

/// The elements of an array of that shape.
fn shape(value: Value, values: &Values) -> Option<(&'static str, u64)> {
    let product = match values.view(value) {
        View::Tuple(sizes) | View::List(sizes) => {
            let factors = sizes.kept.iter().map(|&size| integer(size, values).unwrap_or(1));
            factors.fold(1_u64, u64::saturating_mul)
        }
        _ => integer(value, values)?,
    };
    // Arrays that a pickle fills afterwards are made empty.
    Some(("elements of an array that one call makes", product))
}

/// The exponent of a number in text, or in a decimal that is made of text.
fn exponent(value: Value, values: &Values) -> Option<u64> {
    let text = match values.view(value) {
        View::Instance(instance) => {
            let args = values.view(instance.args).items()?;
            values.text(*args.first()?, 200)?
        }
        _ => values.text(value, 200)?,
    };
    let (_, digits) = text.rsplit_once(['e', 'E'])?;
    let digits = digits.trim_start_matches(['+', '-']).replace('_', "");
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}
