//! `docs/features.md`: one row per capability, its state, and the tests that show it.

use super::{Sources, Stale};

/// The states a capability can be in.
const STATES: [&str; 3] = ["planned", "partial", "done"];

/// Capabilities that the table must list, in this order. Extended when a release takes on more.
const GROUPS: [(&str, &[u32]); 4] = [
    (
        "S",
        &[
            1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24, 25, 27, 28, 29, 30,
            31, 32, 33, 34, 35, 36, 37, 39, 40, 41, 42, 43, 44, 45, 47, 48, 50, 52, 55, 56, 58, 59, 60, 61,
            62, 63, 64, 65, 66, 68, 69, 70, 72, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 90, 104,
            105, 106, 107, 108, 109, 110, 111, 120, 121, 122, 146, 147, 150, 151, 152,
        ],
    ),
    (
        "X",
        &[1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 20, 23, 24, 25],
    ),
    ("M", &[1, 2, 6, 16]),
    ("U", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
];

/// One row, parsed.
struct Row<'a> {
    line: usize,
    id: &'a str,
    state: &'a str,
    tests: Vec<&'a str>,
}

/// Checks ids, states and named tests.
pub(super) fn check(text: &str, sources: &Sources) -> Vec<Stale> {
    let rows = text
        .lines()
        .zip(1..)
        .filter_map(|(line, number)| row(line, number))
        .collect::<Vec<_>>();
    let mut stale = wrong_ids(&rows).into_iter().collect::<Vec<_>>();
    for row in &rows {
        stale.extend(
            row_faults(row, sources)
                .into_iter()
                .map(|what| Stale { line: row.line, what }),
        );
    }
    stale
}

/// `| id | capability | state | tests |`; anything else is not a row.
fn row(line: &str, number: usize) -> Option<Row<'_>> {
    let cells = line
        .strip_prefix('|')?
        .strip_suffix('|')?
        .split('|')
        .map(str::trim)
        .collect::<Vec<_>>();
    let [id, _, state, tests] = cells.as_slice() else {
        return None;
    };
    let (letter, digits) = id.split_at_checked(1)?;
    let is_id = GROUPS.iter().any(|(group, _)| *group == letter) && digits.parse::<u32>().is_ok();
    let tests = tests.split('`').skip(1).step_by(2).collect();
    is_id.then_some(Row {
        line: number,
        id,
        state,
        tests,
    })
}

/// The first place where the ids are not those wanted; what follows it would only repeat the complaint.
fn wrong_ids(rows: &[Row<'_>]) -> Option<Stale> {
    let wanted = GROUPS
        .iter()
        .flat_map(|(letter, numbers)| numbers.iter().map(move |number| format!("{letter}{number}")));
    let mut found = rows.iter();
    for id in wanted {
        match found.next() {
            Some(row) if row.id == id => {}
            Some(row) => {
                return Some(Stale {
                    line: row.line,
                    what: format!("expected the row of {id}, found {}", row.id),
                });
            }
            None => {
                return Some(Stale {
                    line: 1,
                    what: format!("the row of {id} is missing"),
                });
            }
        }
    }
    found.next().map(|row| Stale {
        line: row.line,
        what: format!("unexpected row {}", row.id),
    })
}

fn row_faults(row: &Row<'_>, sources: &Sources) -> Vec<String> {
    let mut faults = Vec::new();
    if !STATES.contains(&row.state) {
        faults.push(format!(
            "{}: state `{}` is none of {}",
            row.id,
            row.state,
            STATES.join(", ")
        ));
    }
    if row.state == "done" && row.tests.is_empty() {
        faults.push(format!("{}: done, but no test shows it", row.id));
    }
    let missing = row.tests.iter().filter(|test| !sources.has_test(test));
    faults.extend(missing.map(|test| format!("{}: there is no test `{test}`", row.id)));
    faults
}

#[cfg(test)]
mod tests {
    use super::super::tests::sources;
    use super::*;

    fn page(state: &str, tests: &str) -> String {
        let mut page = String::from("| id | capability | state | tests |\n|---|---|---|---|\n");
        for (letter, numbers) in GROUPS {
            for number in numbers {
                page.push_str(&format!("| {letter}{number} | what | {state} | {tests} |\n"));
            }
        }
        page
    }

    #[test]
    fn a_complete_table_passes() {
        assert!(check(&page("planned", ""), &sources()).is_empty());
        assert!(check(&page("done", "`weightlock-x/src/a.rs::passes`"), &sources()).is_empty());
    }

    #[test]
    fn a_missing_a_doubled_and_a_strange_row_are_refused() {
        let good = page("planned", "");
        assert_eq!(
            check(&good.replace("| S2 | what | planned |  |\n", ""), &sources()).len(),
            1
        );
        assert_eq!(
            check(&format!("{good}| U16 | what | planned |  |\n"), &sources()).len(),
            1
        );
        assert_eq!(check("nothing here", &sources()).len(), 1);
    }

    #[test]
    fn done_needs_a_test_that_exists() {
        assert!(!check(&page("done", ""), &sources()).is_empty());
        assert!(!check(&page("done", "`weightlock-x/src/a.rs::gone`"), &sources()).is_empty());
        assert!(!check(&page("perhaps", ""), &sources()).is_empty());
    }
}
