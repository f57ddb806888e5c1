//! Any requests for parts of a model, of which any bytes were changed: what is shown is what was signed, and what was not
//! changed is shown. The fuzz target `lazy_reads` plays them too, so this file stands by itself.

use std::{fs, os::unix::fs::FileExt as _, path::Path, sync::OnceLock};

use tempfile::TempDir;
use weightlock_artifact::{
    digest::{Algorithm, engine::Settings},
    inventory::{Links, Root},
    leaf::LEAF,
    path::ArtifactPath,
};
use weightlock_runtime::{
    Error,
    folder::PrivateFolder,
    guard::{
        lazy::{self, Lazy},
        leaves::StandIn,
    },
};
use weightlock_signing::{
    Trust,
    key::{Algorithm as KeyAlgorithm, PrivateKey, SystemRandom},
    oms::{
        SigningMaterial, VerifiedStatement,
        model::{LoaderView, Plan, Rules, Strictness, Unsigned, Work, prepare},
        sign_statement, verify,
    },
    predicate::leaves::{self, SignedTable},
    statement::{sign_evidence, verify_evidence},
};

/// Three leaves, the last of them a part of one.
const SIZE: u64 = 2 * LEAF + 4097;

/// More requests than this are not played.
const MOST: usize = 64;

/// A signed model of one file, and what is known of it.
struct Known {
    place: TempDir,
    content: Vec<u8>,
    verified: VerifiedStatement,
    evidence: Vec<u8>,
    table: Vec<u8>,
    trust: Trust,
}

static KNOWN: OnceLock<Known> = OnceLock::new();

struct Wary;

impl LoaderView for Wary {
    fn could_read(&self, _: &ArtifactPath, _: &[u8]) -> bool {
        true
    }

    fn matters_empty(&self, _: &ArtifactPath) -> bool {
        true
    }
}

impl Known {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0..SIZE).map(|at| ((at * 2_654_435_761) >> 13) as u8).collect();
        fs::create_dir(place.path().join("m")).unwrap();
        fs::write(place.path().join("m/w"), &content).unwrap();
        let key = PrivateKey::generate(KeyAlgorithm::P256, &mut SystemRandom).unwrap();
        let plan = Plan {
            leaves: true,
            ..Plan::new()
        };
        let mut work = Work {
            settings: Settings::new(Algorithm::Sha256),
            observer: &(),
            cache: None,
            keeper: None,
            leaves: None,
        };
        let prepared = prepare(root(place.path()), &plan, None, &mut work)
            .unwrap()
            .unwrap();
        let bundle = sign_statement(&prepared.statement, &key, &SigningMaterial::Key).unwrap();
        let table = prepared.leaves.unwrap();
        let evidence = leaves::statement(table.manifest().subjects("m"), &table.to_bytes());
        let trust = Trust::Key(key.public_key().clone());
        let known = Self {
            evidence: sign_evidence(&evidence, &key, &SigningMaterial::Key).unwrap(),
            verified: verify(&bundle, &trust).unwrap(),
            table: table.to_bytes(),
            trust,
            content,
            place,
        };
        let notes = known.notes();
        let derived = StandIn::derive(
            known.table(),
            root(known.place.path()),
            Settings::new(Algorithm::Sha256),
            &(),
        );
        derived.unwrap().remember(&notes).unwrap();
        known
    }

    fn table(&self) -> SignedTable {
        let evidence = verify_evidence(&self.evidence, &self.trust).unwrap();
        SignedTable::check(&self.verified, &evidence, &self.table).unwrap()
    }

    fn notes(&self) -> PrivateFolder {
        PrivateFolder::open(&self.place.path().join("notes")).unwrap()
    }

    fn open(&self) -> Lazy {
        let rules = Rules {
            strictness: Strictness::Native {
                loaders: &Wary,
                git: true,
            },
            ignore: Vec::new(),
            unsigned: Unsigned::Refused,
            signature: None,
            only: None,
        };
        let leaves = StandIn::remembered(self.table(), &self.notes()).unwrap();
        let settings = Settings::new(Algorithm::Sha256);
        let opened = lazy::open(
            &self.verified,
            leaves,
            root(self.place.path()),
            &rules,
            settings,
            &(),
        );
        opened.unwrap().unwrap()
    }

    /// Changes a byte of the file, or puts it back.
    fn flip(&self, at: u64) {
        let file = fs::File::options()
            .read(true)
            .write(true)
            .open(self.place.path().join("m/w"));
        let file = file.unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
    }
}

fn root(place: &Path) -> Root {
    Root::open(&place.join("m"), Links::Refused).unwrap()
}

/// Plays requests. The first byte says how many bytes of the file are changed before (up to 3), and each of these and of the
/// requests takes numbers of three bytes: an offset, or the beginning and the length of a range.
pub(crate) fn play(bytes: &[u8]) {
    let known = KNOWN.get_or_init(Known::new);
    let Some((&first, rest)) = bytes.split_first() else {
        return;
    };
    let (numbers, _) = rest.as_chunks::<3>();
    let mut numbers = numbers
        .iter()
        .map(|&[a, b, c]| u64::from(u32::from_le_bytes([a, b, c, 0])));
    let mut changed: Vec<u64> = numbers
        .by_ref()
        .take(usize::from(first % 4))
        .map(|at| at % SIZE)
        .collect();
    changed.sort_unstable();
    changed.dedup();
    changed.iter().for_each(|&at| known.flip(at));
    let wrong: Vec<u64> = changed.iter().map(|at| at / LEAF).collect();
    let lazy = known.open();
    let file = ArtifactPath::parse("w").unwrap();
    let mut refused = false;
    for _ in 0..MOST {
        let (Some(start), Some(length)) = (numbers.next(), numbers.next()) else {
            break;
        };
        let (start, end) = (start, start + length);
        let met = start < end
            && wrong
                .iter()
                .any(|&leaf| leaf == 0 || (start / LEAF..end.div_ceil(LEAF)).contains(&leaf));
        match lazy.read(&file, start..end, &()) {
            Ok(view) => {
                assert!(end <= SIZE && !refused && !met, "{start}..{end} was shown");
                assert!(
                    view.as_ref() == &known.content[start as usize..end as usize],
                    "{start}..{end}"
                );
            }
            Err(Error::NoSuchRange { .. }) => assert!(end > SIZE),
            Err(Error::LeafDiffers { .. }) => {
                assert!(end <= SIZE && (refused || met), "{start}..{end} was refused");
                refused = true;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(lazy.verified_bytes() <= SIZE);
    changed.iter().for_each(|&at| known.flip(at));
}
