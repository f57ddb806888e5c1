//! The files of the model.

use super::{Markup, Report, beyond, more, nothing, table};
use crate::text::{Size, counted, quoted};

const MOST: usize = 400;

pub(super) fn write(page: &mut Markup, report: &Report<'_>) {
    let files = &report.files;
    if files.is_empty() {
        return nothing(page, "There is no file.");
    }
    let is_hashed = files.iter().any(|file| file.digest.is_some());
    let lead = format!(
        "{}, {}. {}",
        counted(files.len(), "file"),
        Size(report.inspection.bytes),
        if is_hashed {
            "Digests were computed from the bytes for this report."
        } else {
            "No digests are shown: every file has one where a policy is applied."
        }
    );
    page.says("p", &[("class", "lead")], &lead);
    let columns: &[&'static str] = if is_hashed {
        &["Path", "Size", "Format", "SHA-256"]
    } else {
        &["Path", "Size", "Format"]
    };
    table(page, "Files of the model", columns, |it| {
        for file in files.iter().take(MOST) {
            it.row(&[
                &|cell| cell.name(&file.path),
                &|cell| cell.shown(Size(file.size)),
                &|cell| cell.text(&file.format),
                &|cell| match &file.digest {
                    Some(digest) => cell.name(digest.strip_prefix("sha256:").unwrap_or(digest)),
                    None => cell.text("not hashed"),
                },
            ]);
        }
    });
    let command = format!("weightlock digest {}", quoted(&report.inspection.target));
    more(page, beyond(files.len(), MOST), "file", &command);
}
