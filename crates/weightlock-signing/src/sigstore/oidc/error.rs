//! [`OidcError`]: why there is no token.

use weightlock_artifact::{reason::Code, text::Shown};

use super::reason;
use crate::key::RandomError;

/// Why no identity token could be had, or why the one at hand cannot be used. No variant holds any of the token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// It is no token.
    #[error("this is no identity token: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// It is not valid any more, or not yet.
    #[error("the identity token was valid until {until}, and it is {now}")]
    Expired {
        /// Its end.
        until: String,
        /// The time now.
        now: String,
    },
    /// It is not valid yet.
    #[error("the identity token is valid from {from}, and it is {now}")]
    TooEarly {
        /// Its beginning.
        from: String,
        /// The time now.
        now: String,
    },
    /// It is made out to somebody else.
    #[error("the identity token is made out to {}, and {wanted} is needed", Shown(found))]
    Audience {
        /// To whom it is made out.
        found: String,
        /// To whom it should be.
        wanted: String,
    },
    /// The surroundings offer none.
    #[error("nothing here offers an identity token")]
    NothingAmbient,
    /// A job is allowed no token.
    #[error("this job may not ask for an identity token: {what}")]
    NotAllowed {
        /// What is missing.
        what: &'static str,
    },
    /// The issuer's own description is of another issuer, or lacks what is needed.
    #[error("the issuer {} cannot be used: {what}", Shown(issuer))]
    Discovery {
        /// The issuer.
        issuer: String,
        /// What is wrong.
        what: String,
    },
    /// An answer that is none.
    #[error("{at} gave an answer that cannot be used: {what}")]
    Answer {
        /// Who.
        at: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The person, or the issuer, said no.
    #[error("the issuer gave no token: {}", Shown(what))]
    Refused {
        /// In its words.
        what: String,
    },
    /// An answer belongs to another question: somebody may be trying to slip in their own login.
    #[error("the answer is not to this login: its {what} is another one")]
    OtherLogin {
        /// What differs.
        what: &'static str,
    },
    /// Nobody logged in, in time.
    #[error("nobody logged in within {seconds} seconds")]
    TooSlow {
        /// The time that was given.
        seconds: u64,
    },
    /// The issuer could not be called.
    #[error(transparent)]
    Net(#[from] weightlock_transport::Error),
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl OidcError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Malformed { .. } => reason::MALFORMED,
            Self::Expired { .. } | Self::TooEarly { .. } => reason::EXPIRED,
            Self::Audience { .. } => reason::AUDIENCE,
            Self::NothingAmbient => reason::NOTHING_AMBIENT,
            Self::NotAllowed { .. } => reason::NOT_ALLOWED,
            Self::Discovery { .. } => reason::DISCOVERY,
            Self::Answer { .. } => reason::ANSWER,
            Self::Refused { .. } => reason::REFUSED,
            Self::OtherLogin { .. } => reason::OTHER_LOGIN,
            Self::TooSlow { .. } => reason::TOO_SLOW,
            Self::Net(error) => error.code(),
            Self::Random(error) => error.code(),
        }
    }
}
