//! Files to measure with: pseudo-random, so that neither a sparse file nor a compressing file system helps.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};

/// How much is made at a time.
const BLOCK: usize = 1 << 20;

/// Writes `count` files of `size` bytes into `folder`, unless they are there.
pub(super) fn folder(folder: &Path, count: u64, size: u64) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for number in 0..count {
        let path = folder.join(format!("part-{number:05}.bin"));
        if fs::metadata(&path).is_ok_and(|found| found.len() == size) {
            continue;
        }
        file(&path, size, number)?;
    }
    Ok(())
}

/// Writes a safetensors file with so many tensors of so many bytes each, unless it is there.
pub(super) fn safetensors(path: &Path, tensors: u64, size: u64, seed: u64) -> Result<()> {
    let entries = (0..tensors).map(|number| {
        let (start, end) = (number * size, (number + 1) * size);
        format!(
            "\"w.{seed}.{number}\":{{\"dtype\":\"U8\",\"shape\":[{size}],\"data_offsets\":[{start},{end}]}}"
        )
    });
    let header = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
    let header = format!("{header:width$}", width = header.len().next_multiple_of(8));
    let whole = 8 + header.len() as u64 + tensors * size;
    if fs::metadata(path).is_ok_and(|found| found.len() == whole) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut start = (header.len() as u64).to_le_bytes().to_vec();
    start.extend(header.as_bytes());
    write(path, &start, tensors * size, seed)
}

/// Writes one file; another seed gives other bytes.
fn file(path: &Path, size: u64, seed: u64) -> Result<()> {
    write(path, &[], size, seed)
}

fn write(path: &Path, start: &[u8], size: u64, seed: u64) -> Result<()> {
    let open = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    let mut out = BufWriter::with_capacity(BLOCK, open);
    out.write_all(start)
        .with_context(|| format!("cannot write {}", path.display()))?;
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    let mut left = size;
    while left > 0 {
        let word = next(&mut state).to_le_bytes();
        let take = usize::try_from(left.min(8))?;
        out.write_all(&word[..take])?;
        left -= left.min(8);
    }
    out.flush()
        .with_context(|| format!("cannot write {}", path.display()))
}

/// xorshift64*: fast and without pattern, which is all that is wanted here.
fn next(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_the_size_asked_for_and_differ() {
        let home = tempfile::tempdir().unwrap();
        folder(home.path(), 2, 4099).unwrap();
        let [a, b] = [0, 1].map(|n| fs::read(home.path().join(format!("part-{n:05}.bin"))).unwrap());
        assert_eq!((a.len(), b.len()), (4099, 4099));
        assert_ne!(a, b);
    }

    #[test]
    fn a_safetensors_file_has_its_header_and_its_bytes() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("below/a.safetensors");
        safetensors(&path, 2, 100, 7).unwrap();
        let bytes = fs::read(&path).unwrap();
        let header = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
        assert_eq!(value["w.7.1"]["data_offsets"], serde_json::json!([100, 200]));
        assert_eq!(bytes.len(), 8 + header + 200);
    }
}
