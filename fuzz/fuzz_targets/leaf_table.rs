//! A leaf table has one form: what is read is written back byte for byte, and a table agrees with itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_artifact::leaf::LeafTable;

fuzz_target!(|bytes: &[u8]| {
    let Ok(table) = LeafTable::parse(bytes) else { return };
    assert_eq!(table.to_bytes(), bytes);
    for file in table.manifest().files() {
        // Without any leaf found, everything there is has changed.
        let changed = table.changed_ranges(&file.path, &[], file.size).expect("the table covers its files");
        let covered: u64 = changed.iter().map(|range| range.end - range.start).sum();
        assert_eq!(covered, file.size);
    }
});
