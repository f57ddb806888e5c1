//! joblib: a pickle with arrays between its opcodes. <https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle.py>
//!
//! ```text
//! array   = wrapper BUILD [ pad:u8 0xff{pad} ] itemsize × count bytes       plain elements
//!         | wrapper BUILD pickle                                            objects
//! wrapper = NumpyArrayWrapper(subclass, shape, order, dtype, allow_mmap [, numpy_array_alignment_bytes])
//!         | NDArrayWrapper(filename, subclass, allow_mmap)                  the array is in another file
//!         | ZNDArrayWrapper(filename, init_args, state)                     the same, compressed
//! ```
//!
//! joblib's unpickler looks at what a BUILD gave its state to; the bytes behind it are none of the pickle's. Which
//! attribute counts follows Python: those of the last BUILD over those of the constructor. Where shape or type cannot
//! be told, nothing is skipped, so that the reader of opcodes fails there instead of guessing.

use std::ops::Range;

use crate::{
    content::Content,
    numpy::{elements, pickled},
    pickle::{Instance, Value, Values, View},
};

/// The wrappers.
const CLASSES: &[&str] = &["NDArrayWrapper", "NumpyArrayWrapper", "ZNDArrayWrapper"];

/// What follows the BUILD of a wrapper.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wrapper {
    /// Padding, then the elements of an array.
    Values {
        /// The length of the padding and the padding.
        padding: Range<u64>,
        /// The elements.
        data: Range<u64>,
    },
    /// A pickle of an array of objects.
    Pickle,
    /// Nothing: the array is in another file, which is looked for beside this one.
    External {
        /// The name of the other file; `None` when it is not known.
        filename: Option<String>,
    },
    /// What follows cannot be told: shape or type are not known, or contradict each other.
    Unknown,
}

/// Bytes of a file name that are kept.
const NAME_BYTES: usize = 4096;
/// Modules in which joblib defines its wrappers, or did.
const MODULES: &[&str] = &[
    "joblib.numpy_pickle",
    "joblib.numpy_pickle_compat",
    "sklearn.externals.joblib.numpy_pickle",
    "sklearn.externals.joblib.numpy_pickle_compat",
];

/// Whether `name` in `module` is a wrapper.
#[must_use]
pub fn is_wrapper(module: &str, name: &str) -> bool {
    MODULES.contains(&module) && CLASSES.contains(&name)
}

/// What follows the BUILD that ended at `next` and gave `object` its `state`; `None` when `object` is no wrapper.
#[must_use]
pub fn wrapper(
    content: &Content,
    values: &Values,
    object: Value,
    state: Value,
    next: u64,
) -> Option<Wrapper> {
    let View::Instance(instance) = values.view(object) else {
        return None;
    };
    let attributes = Attributes {
        values,
        state,
        instance,
    };
    Some(match class(values, instance)? {
        "NumpyArrayWrapper" => inline(content, &attributes, next).unwrap_or(Wrapper::Unknown),
        _ => Wrapper::External {
            filename: attributes
                .get("filename", 0)
                .and_then(|name| values.text(name, NAME_BYTES)),
        },
    })
}

/// The wrapper's class that an object was made of, by whichever way.
fn class<'a>(values: &'a Values, instance: &Instance) -> Option<&'a str> {
    let name = |value: Value| match values.global(value)?.resolved()? {
        (module, name) if is_wrapper(module, name) => Some(name),
        _ => None,
    };
    // `copyreg._reconstructor(class, object, None)` has the class as its first argument.
    let argument = || name(*values.view(instance.args).items()?.first()?);
    name(instance.callable).or_else(argument)
}

/// The attributes of a wrapper.
struct Attributes<'a> {
    values: &'a Values,
    state: Value,
    instance: &'a Instance,
}

