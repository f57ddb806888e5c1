//! Reason codes of signing keyless.

reasons! {
    SIGNING_CONFIG = "WL-CA-SIGNING-CONFIG", Usage {
        what: "the signing configuration cannot be read or used",
        why: "it decides which services see the signer's identity and publish it",
        example: "a `trusted_root.json` given as `--signing-config`, or an address with a password in it",
        fix: "give a signing_config.v0.2.json of the instance, or its client trust configuration with --trust-config",
    }
    NO_SERVICE = "WL-CA-NO-SERVICE", Usage {
        what: "the signing configuration names nobody for a task that signing needs",
        why: "without an authority, a log or a clock there is no signature that anybody would accept",
        example: "a log of version 2 and no timestamp authority; a configuration whose services have all ended",
        fix: "get the instance's current signing configuration",
    }
    REFUSED = "WL-CA-REFUSED", CouldNotWork {
        what: "the certificate authority did not accept the identity token or the request",
        why: "an authority certifies only whom an issuer that it knows vouches for",
        example: "a token of an issuer that this authority does not know, or one that has ended on the way",
        fix: "read what the authority says; get a new token; check that authority and issuer belong together",
    }
    ANSWER = "WL-CA-ANSWER", CouldNotWork {
        what: "the certificate authority's answer is not what its protocol says",
        why: "guessing what was meant could end in a signature by somebody else",
        example: "a page for people, or a certificate whose publication nobody promised",
        fix: "try again; if it stays, ask whoever runs the authority",
    }
    OTHER_KEY = "WL-CA-OTHER-KEY", CouldNotWork {
        what: "the certificate that came is for another key",
        why: "the signature would not verify, or would be somebody else's",
        example: "an authority that mixes up the answers to two requests",
        fix: "try again; if it stays, do not use this authority",
    }
    OTHER_IDENTITY = "WL-CA-OTHER-IDENTITY", CouldNotWork {
        what: "the certificate that came names somebody the token does not show",
        why: "the signature would be published as somebody else's",
        example: "an authority that is set up wrongly, or that lies",
        fix: "check the authority's rules for this issuer; if they are right, name the one you expect: \
              --expect-identity NAME",
    }
    ENDED = "WL-CA-ENDED", CouldNotWork {
        what: "the certificate ended before everything was signed",
        why: "certificates last for minutes; a signature made later counts for nobody",
        example: "a machine that was suspended between certificate and signature; a clock that is wrong",
        fix: "sign again; check this machine's clock",
    }
    LOG_ANSWER = "WL-LOG-ANSWER", CouldNotWork {
        what: "a transparency log's answer is not what its protocol says",
        why: "without a usable entry and proof nobody could check that the signature was published",
        example: "an entry without an inclusion proof, or a page for people",
        fix: "try again; if it stays, ask whoever runs the log. The signature may have been published all the same",
    }
    LOG_REFUSED = "WL-LOG-REFUSED", CouldNotWork {
        what: "a transparency log did not take the signature",
        why: "a signature that is in no log counts for nobody who asks for one",
        example: "a log that knows no entries of this kind, or is closed",
        fix: "read what the log says; get the instance's current signing configuration",
    }
    TIME_ANSWER = "WL-TIME-ANSWER", CouldNotWork {
        what: "a timestamp authority's answer is not a timestamp for this signature",
        why: "a timestamp of other bytes, or one made for another request, proves nothing about this signature",
        example: "a rejection, a timestamp with another nonce, or a page for people",
        fix: "try again; if it stays, ask whoever runs the authority",
    }
}
