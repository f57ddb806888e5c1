//! Blobs of image layouts: the name is the digest of the bytes.
//!
//! OCI image layout 1.0: `oci-layout`, `index.json`, and `blobs/sha256/<digest>` in a folder or an archive. What the
//! blobs hold (manifests in JSON, layers as tar archives, most of them compressed) is examined as any content.

use std::io::Read;

use weightlock_artifact::digest::{Algorithm, Hasher};

use super::{Examination, Subject};
use crate::observation::container::Seen;

/// Bytes of a blob whose digest is computed. Layers of weights are larger, and whoever pulls them checks them.
const HASHED_BYTES: u64 = 64 << 20;

/// Compares a blob with the digest that it is named by.
pub(crate) fn check(subject: &Subject, exam: &mut Examination<'_>) {
    let Some(stated) = stated(subject.trail.as_str()) else {
        return;
    };
    if subject.content.size() > HASHED_BYTES {
        return;
    }
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut cursor = subject.content.cursor();
    let mut block = vec![0; 64 << 10];
    // What cannot be read is told by the analyzer that reads it.
    while let Ok(count @ 1..=usize::MAX) = cursor.read(&mut block) {
        hasher.update(block.get(..count).unwrap_or_default());
    }
    if hasher.finish().hex() != stated {
        exam.observe(Seen::Digest);
    }
}

/// The digest that the last part of the trail states.
fn stated(trail: &str) -> Option<String> {
    let (rest, name) = trail.rsplit_once('/')?;
    let in_blobs = rest.ends_with("blobs/sha256");
    let is_digest = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    (in_blobs && is_digest).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blobs_state_a_digest() {
        let digest = "ab".repeat(32);
        assert_eq!(
            stated(&format!("image.tar!/blobs/sha256/{digest}")),
            Some(digest.clone())
        );
        assert_eq!(stated(&format!("image/blobs/sha512/{digest}")), None);
        assert_eq!(stated("image/blobs/sha256/short"), None);
        assert_eq!(stated("model"), None);
    }
}
