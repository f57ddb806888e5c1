//! Reason codes of certificates and chains.

reasons! {
    TOO_LARGE = "WL-CERT-TOO-LARGE", Usage {
        what: "The certificate file is larger, or holds more certificates, than any honest one.",
        why: "Reading without a limit would let a stranger's file use up the memory.",
        example: "A model file given as certificate.",
        fix: "Give the certificate file itself, with the few roots you trust.",
    }
    NOT_A_CERTIFICATE = "WL-CERT-NOT-A-CERTIFICATE", Usage {
        what: "The file holds no certificate, or something beside certificates.",
        why: "Certificates are read from PEM files with blocks `CERTIFICATE`. A private key in the same file is \
              refused, because chain files are handed around.",
        example: "`--certificate-chain signer.key`.",
        fix: "Keep certificates in files of their own. DER is converted with `openssl x509 -inform DER`.",
    }
    SEVERAL = "WL-CERT-SEVERAL", Usage {
        what: "The file holds several certificates where one is needed.",
        why: "It would be left to chance which of them is the signer's.",
        example: "A chain file given as signing certificate.",
        fix: "Give the signer's certificate alone, and the others with `--certificate-chain`.",
    }
    MALFORMED = "WL-CERT-MALFORMED", No {
        what: "A certificate is damaged or not encoded as the standard demands.",
        why: "A certificate that can be read in two ways can mean two different signers.",
        example: "A character of the file changed in transfer.",
        fix: "Get the certificate again from whoever issued it.",
    }
    TRAILING_DATA = "WL-CERT-TRAILING-DATA", No {
        what: "Bytes follow the end of a certificate.",
        why: "They are covered by no signature, and other programs may read them differently.",
        example: "Two certificates joined into one field of a bundle.",
        fix: "Get the certificate again from whoever issued it.",
    }
    DUPLICATE_EXTENSION = "WL-CERT-DUPLICATE-EXTENSION", No {
        what: "A certificate carries the same extension twice.",
        why: "Programs would disagree on which of the two counts, for example whether it is an authority.",
        example: "Two `basicConstraints`, one saying CA and one not.",
        fix: "Have the certificate issued again.",
    }
    NO_ROOT = "WL-CERT-NO-ROOT", Usage {
        what: "No trusted root certificate was given.",
        why: "Anybody can make a chain of certificates. Who vouches in the end is your decision, and web roots do \
              not vouch for model signers.",
        example: "`verify certificate MODEL` without `--certificate-chain`.",
        fix: "Get the root certificate of the signer's organisation over a channel you trust, and name it.",
    }
    ROOT_NOT_SELF_SIGNED = "WL-CERT-ROOT-NOT-SELF-SIGNED", Usage {
        what: "The certificate given as root is not a root: somebody else issued it.",
        why: "An intermediate authority can be withdrawn by the root; trusting it directly would not notice.",
        example: "Only the intermediate certificate was given.",
        fix: "Add the self-signed root that issued it. The intermediate may be given too.",
    }
    NO_PATH = "WL-CERT-NO-PATH", No {
        what: "A link of the chain is missing.",
        why: "Without the issuer's certificate it cannot be checked who vouches for the signer.",
        example: "The signer did not include the intermediate certificate.",
        fix: "Give the missing intermediate together with the root.",
    }
    UNTRUSTED_ROOT = "WL-CERT-UNTRUSTED-ROOT", No {
        what: "The chain is complete, but ends at a root you did not name as trusted.",
        why: "Anybody can make such a chain with any names in it.",
        example: "A model signed by another organisation, or a root with the same name and another key.",
        fix: "If you trust that organisation, get its root over a channel you trust. Do not take it from the \
              signature.",
    }
    TOO_DEEP = "WL-CERT-TOO-DEEP", NoAnswer {
        what: "The chain is longer than any honest one.",
        why: "Every link is work, and another party to trust.",
        example: "A chain of more than eight certificates.",
        fix: "Have the signer's certificate issued closer to the root.",
    }
    SEARCH_LIMIT = "WL-CERT-SEARCH-LIMIT", NoAnswer {
        what: "The certificates that came along form a maze; the search was given up.",
        why: "Certificates that cross-sign each other can make the search take for ever.",
        example: "Dozens of certificates with the same name.",
        fix: "Give only the certificates of the chain.",
    }
    SIGNATURE = "WL-CERT-SIGNATURE", No {
        what: "A certificate was not signed by the authority it names.",
        why: "It is forged, damaged, or the authority has several keys.",
        example: "A self-made certificate that carries the name of a known authority.",
        fix: "Get the chain from the signer again. If the authority changed its key, add the right certificate.",
    }
    WEAK_ALGORITHM = "WL-CERT-WEAK-ALGORITHM", No {
        what: "A certificate relies on a broken hash or on a key that is too short.",
        why: "Certificates with forged content have been made for MD5 and SHA-1; short RSA keys can be factored.",
        example: "An intermediate certificate signed with SHA-1 in 2012.",
        fix: "Have the certificate issued again with SHA-256 or better and at least RSA 2048 or P-256.",
    }
    UNSUPPORTED_ALGORITHM = "WL-CERT-UNSUPPORTED-ALGORITHM", NoAnswer {
        what: "A certificate is signed with an algorithm that is not checked here.",
        why: "A signature that cannot be checked proves nothing.",
        example: "An authority with a Brainpool, DSA or Ed448 key.",
        fix: "Use an authority with an ECDSA (P-256, P-384, P-521), RSA or Ed25519 key.",
    }
    KEY_IDENTIFIER = "WL-CERT-KEY-IDENTIFIER", No {
        what: "A certificate names another key of its issuer than the one at hand.",
        why: "The authority has several keys, and the certificate of the right one is missing.",
        example: "An authority that changed its key and kept its name.",
        fix: "Add the issuer's certificate that fits.",
    }
    EXPIRED = "WL-CERT-EXPIRED", No {
        what: "A certificate of the chain has expired.",
        why: "After that date nobody promises that the key is still in the right hands, and a key that leaked \
              could sign with any date.",
        example: "A model signed with a one-year certificate, verified two years later.",
        fix: "Have the model signed again. To ask about an earlier moment, state it with `--at-time`; the answer \
              then says that the time was stated.",
    }
    NOT_YET_VALID = "WL-CERT-NOT-YET-VALID", No {
        what: "A certificate of the chain is not valid yet.",
        why: "It is from the future, or the clock of this machine is wrong.",
        example: "A machine whose clock was reset to 1970.",
        fix: "Check the clock.",
    }
    NOT_AN_AUTHORITY = "WL-CERT-NOT-AN-AUTHORITY", No {
        what: "A certificate was issued by somebody who is no certificate authority.",
        why: "Otherwise every owner of a certificate could make certificates for any name.",
        example: "A signer who issued a certificate with the own signing key.",
        fix: "Have the certificate issued by an authority.",
    }
    AUTHORITY_KEY_USAGE = "WL-CERT-AUTHORITY-KEY-USAGE", No {
        what: "The key of an authority in the chain may not sign certificates.",
        why: "The authority itself limited what the key is for.",
        example: "An authority certificate with `keyUsage` without `keyCertSign`.",
        fix: "Have the authority's certificate issued again with `keyCertSign`.",
    }
    PATH_LENGTH = "WL-CERT-PATH-LENGTH", No {
        what: "An authority has more authorities below it than it may.",
        why: "The limit keeps a subordinate from setting up authorities of its own.",
        example: "An intermediate with `pathlen:0` that issued another intermediate.",
        fix: "Have the signer's certificate issued by the authority with the limit.",
    }
    KEY_USAGE = "WL-CERT-KEY-USAGE", No {
        what: "The signer's certificate is not meant for signing.",
        why: "The authority vouches for the key for other purposes only.",
        example: "A certificate for encryption.",
        fix: "Sign with a certificate that has the key usage `digitalSignature`, or code signing.",
    }
    EXTENDED_KEY_USAGE = "WL-CERT-EXTENDED-KEY-USAGE", No {
        what: "A certificate of the chain is meant for other purposes than signing code.",
        why: "Whoever holds the key of a web server must not be able to sign models.",
        example: "A TLS server certificate used to sign a model.",
        fix: "Sign with a certificate whose extended key usage names code signing, or has none.",
    }
    LEAF_IS_AUTHORITY = "WL-CERT-LEAF-IS-AUTHORITY", No {
        what: "The model was signed directly with the key of a certificate authority.",
        why: "The key that vouches for everybody should not be on a machine that signs models.",
        example: "A root certificate used as signing certificate.",
        fix: "Issue a certificate for the signer and sign with that.",
    }
    UNKNOWN_CRITICAL = "WL-CERT-UNKNOWN-CRITICAL", No {
        what: "A certificate demands that an extension be understood, and it is not understood here.",
        why: "The authority marked it critical: whoever does not know it must refuse.",
        example: "`policyConstraints`, or an extension of a company's own.",
        fix: "Have the certificate issued without it, or with the extension not critical.",
    }
    NAME_NOT_PERMITTED = "WL-CERT-NAME-NOT-PERMITTED", No {
        what: "An authority vouched for a name outside of what it may vouch for.",
        why: "The limit keeps one organisation's authority from making certificates in another's name.",
        example: "An authority limited to `example.com` that issued for `signer@example.org`.",
        fix: "Have the certificate issued by the right authority.",
    }
    NAME_CONSTRAINT_UNSUPPORTED = "WL-CERT-NAME-CONSTRAINT-UNSUPPORTED", NoAnswer {
        what: "An authority is limited to names of a kind that cannot be checked here.",
        why: "A limit that is not checked is no limit.",
        example: "Name constraints on registered identifiers.",
        fix: "Use an authority whose limits are on directory names, e-mail, host names, URIs or IP addresses.",
    }
    LEAF_KEY = "WL-CERT-LEAF-KEY", NoAnswer {
        what: "The key in the signer's certificate is of a kind that Weightlock does not use.",
        why: "Models are signed with ECDSA keys on P-256, P-384 or P-521.",
        example: "An RSA signing certificate.",
        fix: "Have a certificate issued for a P-256 key.",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn codes_are_unique_and_explained() {
        let codes: std::collections::BTreeSet<_> =
            super::EXPLANATIONS.iter().map(|entry| entry.code).collect();
        assert_eq!(codes.len(), super::EXPLANATIONS.len());
    }
}
