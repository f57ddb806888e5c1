//! PyTorch containers. <https://pytorch.org/docs/stable/notes/serialization.html>
//!
//! | container | how it is told | module |
//! |---|---|---|
//! | zip of `torch.save`, TorchScript, `torch.package`, exported programs | its members' names | [`archive`] |
//! | five pickles, then the storages | the first pickle is a magic number | pickles |
//! | tar of before 2016 | its members' names | [`archive`] |
//!
//! In all of them a pickle describes tensors as views of storages, and names each storage with a persistent id that
//! says its type and how many elements it has. The bytes lie elsewhere. Loaders have believed both numbers without
//! looking at the bytes, so [`storage`] compares them.

pub mod archive;
pub mod program;
pub mod storage;
pub mod tensor;
