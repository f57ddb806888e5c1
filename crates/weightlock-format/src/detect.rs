//! [`Format`]: what a file is by its bytes, never by its name.
//!
//! Loaders sniff: `torch.load` opens a zip, a legacy stream, a tar or a bare pickle under any name. So the name is
//! no evidence. Where no magic number exists (pickle protocols 0 and 1, protobuf, JSON, text) the rule is the
//! plausibility of the first bytes, and it errs towards the more dangerous reading.

use std::{fmt, io::BufRead as _};

use serde::Serialize;

use crate::{content::Content, pickle};

/// Bytes of the start of a file that [`Format::of`] makes use of; more do not hurt.
pub const HEAD_BYTES: usize = 4096;
/// Bytes of the end of a file in which [`Format::of_tail`] finds the end of a zip archive with any comment.
pub const TAIL_BYTES: usize = 65_535 + 22;

/// What a file is by its content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Format {
    /// safetensors.
    Safetensors,
    /// GGUF.
    Gguf,
    /// GGML, GGMF, GGJT: the forerunners of GGUF.
    Ggml,
    /// A zip archive: PyTorch, Keras 3, NumPy `.npz`, or any other.
    Zip,
    /// A Python pickle.
    Pickle,
    /// A NumPy array.
    Numpy,
    /// HDF5.
    Hdf5,
    /// ONNX, by the first fields of its protocol buffer.
    Onnx,
    /// A TensorFlow SavedModel or graph, by the first fields of its protocol buffer.
    TensorFlow,
    /// A serialized R object.
    Rds,
    /// A serialized Torch7 object.
    Torch7,
    /// MessagePack, as Flax writes checkpoints.
    Msgpack,
    /// UBJSON, as XGBoost writes models.
    Ubjson,
    /// A CatBoost model.
    #[serde(rename = "catboost")]
    CatBoost,
    /// A model of Rockchip's toolkit, which is not read.
    Rknn,
    /// A TensorRT engine, which is not read.
    #[serde(rename = "tensorrt")]
    TensorRt,
    /// A model of the Cognitive Toolkit, which is not read.
    Cntk,
    /// A store of Orbax checkpoints, which is not read.
    Ocdbt,
    /// The index of a checkpoint of TensorFlow, by its last bytes.
    TensorBundle,
    /// A Core ML model, by the fields of its protocol buffer.
    #[serde(rename = "coreml")]
    CoreMl,
    /// The weights of a Core ML program, by their headers.
    #[serde(rename = "coreml-weights")]
    CoreMlWeights,
    /// A SentencePiece model, by the fields of its protocol buffer.
    #[serde(rename = "sentencepiece")]
    SentencePiece,
    /// A TensorFlow Lite flatbuffer.
    TfLite,
    /// An ExecuTorch program.
    ExecuTorch,
    /// Arrays of MXNet.
    Mxnet,
    /// Arrays of Paddle.
    Paddle,
    /// An ELF executable or library.
    Elf,
    /// A Windows executable or library.
    Pe,
    /// A macOS executable or library, or Java class file, which shares a magic number with it.
    MachO,
    /// WebAssembly.
    Wasm,
    /// A script that names its interpreter.
    Script,
    /// Compiled Python.
    Pyc,
    /// gzip.
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz or lzma.
    Xz,
    /// Zstandard.
    Zstd,
    /// LZ4.
    Lz4,
    /// zlib without a container, as joblib writes it.
    Zlib,
    /// 7z.
    SevenZip,
    /// tar.
    Tar,
    /// RAR.
    Rar,
    /// A Windows cabinet.
    Cab,
    /// An object that begins like JSON.
    Json,
    /// XML.
    Xml,
    /// A picture: PNG, JPEG, GIF, WebP, BMP.
    Image,
    /// Sound, film, a picture of a rarer kind, a font, a table of records.
    Media,
    /// PDF.
    Pdf,
    /// UTF-8 text without control characters.
    Text,
    /// No bytes at all.
    Empty,
    /// None of these.
    Unknown,
}

