//! The seeds of the fuzz targets, replayed by every test run: what a fuzzer once found stays found.

use std::{fs, path::Path};

use weightlock_scan::{Settings, scan};

/// Every seed of every target: whatever the target reads, the whole scan reads it too.
#[test]
fn every_seed_is_scanned_the_same_twice() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut scanned = 0;
    for target in fs::read_dir(&folder).unwrap() {
        for seed in fs::read_dir(target.unwrap().path()).unwrap() {
            let bytes = fs::read(seed.unwrap().path()).unwrap();
            let settings = Settings::default();
            let report = scan("seed", bytes.clone().into(), &settings);
            assert_eq!(report, scan("seed", bytes.into(), &settings));
            scanned += 1;
        }
    }
    assert!(scanned > 50, "the seeds are there");
}
