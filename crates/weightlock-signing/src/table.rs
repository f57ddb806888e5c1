//! One macro: a table of reason codes, each with its explanation beside it.

/// Declares codes as constants and the `EXPLANATIONS` that describe them, so that neither can be forgotten.
macro_rules! reasons {
    ($($name:ident = $code:literal, $outcome:ident {
        what: $what:literal, why: $why:literal, example: $example:literal, fix: $fix:literal $(,)?
    })*) => {
        $(pub(crate) const $name: weightlock_artifact::reason::Code =
            weightlock_artifact::reason::Code::new($code);)*

        /// What `explain` says about each code of this room.
        pub const EXPLANATIONS: &[weightlock_artifact::reason::Explanation] =
            &[$(weightlock_artifact::reason::Explanation {
                code: $name,
                outcome: weightlock_artifact::reason::Outcome::$outcome,
                what: $what,
                why: $why,
                example: $example,
                fix: $fix,
            }),*];
    };
}