/// Magic numbers at the very start, longer ones before their prefixes.
const MAGIC: &[(&[u8], Format)] = &[
    (b"CBM1", Format::CatBoost),
    (b"RKNN", Format::Rknn),
    (b"ptrt", Format::TensorRt),
    (b"ftrt", Format::TensorRt),
    (b"B\0C\0N\0", Format::Cntk),
    (b"\x0c\xdb\x3a\x2a", Format::Ocdbt),
    (b"GGUF", Format::Gguf),
    (b"lmgg", Format::Ggml),
    (b"fmgg", Format::Ggml),
    (b"tjgg", Format::Ggml),
    (b"algg", Format::Ggml),
    (b"PK\x03\x04", Format::Zip),
    (b"PK\x05\x06", Format::Zip),
    (b"PK\x07\x08", Format::Zip),
    (b"\x93NUMPY", Format::Numpy),
    (b"\x89HDF\r\n\x1a\n", Format::Hdf5),
    (b"\x7fELF", Format::Elf),
    (b"\xfe\xed\xfa\xce", Format::MachO),
    (b"\xfe\xed\xfa\xcf", Format::MachO),
    (b"\xce\xfa\xed\xfe", Format::MachO),
    (b"\xcf\xfa\xed\xfe", Format::MachO),
    (b"\xca\xfe\xba\xbe", Format::MachO),
    (b"\xca\xfe\xba\xbf", Format::MachO),
    (b"\0asm", Format::Wasm),
    (b"MZ", Format::Pe),
    (b"#!", Format::Script),
    (b"\x1f\x8b", Format::Gzip),
    (b"BZh", Format::Bzip2),
    (b"\xfd7zXZ\0", Format::Xz),
    (b"\x5d\0\0", Format::Xz),
    (b"\x28\xb5\x2f\xfd", Format::Zstd),
    (b"\x04\x22\x4d\x18", Format::Lz4),
    (b"7z\xbc\xaf\x27\x1c", Format::SevenZip),
    (b"Rar!\x1a\x07", Format::Rar),
    (b"MSCF\0\0\0\0", Format::Cab),
    (b"ZF0x", Format::Zlib),
    (b"MZqFpD=", Format::Pe),
    (crate::ndarrays::MXNET_MAGIC, Format::Mxnet),
    (b"%PDF-", Format::Pdf),
    (b"\x89PNG\r\n\x1a\n", Format::Image),
    (b"\xff\xd8\xff", Format::Image),
    (b"GIF8", Format::Image),
    (b"BM", Format::Image),
];

/// Magic numbers behind the start.
const MAGIC_AT: &[(usize, &[u8], Format)] = &[
    (4, b"TFL3", Format::TfLite),
    (4, b"ET12", Format::ExecuTorch),
    (8, b"WEBP", Format::Image),
    (257, b"ustar", Format::Tar),
];

/// How sound, film, rarer pictures, fonts and tables begin, and where: too few bytes to be believed before anything else.
const MEDIA: &[(usize, &[u8])] = &[
    (0, b"\0\0\x01\0"),
    (0, b"P5\n"),
    (0, b"P6\n"),
    (0, b"II*\0"),
    (0, b"MM\0*"),
    (0, b"ID3"),
    (0, b"\xff\xfb"),
    (0, b"fLaC"),
    (0, b"OggS\0"),
    (0, b"\0\x01\0\0\0"),
    (0, b"OTTO\0"),
    (0, b"wOFF"),
    (0, b"wOF2"),
    (0, b"SQLite format 3\0"),
    (0, b"PAR1"),
    (0, b"ARROW1\0\0"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n"),
    (4, b"ftyp"),
    (8, b"WAVE"),
];

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "GGUF",
            Self::Ggml => "GGML",
            Self::Zip => "a zip archive",
            Self::Pickle => "a pickle",
            Self::Numpy => "a NumPy array",
            Self::Hdf5 => "HDF5",
            Self::Onnx => "ONNX",
            Self::TensorFlow => "a TensorFlow graph",
            Self::TensorBundle => "the index of a TensorFlow checkpoint",
            Self::CoreMl => "a Core ML model",
            Self::CoreMlWeights => "the weights of a Core ML model",
            Self::SentencePiece => "a SentencePiece model",
            Self::TfLite => "TensorFlow Lite",
            Self::ExecuTorch => "an ExecuTorch program",
            Self::Rds => "an R object",
            Self::Torch7 => "a Torch7 object",
            Self::Msgpack => "MessagePack",
            Self::Ubjson => "UBJSON",
            Self::CatBoost => "a CatBoost model",
            Self::Rknn => "an RKNN model",
            Self::TensorRt => "a TensorRT engine",
            Self::Cntk => "a CNTK model",
            Self::Ocdbt => "an OCDBT store",
            Self::Mxnet => "arrays of MXNet",
            Self::Paddle => "arrays of Paddle",
            Self::Elf => "an ELF program",
            Self::Pe => "a Windows program",
            Self::MachO => "a Mach-O program or Java class",
            Self::Wasm => "WebAssembly",
            Self::Script => "a script",
            Self::Pyc => "compiled Python",
            Self::Gzip => "a gzip stream",
            Self::Bzip2 => "a bzip2 stream",
            Self::Xz => "an xz stream",
            Self::Zstd => "a zstd stream",
            Self::Lz4 => "an LZ4 stream",
            Self::Zlib => "a zlib stream",
            Self::SevenZip => "a 7z archive",
            Self::Tar => "a tar archive",
            Self::Rar => "a RAR archive",
            Self::Cab => "a cabinet",
            Self::Json => "JSON",
            Self::Xml => "XML",
            Self::Image => "a picture",
            Self::Media => "sound, film, a picture, a font or a table",
            Self::Pdf => "PDF",
            Self::Text => "text",
            Self::Empty => "nothing",
            Self::Unknown => "of no known format",
        })
    }
}

