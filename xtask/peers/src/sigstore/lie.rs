//! [`Lie`]: how the services misbehave within the protocols they speak. Every lie is one that a client must notice
//! before it hands out what it was given.

/// One misbehaviour, from [`super::Sigstore::lie`] until it is taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lie {
    /// Fulcio: the certificate has no signed certificate timestamp.
    NoSct,
    /// Fulcio: the timestamp in the certificate is signed by a log that nobody trusts.
    SctOfAnotherLog,
    /// Fulcio: the timestamp in the certificate was made for another certificate.
    SctOfAnotherCertificate,
    /// Fulcio: the certificate names somebody else.
    OtherIdentity,
    /// Fulcio: the certificate names another issuer of tokens.
    OtherIssuer,
    /// Fulcio: the certificate is for another key.
    OtherKey,
    /// Fulcio: the certificate is of an authority that nobody trusts.
    OtherAuthority,
    /// Fulcio: the certificate ended yesterday.
    ExpiredCertificate,
    /// Fulcio: the certificate is not for code signing.
    OtherPurpose,
    /// Rekor v1: the signed entry timestamp is that of another entry.
    SetOfAnotherEntry,
    /// Rekor v1: there is no signed entry timestamp.
    NoSet,
    /// Rekor v1: the time the entry was logged is one hour after the certificate's end, and signed.
    LateEntry,
    /// Rekor: the proof leads to the root of another tree.
    ProofOfAnotherTree,
    /// Rekor: the proof is that of the entry before.
    ProofOfAnotherEntry,
    /// Rekor: there is no proof.
    NoProof,
    /// Rekor: the checkpoint is signed by a log that nobody trusts.
    CheckpointOfAnotherLog,
    /// Rekor: the checkpoint is that of a smaller tree.
    OldCheckpoint,
    /// Rekor: the entry, logged and proven, is about another artifact and signature.
    EntryOfAnotherSignature,
    /// Timestamp authority: the timestamp is of other bytes.
    TimestampOfOtherBytes,
    /// Timestamp authority: the timestamp answers another request.
    OtherNonce,
    /// Timestamp authority: the timestamp lies one hour after the certificate's end.
    LateTimestamp,
    /// Timestamp authority: the timestamp is of an authority that nobody trusts.
    TimestampOfAnotherAuthority,
    /// Timestamp authority: the request is rejected, with a valid timestamp beside the rejection.
    TimestampRejected,
    /// Issuer: the token's nonce is not the one asked for.
    TokenOfAnotherLogin,
    /// Issuer: the browser comes back with another state.
    OtherState,
    /// Issuer: the token is for somebody else's service.
    OtherAudience,
    /// Issuer: the token has expired.
    ExpiredToken,
    /// Issuer: the discovery document names another issuer.
    OtherDiscovery,
}

impl Lie {
    /// Every lie of Fulcio.
    pub const CERTIFICATES: [Self; 9] = [
        Self::NoSct,
        Self::SctOfAnotherLog,
        Self::SctOfAnotherCertificate,
        Self::OtherIdentity,
        Self::OtherIssuer,
        Self::OtherKey,
        Self::OtherAuthority,
        Self::ExpiredCertificate,
        Self::OtherPurpose,
    ];

    /// Every lie that both kinds of log can tell.
    pub const ENTRIES: [Self; 6] = [
        Self::ProofOfAnotherTree,
        Self::ProofOfAnotherEntry,
        Self::NoProof,
        Self::CheckpointOfAnotherLog,
        Self::OldCheckpoint,
        Self::EntryOfAnotherSignature,
    ];

    /// Every lie of the first kind of log alone.
    pub const PROMISES: [Self; 3] = [Self::SetOfAnotherEntry, Self::NoSet, Self::LateEntry];

    /// Every lie of the timestamp authority.
    pub const TIMESTAMPS: [Self; 5] = [
        Self::TimestampOfOtherBytes,
        Self::OtherNonce,
        Self::LateTimestamp,
        Self::TimestampOfAnotherAuthority,
        Self::TimestampRejected,
    ];

    /// Every lie of the issuer.
    pub const TOKENS: [Self; 5] = [
        Self::TokenOfAnotherLogin,
        Self::OtherState,
        Self::OtherAudience,
        Self::ExpiredToken,
        Self::OtherDiscovery,
    ];
}
