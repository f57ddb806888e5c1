//! How to read the page: what each word means, and what was and was not done to make it.

use weightlock_artifact::standing::Standing;

use super::{Markup, Report, badge};

pub(super) fn write(page: &mut Markup, report: &Report<'_>) {
    page.element("dl", &[("class", "legend")], |list| {
        for standing in Standing::ALL {
            list.element("div", &[], |it| {
                it.element("dt", &[], |it| badge(it, standing));
                it.says("dd", &[], meaning(standing));
            });
        }
    });
    page.says("p", &[], &format!("Read: {}.", report.read));
    page.says(
        "p",
        &[],
        "This page is a copy for people. It is not signed and proves nothing by itself: whoever relies on it asks the model again, \
         with weightlock inspect or weightlock gate, or verifies the signed verdict.",
    );
}

const fn meaning(standing: Standing) -> &'static str {
    match standing {
        Standing::Verified => {
            "A check ran and it holds: a signature, a digest, or what was counted from the files themselves."
        }
        Standing::Declared => "Somebody says so: a card, metadata, or a signature that was not checked.",
        Standing::Inferred => "Worked out from the content, which whoever made it could have arranged.",
        Standing::Unknown => "Not known. That nothing was found is not taken for a good answer.",
        Standing::Failed => "A check ran and said no.",
    }
}