impl Format {
    /// Every format, in the order above.
    pub const ALL: [Self; 50] = [
        Self::Safetensors,
        Self::Gguf,
        Self::Ggml,
        Self::Zip,
        Self::Pickle,
        Self::Numpy,
        Self::Hdf5,
        Self::Onnx,
        Self::TensorFlow,
        Self::Rds,
        Self::Torch7,
        Self::Msgpack,
        Self::Ubjson,
        Self::CatBoost,
        Self::Rknn,
        Self::TensorRt,
        Self::Cntk,
        Self::Ocdbt,
        Self::TensorBundle,
        Self::CoreMl,
        Self::CoreMlWeights,
        Self::SentencePiece,
        Self::TfLite,
        Self::ExecuTorch,
        Self::Mxnet,
        Self::Paddle,
        Self::Elf,
        Self::Pe,
        Self::MachO,
        Self::Wasm,
        Self::Script,
        Self::Pyc,
        Self::Gzip,
        Self::Bzip2,
        Self::Xz,
        Self::Zstd,
        Self::Lz4,
        Self::Zlib,
        Self::SevenZip,
        Self::Tar,
        Self::Rar,
        Self::Cab,
        Self::Json,
        Self::Xml,
        Self::Image,
        Self::Media,
        Self::Pdf,
        Self::Text,
        Self::Empty,
        Self::Unknown,
    ];

