//! [`Op`]: the opcodes of protocols 0 to 5.

use std::fmt;

macro_rules! opcodes {
    ($($byte:literal $variant:ident $name:literal),+ $(,)?) => {
        /// An opcode. Every one may occur in a stream of any protocol.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[expect(missing_docs, reason = "the names are those of the format")]
        pub enum Op { $($variant),+ }

        impl Op {
            /// The opcode that `byte` stands for.
            #[must_use]
            pub const fn of(byte: u8) -> Option<Self> {
                Some(match byte { $($byte => Self::$variant,)+ _ => return None })
            }

            /// Its name in the source of CPython, which every tool uses.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

opcodes!(
    b'(' Mark "MARK",
    b'.' Stop "STOP",
    b'0' Pop "POP",
    b'1' PopMark "POP_MARK",
    b'2' Dup "DUP",
    b'F' Float "FLOAT",
    b'I' Int "INT",
    b'J' BinInt "BININT",
    b'K' BinInt1 "BININT1",
    b'L' Long "LONG",
    b'M' BinInt2 "BININT2",
    b'N' None "NONE",
    b'P' PersId "PERSID",
    b'Q' BinPersId "BINPERSID",
    b'R' Reduce "REDUCE",
    b'S' String "STRING",
    b'T' BinString "BINSTRING",
    b'U' ShortBinString "SHORT_BINSTRING",
    b'V' Unicode "UNICODE",
    b'X' BinUnicode "BINUNICODE",
    b'a' Append "APPEND",
    b'b' Build "BUILD",
    b'c' Global "GLOBAL",
    b'd' Dict "DICT",
    b'}' EmptyDict "EMPTY_DICT",
    b'e' Appends "APPENDS",
    b'g' Get "GET",
    b'h' BinGet "BINGET",
    b'i' Inst "INST",
    b'j' LongBinGet "LONG_BINGET",
    b'l' List "LIST",
    b']' EmptyList "EMPTY_LIST",
    b'o' Obj "OBJ",
    b'p' Put "PUT",
    b'q' BinPut "BINPUT",
    b'r' LongBinPut "LONG_BINPUT",
    b's' SetItem "SETITEM",
    b't' Tuple "TUPLE",
    b')' EmptyTuple "EMPTY_TUPLE",
    b'u' SetItems "SETITEMS",
    b'G' BinFloat "BINFLOAT",
    0x80 Proto "PROTO",
    0x81 NewObj "NEWOBJ",
    0x82 Ext1 "EXT1",
    0x83 Ext2 "EXT2",
    0x84 Ext4 "EXT4",
    0x85 Tuple1 "TUPLE1",
    0x86 Tuple2 "TUPLE2",
    0x87 Tuple3 "TUPLE3",
    0x88 NewTrue "NEWTRUE",
    0x89 NewFalse "NEWFALSE",
    0x8a Long1 "LONG1",
    0x8b Long4 "LONG4",
    b'B' BinBytes "BINBYTES",
    b'C' ShortBinBytes "SHORT_BINBYTES",
    0x8c ShortBinUnicode "SHORT_BINUNICODE",
    0x8d BinUnicode8 "BINUNICODE8",
    0x8e BinBytes8 "BINBYTES8",
    0x8f EmptySet "EMPTY_SET",
    0x90 AddItems "ADDITEMS",
    0x91 FrozenSet "FROZENSET",
    0x92 NewObjEx "NEWOBJ_EX",
    0x93 StackGlobal "STACK_GLOBAL",
    0x94 Memoize "MEMOIZE",
    0x95 Frame "FRAME",
    0x96 ByteArray8 "BYTEARRAY8",
    0x97 NextBuffer "NEXT_BUFFER",
    0x98 ReadonlyBuffer "READONLY_BUFFER",
);

impl Op {
    /// Bytes of the length that comes before the argument, for opcodes whose argument has a stated length.
    #[must_use]
    pub(super) const fn length_bytes(self) -> Option<usize> {
        Some(match self {
            Self::ShortBinString | Self::ShortBinUnicode | Self::ShortBinBytes | Self::Long1 => 1,
            Self::BinString | Self::BinUnicode | Self::BinBytes | Self::Long4 => 4,
            Self::BinUnicode8 | Self::BinBytes8 | Self::ByteArray8 => 8,
            _ => return None,
        })
    }

    /// Whether it calls something.
    #[must_use]
    pub const fn calls(self) -> bool {
        matches!(
            self,
            Self::Reduce | Self::Inst | Self::Obj | Self::NewObj | Self::NewObjEx | Self::Build
        )
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_68() {
        assert_eq!((0..=255).filter_map(Op::of).count(), 68);
        assert_eq!(Op::of(0x93), Some(Op::StackGlobal));
        assert_eq!(Op::of(0xff), None);
    }
}
