//! Single objects: loose ones, and those that stand whole in a pack. Only the beginning of an object is decompressed.
//!
//! ```text
//! loose  = zlib( kind SP size NUL body )
//! packed = (1 | kind:3 | size:4) *size zlib( body )        kinds 1 to 4; 6 and 7 are differences, which are not followed
//! idx v2 = ff 74 4f 63, 2:u32, 256*u32 fan-out, names, u32 checksums, u32 offsets, u64 offsets, 2 checksums
//! ```

use weightlock_format::{
    container::stream::{Kind, Packed},
    content::Content,
};

use super::{MAX_OBJECT, ObjectHasher, ObjectId};

/// Places of the parts of an index of a pack.
const FAN_OUT: u64 = 8;
const NAMES: u64 = FAN_OUT + 256 * 4;
/// More objects than any pack has.
const MOST_OBJECTS: u64 = 1 << 31;
/// An offset that stands in the second table.
const LARGE: u32 = 1 << 31;

/// An object, as far as it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// Its first [`MAX_OBJECT`] bytes.
    pub body: Vec<u8>,
}

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectKind {
    /// A commit.
    Commit,
    /// A tag with a message.
    Tag,
    /// A tree, a file, or a difference.
    Other,
}

impl Object {
    /// Whether this is the object of that name: anybody can put other bytes into its place.
    #[must_use]
    pub fn is_called(&self, id: &ObjectId) -> bool {
        let kind = match self.kind {
            ObjectKind::Commit => "commit",
            ObjectKind::Tag => "tag",
            ObjectKind::Other => return false,
        };
        let mut hasher = ObjectHasher::new(kind, self.body.len() as u64, id.is_sha256());
        hasher.update(&self.body);
        hasher.finish() == *id
    }

    /// The tree of a commit.
    #[must_use]
    pub fn tree(&self) -> Option<ObjectId> {
        self.first_line(ObjectKind::Commit, "tree ")
    }

    /// What a tag stands for.
    #[must_use]
    pub fn target(&self) -> Option<ObjectId> {
        self.first_line(ObjectKind::Tag, "object ")
    }

    fn first_line(&self, kind: ObjectKind, word: &str) -> Option<ObjectId> {
        if self.kind != kind {
            return None;
        }
        let line = self.body.split(|byte| *byte == b'\n').next()?;
        ObjectId::parse(std::str::from_utf8(line).ok()?.strip_prefix(word)?)
    }
}

/// Reads a file below `objects`.
#[must_use]
pub fn loose(bytes: &[u8]) -> Option<Object> {
    let content = Content::from(bytes.to_vec());
    let inflated = Packed::stream(content, Kind::Zlib).head(MAX_OBJECT);
    let end = inflated.iter().take(32).position(|byte| *byte == 0)?;
    let (head, body) = inflated.split_at_checked(end)?;
    let word = head.split(|byte| *byte == b' ').next()?;
    let kind = match word {
        b"commit" => ObjectKind::Commit,
        b"tag" => ObjectKind::Tag,
        _ => ObjectKind::Other,
    };
    Some(Object {
        kind,
        body: body.get(1..)?.to_vec(),
    })
}

/// Looks for an object in a pack, by the pack's index. `None` also where it stands there as a difference to another.
#[must_use]
pub fn in_pack(index: &Content, pack: &Content, id: &ObjectId) -> Option<Object> {
    let offset = offset_of(index, id)?;
    let head = pack.read(offset, 16).ok()?;
    let first = head.first()?;
    let length = head.iter().position(|byte| byte & 0x80 == 0)?;
    let kind = match (first >> 4) & 7 {
        1 => ObjectKind::Commit,
        4 => ObjectKind::Tag,
        2 | 3 => ObjectKind::Other,
        _ => return None,
    };
    let body = offset.checked_add(u64::try_from(length).ok()?)?.checked_add(1)?;
    Some(Object {
        kind,
        body: Packed::stream(pack.since(body), Kind::Zlib).head(MAX_OBJECT),
    })
}

/// Where an object begins in the pack.
fn offset_of(index: &Content, id: &ObjectId) -> Option<u64> {
    let wanted = id.bytes()?;
    let width = u64::try_from(wanted.len()).ok()?;
    if index.read(0, 8).ok()?.as_slice() != b"\xfftOc\0\0\0\x02" {
        return None;
    }
    let count = fan_out(index, 255)?;
    let first = u64::from(*wanted.first()?);
    let (mut low, mut high) = (
        first
            .checked_sub(1)
            .map_or(Some(0), |before| fan_out(index, before))?,
        fan_out(index, first)?,
    );
    if count > MOST_OBJECTS || low > high || high > count {
        return None;
    }
    let position = loop {
        if low >= high {
            return None;
        }
        let middle = low.midpoint(high);
        let found = index
            .read(NAMES.checked_add(middle.checked_mul(width)?)?, wanted.len())
            .ok()?;
        match found.as_slice().cmp(wanted.as_slice()) {
            std::cmp::Ordering::Less => low = middle.checked_add(1)?,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => break middle,
        }
    };
    let names_end = NAMES.checked_add(count.checked_mul(width)?)?;
    let offsets = names_end.checked_add(count.checked_mul(4)?)?;
    let offset = number(index, offsets.checked_add(position.checked_mul(4)?)?)?;
    let Some(further) = offset.checked_sub(LARGE) else {
        return Some(u64::from(offset));
    };
    let large = offsets.checked_add(count.checked_mul(4)?)?;
    let at = large.checked_add(u64::from(further).checked_mul(8)?)?;
    let high = number(index, at)?;
    let low = number(index, at.checked_add(4)?)?;
    Some(u64::from(high) << 32 | u64::from(low))
}

/// How many objects have a name whose first byte is at most this.
fn fan_out(index: &Content, byte: u64) -> Option<u64> {
    number(index, FAN_OUT.checked_add(byte.checked_mul(4)?)?).map(u64::from)
}

fn number(content: &Content, at: u64) -> Option<u32> {
    let found = content.read(at, 4).ok()?;
    Some(u32::from_be_bytes(found.try_into().ok()?))
}