    /// Its name in JSON, policies and flags.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "gguf",
            Self::Ggml => "ggml",
            Self::Zip => "zip",
            Self::Pickle => "pickle",
            Self::Numpy => "numpy",
            Self::Hdf5 => "hdf5",
            Self::Onnx => "onnx",
            Self::TensorFlow => "tensor-flow",
            Self::Rds => "rds",
            Self::Torch7 => "torch7",
            Self::Msgpack => "msgpack",
            Self::Ubjson => "ubjson",
            Self::CatBoost => "catboost",
            Self::Rknn => "rknn",
            Self::TensorRt => "tensorrt",
            Self::Cntk => "cntk",
            Self::Ocdbt => "ocdbt",
            Self::TensorBundle => "tensor-bundle",
            Self::CoreMl => "coreml",
            Self::CoreMlWeights => "coreml-weights",
            Self::SentencePiece => "sentencepiece",
            Self::TfLite => "tf-lite",
            Self::ExecuTorch => "execu-torch",
            Self::Mxnet => "mxnet",
            Self::Paddle => "paddle",
            Self::Elf => "elf",
            Self::Pe => "pe",
            Self::MachO => "mach-o",
            Self::Wasm => "wasm",
            Self::Script => "script",
            Self::Pyc => "pyc",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Zlib => "zlib",
            Self::SevenZip => "seven-zip",
            Self::Tar => "tar",
            Self::Rar => "rar",
            Self::Cab => "cab",
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Image => "image",
            Self::Media => "media",
            Self::Pdf => "pdf",
            Self::Text => "text",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
        }
    }

    /// What the file is that begins with `head`: give [`HEAD_BYTES`] bytes, or all of a smaller file.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        if head.is_empty() {
            return Self::Empty;
        }
        // Formats without a magic number come in the order of how surely they are told.
        [
            by_magic,
            safetensors,
            rds,
            torch7,
            binary_pickle,
            pyc,
            zlib,
            text_pickle,
            textual,
            protobuf,
            paddle,
            old_tar,
            media,
        ]
        .into_iter()
        .find_map(|rule| rule(head))
        .unwrap_or(Self::Unknown)
    }

    /// What `content` is. Unlike [`Format::of`] this looks at all of it where the first bytes are no evidence: printable
    /// opcodes of a pickle, and blanks in front of JSON or XML, can be as many as one likes.
    ///
    /// # Errors
    /// What reading raises.
    pub fn of_content(content: &Content) -> std::io::Result<Self> {
        let head = content.read(0, HEAD_BYTES)?;
        let format = Self::of(&head);
        if format != Self::Text || head.len() as u64 == content.size() {
            return Ok(format);
        }
        if pickle::is_text_stream(content)? {
            return Ok(Self::Pickle);
        }
        let blank = leading_blanks(content)?;
        if blank == 0 {
            return Ok(format);
        }
        // What is no text behind blanks is what nobody reads; the text ends there then.
        Ok(textual(&content.read(blank, HEAD_BYTES)?).unwrap_or(format))
    }

    /// What else the file is that ends with `tail`: a zip archive can follow anything, and zip readers look for it
    /// at the end. Give [`TAIL_BYTES`] bytes, or all of a smaller file.
    #[must_use]
    pub fn of_tail(tail: &[u8]) -> Option<Self> {
        let end_record = |window: &[u8]| window == b"PK\x05\x06";
        tail.windows(4).any(end_record).then_some(Self::Zip)
    }

    /// Whether loading the format can run code, or whether it is code.
    #[must_use]
    pub const fn is_code(self) -> bool {
        matches!(
            self,
            Self::Elf | Self::Pe | Self::MachO | Self::Wasm | Self::Script | Self::Pyc | Self::Pickle
        )
    }

    /// The name of a format that is recognised and not read.
    #[must_use]
    pub const fn unread_name(self) -> Option<&'static str> {
        Some(match self {
            Self::Rknn => "a model of Rockchip's toolkit (RKNN)",
            Self::TensorRt => "a TensorRT engine",
            Self::Cntk => "a model of the Cognitive Toolkit (CNTK)",
            Self::Rar => "a RAR archive",
            Self::Cab => "a cabinet",
            Self::Pdf => "PDF",
            Self::Ocdbt => "a store of Orbax checkpoints (OCDBT)",
            _ => return None,
        })
    }

    /// Whether it holds other files or streams.
    #[must_use]
    pub const fn is_container(self) -> bool {
        matches!(self, Self::Zip | Self::Tar | Self::SevenZip) || self.is_compressed()
    }

    /// Whether it is one compressed stream.
    #[must_use]
    pub const fn is_compressed(self) -> bool {
        matches!(
            self,
            Self::Gzip | Self::Bzip2 | Self::Xz | Self::Zstd | Self::Lz4 | Self::Zlib
        )
    }
}

fn by_magic(head: &[u8]) -> Option<Format> {
    let at_start = MAGIC
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|&(_, format)| format);
    let found = at_start.or_else(|| {
        let at = |&&(offset, magic, _): &&(usize, &[u8], Format)| {
            head.get(offset..).is_some_and(|rest| rest.starts_with(magic))
        };
        MAGIC_AT.iter().find(at).map(|&(_, _, format)| format)
    })?;
    // Two letters are few: text may begin with them too.
    let is_short =
        head.starts_with(b"BM") || head.starts_with(b"MZ") && !head.starts_with(b"MZqFpD=") && head.len() > 2;
    (!is_short || !is_text(head)).then_some(found)
}

