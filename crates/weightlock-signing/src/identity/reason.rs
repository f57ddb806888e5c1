//! Reason codes of identities.

reasons! {
    MISMATCH = "WL-ID-MISMATCH", No {
        what: "the signer is somebody else than the one expected",
        why: "a valid signature by a stranger says nothing; only the signer you expect counts",
        example: "`--identity release@example.com`, and the model was signed by ann@example.com",
        fix: "compare both names character by character; if yours is outdated, get the right one from the publisher over a channel you trust, never from the signature",
    }
    ISSUER = "WL-ID-ISSUER", No {
        what: "the signer's name is vouched for by another identity provider than the one expected",
        why: "any provider can vouch for any address: the same name from another one can be another person",
        example: "`--identity-provider https://accounts.example.com`, and another provider vouched for the address",
        fix: "find out from the publisher which provider they sign in with",
    }
    CLAIM = "WL-ID-CLAIM", No {
        what: "the signer's certificate claims something else about the workflow than was demanded, or nothing",
        why: "the right workflow can run for a wrong branch, commit or event; what was demanded must be in the certificate",
        example: "`--workflow-ref refs/tags/v1`, and the signature was made on a branch",
        fix: "check with the publisher how the model was built",
    }
    UNREADABLE = "WL-ID-UNREADABLE", No {
        what: "the signer's certificate does not state exactly one identity and who vouched for it",
        why: "with two names, two verifiers could take two different signers for the one",
        example: "a certificate with two addresses, or without the issuer extension",
        fix: "sign with a certificate of a Sigstore authority; other certificates are verified with --certificate-chain",
    }
}
