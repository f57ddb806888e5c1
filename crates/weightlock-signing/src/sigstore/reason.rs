//! Reason codes of Sigstore bundles and trust roots.

reasons! {
    PROFILE = "WL-SIG-PROFILE", No {
        what: "the bundle has material that its version does not allow, or lacks what it demands",
        why: "two verifiers could look at different parts of it and check two different signers",
        example: "a bundle v0.3 with a certificate chain and a log entry",
        fix: "ask the publisher to sign again with a current tool",
    }
    UNSUPPORTED = "WL-SIG-UNSUPPORTED", NoAnswer {
        what: "the signature uses an algorithm, a log entry or a content that this version cannot check",
        why: "what was not checked is not verified",
        example: "a signature by an ML-DSA key",
        fix: "ask the publisher for a signature by ECDSA or Ed25519, or look for a newer Weightlock",
    }
    OTHER_ARTIFACT = "WL-SIG-OTHER-ARTIFACT", No {
        what: "the signature is about other bytes than the ones at hand",
        why: "a good signature of another file or an earlier version says nothing about this one",
        example: "the weights were downloaded again, and the signature file was not",
        fix: "fetch the file and its signature again, together, from the publisher",
    }
    CERTIFICATE = "WL-CERT-SIGNER", No {
        what: "the certificate in the signature cannot be read",
        why: "a certificate that can be read in two ways can mean two different signers",
        example: "a bundle that was cut and pasted",
        fix: "fetch the signature again from its publisher",
    }
    CHAIN = "WL-CERT-CHAIN", No {
        what: "the signer's certificate was not issued by an authority of the trust root, or not for signing code",
        why: "anybody can issue certificates with any name in them; only the authorities of the trust root count",
        example: "a signature of a private deployment checked against the public root",
        fix: "if you trust that deployment, get its trust root over a channel you trust and name it with --trusted-root",
    }
    AUTHORITY_TIME = "WL-CERT-AUTHORITY-TIME", No {
        what: "no certificate authority of the trust root was believed when the signature was made",
        why: "an authority that was replaced may have lost its key",
        example: "a timestamp from before the deployment existed",
        fix: "check that the trust root is the signer's, and current: weightlock trust list",
    }
    SIGNED_OUTSIDE = "WL-CERT-SIGNED-OUTSIDE", No {
        what: "the signature was made before or after the few minutes for which the certificate was valid",
        why: "a key that leaked after its certificate ended could otherwise sign for ever",
        example: "a certificate of 10:00 to 10:10, and a timestamp of 10:20",
        fix: "ask the publisher to sign again; the times come from logs and timestamp authorities, not from your clock",
    }
    SCT = "WL-CERT-SCT", No {
        what: "the signer's certificate has no valid promise of a certificate log (SCT)",
        why: "an authority that issues certificates in secret could impersonate anybody unseen",
        example: "a certificate of a private authority that has no certificate log",
        fix: "check that the trust root is the signer's; a deployment without such a log needs a decision of its own",
    }
    LOG_MISSING = "WL-LOG-MISSING", No {
        what: "the signature brings no proof that it was published in a transparency log",
        why: "a stolen identity could sign without its owner ever seeing it",
        example: "a bundle without tlogEntries, or one whose entry has no inclusion proof",
        fix: "ask the publisher to sign with the log, or for a signature by a key",
    }
    LOG_UNKNOWN = "WL-LOG-UNKNOWN", No {
        what: "the log entry is of a log that the trust root does not know",
        why: "anybody can run a log that says what they want",
        example: "a signature of a private deployment checked against the public root",
        fix: "name the trust root of the deployment with --trusted-root, if you trust it",
    }
    LOG_PROOF = "WL-LOG-PROOF", No {
        what: "the inclusion proof does not lead from the entry to the log's tree",
        why: "an entry that is not in the tree was never published",
        example: "a proof copied from another entry",
        fix: "fetch the signature again; if it stays so, treat it as forged",
    }
    LOG_CHECKPOINT = "WL-LOG-CHECKPOINT", No {
        what: "the head of the log's tree is missing, malformed or not signed by a log of the trust root",
        why: "without a signed head, anybody can make a tree that holds the entry",
        example: "a checkpoint whose root was changed",
        fix: "fetch the signature again; if it stays so, treat it as forged",
    }
    LOG_PROMISE = "WL-LOG-PROMISE", No {
        what: "the log's promise to publish the entry (SET) is missing or not signed by a log of the trust root",
        why: "the promise is what says when the log took the entry",
        example: "an integrated time that was changed",
        fix: "fetch the signature again; if it stays so, treat it as forged",
    }
    LOG_OTHER = "WL-LOG-OTHER-ENTRY", No {
        what: "the log entry is about another signature, signer or content",
        why: "a genuine entry of somebody else would make this signature look published (CVE-2022-36056)",
        example: "an entry taken from another bundle of the same signer",
        fix: "treat the signature as forged",
    }
    LOG_MALFORMED = "WL-LOG-MALFORMED", No {
        what: "the log entry cannot be read, or is of another kind than it says",
        why: "what cannot be read cannot be compared with the signature",
        example: "a body that is no JSON",
        fix: "fetch the signature again from its publisher",
    }
    LOG_TIME = "WL-LOG-TIME", No {
        what: "the log took the entry in the future, or when the certificate was not valid",
        why: "a key that leaked after its certificate ended could otherwise sign for ever",
        example: "an entry a day after the certificate's ten minutes",
        fix: "check this machine's clock; if it is right, ask the publisher to sign again",
    }
    TIME_INVALID = "WL-TIME-INVALID", No {
        what: "a timestamp is not by an authority of the trust root, or is of another signature",
        why: "the time decides whether the certificate was valid; a forged time would revive any old key",
        example: "a timestamp copied from another signature",
        fix: "check that the trust root is the signer's; else treat the signature as forged",
    }
    TIME_AUTHORITY = "WL-TIME-AUTHORITY", No {
        what: "a timestamp is from a time at which its authority is not believed",
        why: "a timestamp authority that was replaced may have lost its key",
        example: "a timestamp after the end of the authority's validity in the trust root",
        fix: "check that the trust root is current: weightlock trust list",
    }
    TIME_MISSING = "WL-TIME-MISSING", No {
        what: "nobody who is believed says when the signature was made",
        why: "a short-lived certificate counts only at its time; without a time, an old stolen key would count",
        example: "a log entry of the second generation without a timestamp",
        fix: "ask the publisher to sign with a timestamp authority",
    }
    ROOT_TOO_LARGE = "WL-ROOT-TOO-LARGE", Usage {
        what: "the trust root is larger than is read (4 MiB)",
        why: "reading without a limit would let a wrong file use up the memory",
        example: "a model given as --trusted-root",
        fix: "give the trusted_root.json of the deployment; the public one has 8 kB",
    }
    ROOT_MALFORMED = "WL-ROOT-MALFORMED", Usage {
        what: "the trust root cannot be read, or a key, certificate or time in it is unusable",
        why: "a root that is read in two ways can make two different authorities count",
        example: "a truncated trusted_root.json",
        fix: "get the trust root again from the deployment's operator",
    }
    ROOT_MEDIA_TYPE = "WL-ROOT-MEDIA-TYPE", Usage {
        what: "the file is no Sigstore trust root of a known version",
        why: "another kind of document has other rules",
        example: "a signing configuration or a certificate given as --trusted-root",
        fix: "give a trusted_root.json or a client trust configuration; certificates are named with --certificate-chain",
    }
}