/// A plausible length, then a JSON object; or an object with a key where one belongs, whatever the length says.
fn safetensors(head: &[u8]) -> Option<Format> {
    let (length, rest) = head.split_first_chunk::<8>()?;
    let plausible =
        (2..=crate::safetensors::limit::FORMAT_HEADER_BYTES).contains(&u64::from_le_bytes(*length));
    // No writer puts anything before the object, and readers of JSON skip blanks.
    let bare = rest
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(rest)
        .trim_ascii_start();
    let object = bare.first() == Some(&b'{') && bare.get(1).is_none_or(|byte| b"\" \t\r\n}".contains(byte));
    let keyed = rest.starts_with(b"{\"") && !is_text(length);
    (plausible && object || keyed).then_some(Format::Safetensors)
}

fn rds(head: &[u8]) -> Option<Format> {
    crate::rds::begins(head).then_some(Format::Rds)
}

fn torch7(head: &[u8]) -> Option<Format> {
    crate::torch7::begins(head).then_some(Format::Torch7)
}

/// Protocol 2 and later begin with an opcode that states it.
fn binary_pickle(head: &[u8]) -> Option<Format> {
    let is_pickle = match head {
        [0x80, 0..=5, ..] => true,
        // A protocol that does not exist, which some readers accept.
        [0x80, _, rest @ ..] => pickle::is_head(rest),
        _ => false,
    };
    is_pickle.then_some(Format::Pickle)
}

/// The magic number of a CPython version, then `\r\n`.
fn pyc(head: &[u8]) -> Option<Format> {
    matches!(head, [_, 0x01..=0x20 | 0xf2..=0xf3, b'\r', b'\n', _, 0, 0, 0, ..]).then_some(Format::Pyc)
}

/// Compression method 8 with a header checksum that holds.
fn zlib(head: &[u8]) -> Option<Format> {
    let (&[method, flags], _) = head.split_first_chunk::<2>()?;
    let is_header = matches!(method, 0x18 | 0x28 | 0x38 | 0x48 | 0x58 | 0x68 | 0x78);
    let checks = u16::from_be_bytes([method, flags]).checked_rem(31) == Some(0);
    // `(S` is a header that checks, and how a pickle of a tuple of strings begins.
    let is_stream = is_header && checks && flags & 0x20 == 0 && !is_text(head);
    (is_stream && (method == 0x78 || !pickle::is_head(head))).then_some(Format::Zlib)
}

/// Protocols 0 and 1 begin with any opcode: the machine tells how far it gets.
fn text_pickle(head: &[u8]) -> Option<Format> {
    pickle::is_head(head).then_some(Format::Pickle)
}

fn textual(head: &[u8]) -> Option<Format> {
    if !is_text(head) {
        return None;
    }
    let text = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    Some(match text {
        [b'{', rest @ ..] if matches!(rest.trim_ascii_start().first(), None | Some(b'"' | b'}')) => {
            Format::Json
        }
        [b'[', rest @ ..] if is_json_value(rest.trim_ascii_start()) => Format::Json,
        // ONNX in its own syntax begins with a list in angle brackets.
        [b'<', b'?' | b'!' | b'a'..=b'z' | b'A'..=b'Z', ..] if !text.starts_with(b"<ir_version") => {
            Format::Xml
        }
        _ => Format::Text,
    })
}

/// Bytes before the first letter of a text: a byte order mark and blanks.
fn leading_blanks(content: &Content) -> std::io::Result<u64> {
    let mut cursor = content.cursor();
    if content.read(0, 3)? == b"\xef\xbb\xbf" {
        cursor.set_offset(3);
    }
    loop {
        let window = cursor.fill_buf()?;
        let length = window.len();
        let blanks = window
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        cursor.consume(blanks);
        if blanks < length || length == 0 {
            return Ok(cursor.offset());
        }
    }
}

fn is_json_value(rest: &[u8]) -> bool {
    let is_word = |word: &&[u8]| {
        rest.strip_prefix(*word)
            .is_some_and(|behind| matches!(behind.trim_ascii_start(), [] | [b',' | b']', ..]))
    };
    matches!(rest, [] | [b'{' | b'[' | b'"' | b']' | b'-' | b'0'..=b'9', ..])
        || [&b"null"[..], b"true", b"false", b"NaN", b"Infinity"]
            .iter()
            .any(is_word)
}

