//! Reason codes of updates of trust roots.

reasons! {
    SIGNATURE = "WL-TUF-SIGNATURE", No {
        what: "metadata of the repository are not signed by enough of the keys that must sign them",
        why: "whoever controls the mirror could otherwise make you believe an authority of their own",
        example: "a mirror that was broken into, or `--tuf-root` of another deployment",
        fix: "check the address, and that the root of keys is the deployment's; do not import what the mirror offers",
    }
    EXPIRED = "WL-TUF-EXPIRED", No {
        what: "metadata of the repository have expired: its publisher no longer vouches for their being current",
        why: "a mirror that holds back newer metadata could keep you believing a key that was stolen since",
        example: "a mirror that nobody has updated for weeks, or a clock that is wrong",
        fix: "check this machine's clock; use another mirror, or tell its operator",
    }
    ROLLBACK = "WL-TUF-ROLLBACK", No {
        what: "the mirror offers older metadata than an earlier update saw",
        why: "old metadata are rightly signed and may name keys that were withdrawn since",
        example: "a mirror that was restored from a backup",
        fix: "use another mirror, or tell its operator; the trust root you have stays as it is",
    }
    INTEGRITY = "WL-TUF-INTEGRITY", No {
        what: "a file of the repository is not the one that was signed for",
        why: "it was changed or damaged on the mirror, or mixed from two versions",
        example: "a trusted_root.json with other bytes than the targets metadata pin",
        fix: "try again, since a mirror may be in the middle of an update; then use another mirror",
    }
    MISSING = "WL-TUF-MISSING", NoAnswer {
        what: "the repository does not publish a file that is needed",
        why: "without it there is no newer trust root; the one you have stays as it is",
        example: "an address that is not the one of a TUF repository, or a repository without trusted_root.json",
        fix: "check the address: below it lie timestamp.json and targets/",
    }
    MALFORMED = "WL-TUF-MALFORMED", NoAnswer {
        what: "the repository, the root of keys, or the memory of earlier updates cannot be read",
        why: "what cannot be read cannot be checked",
        example: "`--tuf-root` names a trusted_root.json instead of a root.json of TUF",
        fix: "check that the file is the repository's root.json; a damaged memory lies beside the kept trust root",
    }
}
