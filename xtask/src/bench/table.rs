//! The table of `docs/benchmarks.md`, made from the rows.

use anyhow::{Context as _, Result};

use super::Row;
use super::measure::Sample;

const BEGIN: &str = "<!-- bench:begin; made by cargo xtask bench -->\n";
const END: &str = "<!-- bench:end -->\n";

/// Adds a row, or replaces that of the same case on the same machine. Cases keep the order in which they came.
pub(super) fn put(rows: &mut Vec<Row>, row: Row) {
    match rows
        .iter_mut()
        .find(|old| old.name == row.name && old.machine == row.machine)
    {
        Some(old) => *old = row,
        None => rows.push(row),
    }
}

/// The page with the table between its markers made anew.
pub(super) fn render(page: &str, rows: &[Row]) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("the page has no begin marker")?;
    let (_, after) = rest.split_once(END).context("the page has no end marker")?;
    Ok(format!("{before}{BEGIN}{}{END}{after}", tables(rows)))
}

fn tables(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "\nNothing has been measured yet.\n\n".to_owned();
    }
    let mut machines = rows.iter().map(|row| row.machine.as_str()).collect::<Vec<_>>();
    machines.sort_unstable();
    machines.dedup();
    machines
        .into_iter()
        .map(|machine| section(machine, rows.iter().filter(|row| row.machine == machine)))
        .collect()
}

fn section<'a>(machine: &str, rows: impl Iterator<Item = &'a Row>) -> String {
    let mut text = format!("\n### {machine}\n\n");
    text.push_str("| case | wall, ours : peer | CPU | peak memory | bars | kernel | commands | date |\n");
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    for row in rows {
        text.push_str(&line(row));
        text.push('\n');
    }
    text.push('\n');
    text
}

/// One row.
pub(super) fn line(row: &Row) -> String {
    let (ours, peer) = (&row.our_sample, &row.peer_sample);
    let bars = row
        .bars
        .iter()
        .map(|(what, met)| format!("{what}: {}", if *met { "met" } else { "**not met**" }));
    let bars = bars.collect::<Vec<_>>().join("<br>");
    let (times, commands) = if row.peer.is_empty() {
        let alone = format!(
            "{} s | {} s | {} MB",
            seconds(ours.wall),
            seconds(ours.cpu),
            ours.rss_kb / 1000
        );
        (alone, format!("`{}`", row.ours))
    } else {
        let both = format!(
            "{} | {} | {}",
            pair(ours.wall, peer.wall),
            pair(ours.cpu, peer.cpu),
            memory(ours, peer)
        );
        (both, format!("`{}` against `{}`", row.ours, row.peer))
    };
    format!(
        "| {} | {times} | {bars} | {} | {commands}, median of {} | {} |",
        row.name, row.kernel, row.rounds, row.date,
    )
}

fn pair(ours: f64, peer: f64) -> String {
    format!("{} : {} s = {:.3}", seconds(ours), seconds(peer), ours / peer)
}

fn seconds(value: f64) -> String {
    if value < 1.0 {
        format!("{value:.4}")
    } else {
        format!("{value:.2}")
    }
}

fn memory(ours: &Sample, peer: &Sample) -> String {
    format!("{} : {} MB", ours.rss_kb / 1000, peer.rss_kb / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, machine: &str, date: &str) -> Row {
        let sample = Sample {
            wall: 0.5,
            cpu: 1.0,
            rss_kb: 9000,
            read: 0,
        };
        let (name, machine, date) = (name.to_owned(), machine.to_owned(), date.to_owned());
        Row {
            name,
            machine,
            date,
            ours: "ours".to_owned(),
            peer: "peer".to_owned(),
            our_sample: sample,
            peer_sample: sample,
            ..Row::default()
        }
    }

    #[test]
    fn a_case_measured_again_replaces_its_row_on_that_machine_only() {
        let mut rows = vec![row("a", "m", "1"), row("a", "n", "1"), row("b", "m", "1")];
        put(&mut rows, row("a", "m", "2"));
        let dates = rows.iter().map(|row| row.date.as_str()).collect::<Vec<_>>();
        assert_eq!(dates, ["2", "1", "1"]);
    }

    #[test]
    fn a_row_without_a_peer_shows_no_ratio() {
        let with = row("a", "m", "1");
        assert!(line(&with).contains("0.5000 : 0.5000 s = 1.000"));
        let alone = Row {
            peer: String::new(),
            ..with
        };
        assert!(
            line(&alone).contains("| 0.5000 s | 1.00 s | 9 MB |"),
            "{}",
            line(&alone)
        );
    }

    #[test]
    fn rendering_touches_only_what_lies_between_the_markers_and_is_stable() {
        let page = format!("above\n{BEGIN}old\n{END}below\n");
        let rows = [row("a", "m", "1")];
        let once = render(&page, &rows).unwrap();
        assert!(once.starts_with("above\n") && once.ends_with("below\n") && !once.contains("old"));
        assert_eq!(render(&once, &rows).unwrap(), once);
        assert!(render("no markers", &rows).is_err());
    }
}