/// Whether the bytes are UTF-8 without control characters other than white space. A character cut off by the end
/// of `head` is forgiven.
fn is_text(head: &[u8]) -> bool {
    let end = match std::str::from_utf8(head) {
        Ok(_) => head.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return false,
    };
    let is_control = |&byte: &u8| byte < 0x20 && !b"\t\n\r\x0c".contains(&byte);
    end > 0 && !head.get(..end).unwrap_or_default().iter().any(is_control)
}

/// ONNX begins with its version (field 1, number) and producer (field 2, text) or graph (field 7); TensorFlow's
/// SavedModel with its version (field 1, number 1) and a graph (field 2), its graphs with a node (field 1, message
/// that holds a name).
fn protobuf(head: &[u8]) -> Option<Format> {
    match head {
        [0x08, 0x01, 0x12, _, _, 0x0a | 0x12, ..] | [0x08, 0x01, 0x12, _, _, _, 0x0a | 0x12, ..] => {
            Some(Format::TensorFlow)
        }
        [0x08, 0x01..=0x40, 0x12 | 0x3a | 0x1a | 0x42, ..] => Some(Format::Onnx),
        [0x0a, length, 0x0a, name, ..] if name < length => Some(Format::TensorFlow),
        _ => None,
    }
}

fn paddle(head: &[u8]) -> Option<Format> {
    crate::ndarrays::is_paddle(head).then_some(Format::Paddle)
}

fn media(head: &[u8]) -> Option<Format> {
    let is_there = |&(at, magic): &(usize, &[u8])| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
    MEDIA.iter().any(is_there).then_some(Format::Media)
}