impl Attributes<'_> {
    /// The attribute `name`, which the constructor takes at `position`.
    fn get(&self, name: &str, position: usize) -> Option<Value> {
        // A state of two is one of attributes and one of slots; the latter is set last.
        let stated = match self.values.view(self.state) {
            View::Tuple(parts) => parts
                .kept
                .iter()
                .rev()
                .find_map(|&part| self.values.item(part, name)),
            _ => self.values.item(self.state, name),
        };
        let named = || self.values.item(self.instance.kwargs, name);
        let positional = || {
            self.values
                .view(self.instance.args)
                .items()?
                .get(position)
                .copied()
        };
        stated.or_else(named).or_else(positional)
    }
}

fn inline(content: &Content, attributes: &Attributes<'_>, next: u64) -> Option<Wrapper> {
    let values = attributes.values;
    // From here on one value stands for many: what is found need not be this wrapper's.
    if values.is_full() {
        return None;
    }
    let layout = pickled::layout(values, attributes.get("dtype", 3)?).filter(|layout| layout.is_known)?;
    if layout.has_object {
        return Some(Wrapper::Pickle);
    }
    let size = |&value: &Value| match values.view(value) {
        View::Int(size) => u64::try_from(size).ok(),
        _ => None,
    };
    let shape = match values.view(attributes.get("shape", 1)?) {
        View::Tuple(sizes) | View::List(sizes) => sizes.kept.iter().map(size).collect::<Option<Vec<_>>>()?,
        _ => return None,
    };
    let bytes = elements(&shape)?.checked_mul(layout.item_bytes?)?;
    let is_aligned = match attributes
        .get("numpy_array_alignment_bytes", 5)
        .map(|value| values.view(value))
    {
        Some(View::Int(_) | View::Bool(_)) => true,
        None | Some(View::None) => false,
        Some(_) => return None,
    };
    let start = match is_aligned {
        true => next
            .checked_add(1)?
            .checked_add(u64::from(*content.read(next, 1).ok()?.first()?))?,
        false => next,
    };
    Some(Wrapper::Values {
        padding: next..start,
        data: start..start.checked_add(bytes)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        limits::{Budget, Limits},
        pickle::{Event, Frames, Inline, Observer, Stream, read},
    };

    /// Follows wrappers, and keeps what they were.
    struct Follower<'a> {
        content: &'a Content,
        seen: Vec<Wrapper>,
    }

    impl Observer for Follower<'_> {
        fn see(&mut self, _: &Event, _: &Values) {}

        fn after_build(&mut self, object: Value, state: Value, next: u64, values: &Values) -> Inline {
            let Some(wrapper) = wrapper(self.content, values, object, state, next) else {
                return Inline::Opcodes;
            };
            let inline = match &wrapper {
                Wrapper::Values { data, .. } => Inline::Data(data.end - next),
                Wrapper::Pickle => Inline::Pickle,
                _ => Inline::Opcodes,
            };
            self.seen.push(wrapper);
            inline
        }
    }

    fn run(pickle: &[u8]) -> (Vec<Wrapper>, Stream) {
        let content = Content::from(pickle.to_vec());
        let mut follower = Follower {
            content: &content,
            seen: Vec::new(),
        };
        let limits = Limits::default();
        let mut budget = Budget::new(&limits);
        let stream = read(
            &content,
            0,
            Frames::default(),
            &limits,
            &mut budget,
            &mut follower,
        )
        .unwrap();
        (follower.seen, stream)
    }

    fn text(text: &str) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap();
        [&b"X"[..], &length.to_le_bytes(), text.as_bytes()].concat()
    }

    /// A type as NumPy pickles it.
    fn dtype(name: &str, itemsize: i32, flags: u8) -> Vec<u8> {
        let state = [
            &b"(K\x03"[..],
            &text("<"),
            b"NNNJ",
            &itemsize.to_le_bytes(),
            b"J\xff\xff\xff\xffK",
            &[flags],
            b"t",
        ];
        [
            &b"cnumpy\ndtype\n"[..],
            &text(name),
            b"\x89\x88\x87R",
            &state.concat(),
            b"b",
        ]
        .concat()
    }

    fn wrapped(dtype: &[u8], shape: &[u8], alignment: &[u8]) -> Vec<u8> {
        let state = [
            &b"}("[..],
            &text("shape"),
            shape,
            &text("dtype"),
            dtype,
            alignment,
            b"u",
        ]
        .concat();
        [
            &b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81"[..],
            &state,
            b"b",
        ]
        .concat()
    }

    #[test]
    fn arrays_are_skipped_exactly() {
        let aligned = [text("numpy_array_alignment_bytes"), b"K\x10".to_vec()].concat();
        for (dtype, shape, bytes) in [
            (dtype("f4", -1, 0), &b"K\x02K\x03\x86"[..], 24),
            (dtype("f8", -1, 0), b")", 8),
            (dtype("U3", 12, 8), b"K\x02\x85", 24),
            (dtype("V7", 7, 16), b"K\x02\x85", 14),
            (dtype("i8", -1, 0), b"K\x00\x85", 0),
        ] {
            let plain = [
                &b"\x80\x02"[..],
                &wrapped(&dtype, shape, b""),
                &vec![0xff; bytes],
                b".",
            ]
            .concat();
            let (seen, stream) = run(&plain);
            assert!(stream.broken.is_none(), "{stream:?}");
            assert!(
                matches!(&seen[..], [Wrapper::Values { data, .. }] if data.end - data.start == bytes as u64)
            );
            let padded = [
                &b"\x80\x02"[..],
                &wrapped(&dtype, shape, &aligned),
                &[3, 0xff, 0xff, 0xff],
                &vec![0xff; bytes],
                b".",
            ];
            let (seen, stream) = run(&padded.concat());
            assert!(stream.broken.is_none(), "{stream:?}");
            assert!(
                matches!(&seen[..], [Wrapper::Values { padding, .. }] if padding.end - padding.start == 4)
            );
        }
    }

    #[test]
    fn objects_are_a_pickle_of_their_own() {
        let file = [
            &b"\x80\x02"[..],
            &wrapped(&dtype("O8", -1, 63), b"K\x01\x85", b""),
            b"\x80\x02K\x01.",
            b".",
        ]
        .concat();
        let (seen, stream) = run(&file);
        assert_eq!(seen, [Wrapper::Pickle]);
        assert!(stream.root.is_some() && stream.range.end == file.len() as u64);
    }

    #[test]
    fn what_cannot_be_told_is_not_skipped() {
        for (dtype, shape) in [
            (dtype("zz", -1, 0), &b"K\x02\x85"[..]),
            (dtype("O8", -1, 0), b"K\x02\x85"),
            (b"N".to_vec(), b"K\x02\x85"),
            (dtype("f4", -1, 0), b"J\xff\xff\xff\xff\x85"),
            (dtype("f4", -1, 0), b"N"),
            (
                dtype("f4", -1, 0),
                b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x0fK\x7f\x86",
            ),
        ] {
            let (seen, _) = run(&[&b"\x80\x02"[..], &wrapped(&dtype, shape, b""), b"."].concat());
            assert_eq!(seen, [Wrapper::Unknown]);
        }
    }

    #[test]
    fn other_files_are_named() {
        for class in ["NDArrayWrapper", "ZNDArrayWrapper"] {
            let global = format!("cjoblib.numpy_pickle_compat\n{class}\n");
            let state = [&b"}"[..], &text("filename"), &text("../x.npy"), b"s"].concat();
            for made in [&b")\x81"[..], b")R"] {
                let (seen, _) = run(&[&b"\x80\x02"[..], global.as_bytes(), made, &state, b"b."].concat());
                let filename = Some("../x.npy".to_owned());
                assert_eq!(seen, [Wrapper::External { filename }]);
            }
        }
        let (seen, _) = run(b"\x80\x02cjoblib.numpy_pickle\nNumpyPickler\n)\x81}b.");
        assert_eq!(seen, []);
    }
}
