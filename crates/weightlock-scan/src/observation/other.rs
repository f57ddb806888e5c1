//! What the remaining formats declare: XML, R, Torch7.

use weightlock_format::rds::Within;

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// An XML document declares entities, or has its declarations elsewhere.
    Entities {
        /// The declaration as far as it tells: `SYSTEM "file:///etc/passwd"`.
        declaration: String,
        /// Where the declarations are.
        source: Declared,
    },
    /// An XML document takes in another.
    Inclusion {
        /// What it takes in.
        target: String,
    },
    /// A layer of an OpenVINO model names a native library.
    NativeLibrary {
        /// The library.
        path: String,
    },
    /// A layer of an OpenVINO model that the runtime has not got.
    ExtensionLayer {
        /// Its type.
        kind: String,
    },
    /// An R object holds a call.
    RCall {
        /// The function that is called.
        function: String,
        /// What the call stands in.
        within: Within,
    },
    /// A Torch7 file holds compiled Lua.
    LuaFunction,
    /// A Torch7 file holds an object of a class that is no part of Torch7.
    LuaClass {
        /// The class.
        name: String,
    },
}

/// Where the declarations of a document type are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Declared {
    /// In the document: entities of its own.
    Inside,
    /// In a file that the document names.
    Outside,
    /// In a file of the World Wide Web Consortium that every parser knows by name.
    Standard,
}