/// A tar without `ustar`: a name, then octal numbers, with a checksum that holds.
fn old_tar(head: &[u8]) -> Option<Format> {
    let block = head.get(..512)?;
    let stated = std::str::from_utf8(block.get(148..156)?)
        .ok()?
        .trim_matches(['\0', ' ']);
    let stated = u32::from_str_radix(stated, 8).ok()?;
    let byte = |(at, &byte): (usize, &u8)| {
        if (148..156).contains(&at) {
            32
        } else {
            u32::from(byte)
        }
    };
    let sum = block.iter().enumerate().map(byte).fold(0_u32, u32::wrapping_add);
    (sum == stated && block.first() != Some(&0)).then_some(Format::Tar)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_format_has_the_word_of_its_json() {
        for format in Format::ALL {
            assert_eq!(serde_json::to_value(format).unwrap(), format.word());
        }
        // Every variant is listed once: a word of its own for each line of the list.
        let words: std::collections::BTreeSet<_> = Format::ALL.iter().map(|format| format.word()).collect();
        let variants = include_str!("detect.rs")
            .split("pub enum Format {")
            .nth(1)
            .unwrap();
        let variants = variants.split("\n}\n").next().unwrap();
        let count = variants
            .lines()
            .filter(|line| line.ends_with(',') && !line.contains(['#', '/']))
            .count();
        assert_eq!((words.len(), count), (Format::ALL.len(), Format::ALL.len()));
    }

    #[test]
    fn content_decides() {
        let tar = {
            let mut block = [0_u8; 512];
            block[0] = b'a';
            block[148..156].copy_from_slice(b"000541\0 ");
            block
        };
        for (head, format) in [
            (&b""[..], Format::Empty),
            (b"GGUF\x03\0\0\0", Format::Gguf),
            (b"PK\x03\x04\x14\0", Format::Zip),
            (b"\x18\0\0\0\0\0\0\0{\"a\":", Format::Safetensors),
            (b"\xff\xff\xff\xff\xff\xff\xff\x7f{\"a\":", Format::Safetensors),
            (b"a word: {\"a\":", Format::Text),
            (b"\x80\x04\x95", Format::Pickle),
            (b"\x80\x02}q\0.", Format::Pickle),
            (b"cos\nsystem\n(S'echo'\ntR.", Format::Pickle),
            (b"(S'echo'\nios\nsystem\n.", Format::Pickle),
            (b"(dp0\nS'a'\n", Format::Pickle),
            (b"(lp0\n", Format::Pickle),
            (b"]q\0.", Format::Pickle),
            (b"\x93NUMPY\x01\0", Format::Numpy),
            (b"\x89HDF\r\n\x1a\n", Format::Hdf5),
            (b"\x08\x08\x12\x07pytorch", Format::Onnx),
            (b"\x08\x01\x12\x80\x02\x0a\x05", Format::TensorFlow),
            (b"\x1c\0\0\0TFL3", Format::TfLite),
            (b"\x7fELF\x02", Format::Elf),
            (b"MZ\x90\0\x03", Format::Pe),
            (b"MZ", Format::Pe),
            (b"\xcf\xfa\xed\xfe\x07", Format::MachO),
            (b"\0asm\x01", Format::Wasm),
            (b"#!/bin/sh\n", Format::Script),
            (b"\xf3\x0d\r\n\0\0\0\0", Format::Pyc),
            (b"\xa7\x0d\r\n\0\0\0\0", Format::Pyc),
            (b"\x1f\x8b\x08", Format::Gzip),
            (b"BZh9", Format::Bzip2),
            (b"\xfd7zXZ\0", Format::Xz),
            (b"\x28\xb5\x2f\xfd", Format::Zstd),
            (b"7z\xbc\xaf\x27\x1c", Format::SevenZip),
            (b"\x78\x9c\x4b\x04\0", Format::Zlib),
            (&tar, Format::Tar),
            (b"{\"a\": 1}", Format::Json),
            (b" \n[1, 2]", Format::Json),
            (b"{}", Format::Json),
            (b"<?xml version", Format::Xml),
            (b"\x89PNG\r\n\x1a\n", Format::Image),
            (b"%PDF-1.4", Format::Pdf),
            (b"ID3\x04\0\0", Format::Media),
            (b"ID3 is a tag", Format::Text),
            (b"\0\x01\0\0\0\x0a", Format::Media),
            (b"\0\x01\0\0\0\0\0\0{\"a\":", Format::Safetensors),
            ("modèle\n".as_bytes(), Format::Text),
            (b"{% if x %}", Format::Text),
            (b"[MASK] is a token", Format::Text),
            (b"call me\nwhen ready\nplease", Format::Text),
            (b"BMW is a car", Format::Text),
            (b"MZ is a text", Format::Text),
            (b"xyz text", Format::Text),
            (b"\xff\xfe\xfd", Format::Unknown),
            (b"\0\0\0\0", Format::Unknown),
        ] {
            assert_eq!(Format::of(head), format, "{:?}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn what_comes_late_decides_too() {
        let blanks = b" \n".repeat(4096);
        let of = |bytes: &[u8]| Format::of_content(&[&blanks, bytes].concat().into()).unwrap();
        assert_eq!(of(b"{\"a\": 1}"), Format::Json);
        assert_eq!(of(b"[null, 1]"), Format::Json);
        assert_eq!(of(b"<PMML/>"), Format::Xml);
        assert_eq!(of(b"words"), Format::Text);
        assert_eq!(of(b""), Format::Text);
        let pickle = [&b"N0".repeat(3000)[..], b"cposix\nsystem\n)R."].concat();
        assert_eq!(Format::of_content(&pickle.into()).unwrap(), Format::Pickle);
        let text = "Names of things\n".repeat(1000).into_bytes();
        assert_eq!(Format::of_content(&text.into()).unwrap(), Format::Text);
    }

    #[test]
    fn an_archive_behind_something_else_is_seen() {
        assert_eq!(
            Format::of_tail(b"image PK\x05\x06 and a comment"),
            Some(Format::Zip)
        );
        assert_eq!(Format::of_tail(b"image"), None);
    }

    #[test]
    fn a_cut_character_is_still_text() {
        assert_eq!(
            Format::of(&"é".as_bytes()[..1]),
            Format::Unknown,
            "nothing whole is there"
        );
        assert_eq!(Format::of(&"aé".as_bytes()[..2]), Format::Text);
    }

    proptest! {
        #[test]
        fn never_panics(head in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = (Format::of(&head), Format::of_tail(&head));
        }
    }
}
