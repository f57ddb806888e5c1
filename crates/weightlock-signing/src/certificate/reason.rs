//! Reason codes of certificates and chains.

reasons! {
    TOO_LARGE = "WL-CERT-TOO-LARGE", Usage {
        what: "the certificate file is larger, or holds more certificates, than any honest one",
        why: "reading without a limit would let a stranger's file use up the memory",
        example: "a model file given as certificate",
        fix: "give the certificate file itself, with the few roots you trust",
    }
    NOT_A_CERTIFICATE = "WL-CERT-NOT-A-CERTIFICATE", Usage {
        what: "the file holds no certificate, or something beside certificates",
        why: "certificates are read from PEM files with blocks `CERTIFICATE`; a private key in the same file is \
              refused, because chain files are handed around",
        example: "`--certificate-chain signer.key`",
        fix: "keep certificates in files of their own; DER is converted with `openssl x509 -inform DER`",
    }
    SEVERAL = "WL-CERT-SEVERAL", Usage {
        what: "the file holds several certificates where one is needed",
        why: "it would be left to chance which of them is the signer's",
        example: "a chain file given as signing certificate",
        fix: "give the signer's certificate alone, and the others with `--certificate-chain`",
    }
    MALFORMED = "WL-CERT-MALFORMED", No {
        what: "a certificate is damaged or not encoded as the standard demands",
        why: "a certificate that can be read in two ways can mean two different signers",
        example: "a character of the file changed in transfer",
        fix: "get the certificate again from whoever issued it",
    }
    TRAILING_DATA = "WL-CERT-TRAILING-DATA", No {
        what: "bytes follow the end of a certificate",
        why: "they are covered by no signature, and other programs may read them differently",
        example: "two certificates joined into one field of a bundle",
        fix: "get the certificate again from whoever issued it",
    }
    DUPLICATE_EXTENSION = "WL-CERT-DUPLICATE-EXTENSION", No {
        what: "a certificate carries the same extension twice",
        why: "programs would disagree on which of the two counts, for example whether it is an authority",
        example: "two `basicConstraints`, one saying CA and one not",
        fix: "have the certificate issued again",
    }
    NO_ROOT = "WL-CERT-NO-ROOT", Usage {
        what: "no trusted root certificate was given",
        why: "anybody can make a chain of certificates; who vouches in the end is your decision, and web roots do not \
              vouch for model signers",
        example: "`verify certificate MODEL` without `--certificate-chain`",
        fix: "get the root certificate of the signer's organisation over a channel you trust, and name it",
    }
    ROOT_NOT_SELF_SIGNED = "WL-CERT-ROOT-NOT-SELF-SIGNED", Usage {
        what: "the certificate given as root is not a root: somebody else issued it",
        why: "an intermediate authority can be withdrawn by the root; trusting it directly would not notice",
        example: "only the intermediate certificate was given",
        fix: "add the self-signed root that issued it; the intermediate may be given too",
    }
    NO_PATH = "WL-CERT-NO-PATH", No {
        what: "a link of the chain is missing",
        why: "without the issuer's certificate it cannot be checked who vouches for the signer",
        example: "the signer did not include the intermediate certificate",
        fix: "give the missing intermediate together with the root",
    }
    UNTRUSTED_ROOT = "WL-CERT-UNTRUSTED-ROOT", No {
        what: "the chain is complete, but ends at a root you did not name as trusted",
        why: "anybody can make such a chain with any names in it",
        example: "a model signed by another organisation, or a root with the same name and another key",
        fix: "if you trust that organisation, get its root over a channel you trust; do not take it from the signature",
    }
    TOO_DEEP = "WL-CERT-TOO-DEEP", NoAnswer {
        what: "the chain is longer than any honest one",
        why: "every link is work, and another party to trust",
        example: "a chain of more than eight certificates",
        fix: "have the signer's certificate issued closer to the root",
    }
    SEARCH_LIMIT = "WL-CERT-SEARCH-LIMIT", NoAnswer {
        what: "the certificates that came along form a maze; the search was given up",
        why: "certificates that cross-sign each other can make the search take for ever",
        example: "dozens of certificates with the same name",
        fix: "give only the certificates of the chain",
    }
    SIGNATURE = "WL-CERT-SIGNATURE", No {
        what: "a certificate was not signed by the authority it names",
        why: "it is forged, damaged, or the authority has several keys",
        example: "a self-made certificate that carries the name of a known authority",
        fix: "get the chain from the signer again; if the authority changed its key, add the right certificate",
    }
    WEAK_ALGORITHM = "WL-CERT-WEAK-ALGORITHM", No {
        what: "a certificate relies on a broken hash or on a key that is too short",
        why: "certificates with forged content have been made for MD5 and SHA-1; short RSA keys can be factored",
        example: "an intermediate certificate signed with SHA-1 in 2012",
        fix: "have the certificate issued again with SHA-256 or better and at least RSA 2048 or P-256",
    }
    UNSUPPORTED_ALGORITHM = "WL-CERT-UNSUPPORTED-ALGORITHM", NoAnswer {
        what: "a certificate is signed with an algorithm that is not checked here",
        why: "a signature that cannot be checked proves nothing",
        example: "an authority with a Brainpool, DSA or Ed448 key",
        fix: "use an authority with an ECDSA (P-256, P-384, P-521), RSA or Ed25519 key",
    }
    KEY_IDENTIFIER = "WL-CERT-KEY-IDENTIFIER", No {
        what: "a certificate names another key of its issuer than the one at hand",
        why: "the authority has several keys, and the certificate of the right one is missing",
        example: "an authority that changed its key and kept its name",
        fix: "add the issuer's certificate that fits",
    }
    EXPIRED = "WL-CERT-EXPIRED", No {
        what: "a certificate of the chain has expired",
        why: "after that date nobody promises that the key is still in the right hands, and a key that leaked could \
              sign with any date",
        example: "a model signed with a one-year certificate, verified two years later",
        fix: "have the model signed again; to ask about an earlier moment, state it with `--at-time`; the answer then \
              says that the time was stated",
    }
    NOT_YET_VALID = "WL-CERT-NOT-YET-VALID", No {
        what: "a certificate of the chain is not valid yet",
        why: "it is from the future, or the clock of this machine is wrong",
        example: "a machine whose clock was reset to 1970",
        fix: "check the clock",
    }
    NOT_AN_AUTHORITY = "WL-CERT-NOT-AN-AUTHORITY", No {
        what: "a certificate was issued by somebody who is no certificate authority",
        why: "otherwise every owner of a certificate could make certificates for any name",
        example: "a signer who issued a certificate with the own signing key",
        fix: "have the certificate issued by an authority",
    }
    AUTHORITY_KEY_USAGE = "WL-CERT-AUTHORITY-KEY-USAGE", No {
        what: "the key of an authority in the chain may not sign certificates",
        why: "the authority itself limited what the key is for",
        example: "an authority certificate with `keyUsage` without `keyCertSign`",
        fix: "have the authority's certificate issued again with `keyCertSign`",
    }
    PATH_LENGTH = "WL-CERT-PATH-LENGTH", No {
        what: "an authority has more authorities below it than it may",
        why: "the limit keeps a subordinate from setting up authorities of its own",
        example: "an intermediate with `pathlen:0` that issued another intermediate",
        fix: "have the signer's certificate issued by the authority with the limit",
    }
    KEY_USAGE = "WL-CERT-KEY-USAGE", No {
        what: "the signer's certificate is not meant for signing",
        why: "the authority vouches for the key for other purposes only",
        example: "a certificate for encryption",
        fix: "sign with a certificate that has the key usage `digitalSignature`, or code signing",
    }
    EXTENDED_KEY_USAGE = "WL-CERT-EXTENDED-KEY-USAGE", No {
        what: "a certificate of the chain is meant for other purposes than signing code",
        why: "whoever holds the key of a web server must not be able to sign models",
        example: "a TLS server certificate used to sign a model",
        fix: "sign with a certificate whose extended key usage names code signing, or has none",
    }
    LEAF_IS_AUTHORITY = "WL-CERT-LEAF-IS-AUTHORITY", No {
        what: "the model was signed directly with the key of a certificate authority",
        why: "the key that vouches for everybody should not be on a machine that signs models",
        example: "a root certificate used as signing certificate",
        fix: "issue a certificate for the signer and sign with that",
    }
    UNKNOWN_CRITICAL = "WL-CERT-UNKNOWN-CRITICAL", No {
        what: "a certificate demands that an extension be understood, and it is not understood here",
        why: "the authority marked it critical: whoever does not know it must refuse",
        example: "`policyConstraints`, or an extension of a company's own",
        fix: "have the certificate issued without it, or with the extension not critical",
    }
    NAME_NOT_PERMITTED = "WL-CERT-NAME-NOT-PERMITTED", No {
        what: "an authority vouched for a name outside of what it may vouch for",
        why: "the limit keeps one organisation's authority from making certificates in another's name",
        example: "an authority limited to `example.com` that issued for `signer@example.org`",
        fix: "have the certificate issued by the right authority",
    }
    NAME_CONSTRAINT_UNSUPPORTED = "WL-CERT-NAME-CONSTRAINT-UNSUPPORTED", NoAnswer {
        what: "an authority is limited to names of a kind that cannot be checked here",
        why: "a limit that is not checked is no limit",
        example: "name constraints on registered identifiers",
        fix: "use an authority whose limits are on directory names, e-mail, host names, URIs or IP addresses",
    }
    LEAF_KEY = "WL-CERT-LEAF-KEY", NoAnswer {
        what: "the key in the signer's certificate is of a kind that Weightlock does not use",
        why: "models are signed with ECDSA keys on P-256, P-384 or P-521",
        example: "an RSA signing certificate",
        fix: "have a certificate issued for a P-256 key",
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
