//! Reason codes of calls to services.

use weightlock_artifact::reason::{Code, Explanation, Outcome};

pub(crate) const ADDRESS: Code = Code::new("WL-NET-ADDRESS");
pub(crate) const HEADER: Code = Code::new("WL-NET-HEADER");
pub(crate) const PLAIN_SECRET: Code = Code::new("WL-NET-PLAIN-SECRET");
pub(crate) const PROXY: Code = Code::new("WL-NET-PROXY");
pub(crate) const ROOTS: Code = Code::new("WL-NET-ROOTS");
pub(crate) const NAME: Code = Code::new("WL-NET-NAME");
pub(crate) const CONNECT: Code = Code::new("WL-NET-CONNECT");
pub(crate) const TLS: Code = Code::new("WL-NET-TLS");
pub(crate) const TIMEOUT: Code = Code::new("WL-NET-TIMEOUT");
pub(crate) const PROTOCOL: Code = Code::new("WL-NET-PROTOCOL");
pub(crate) const TOO_LARGE: Code = Code::new("WL-NET-TOO-LARGE");
pub(crate) const REDIRECT: Code = Code::new("WL-NET-REDIRECT");
pub(crate) const STATUS: Code = Code::new("WL-NET-STATUS");

/// What `explain` says about each code of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: ADDRESS,
        outcome: Outcome::Usage,
        what: "the text is not an address that is called",
        why: "an address that can be read in two ways leads to two servers; credentials in an address end up in logs",
        example: "`https://user:password@example.org`, `ftp://example.org`, or an address without a host",
        fix: "write https://HOST[:PORT]/PATH; give tokens in the variable or file that is meant for them",
    },
    Explanation {
        code: HEADER,
        outcome: Outcome::Usage,
        what: "a token or header holds a character that cannot be sent",
        why: "a line break in a token would let it add headers of its own to the call",
        example: "a token file with two lines",
        fix: "write the token alone into the file or variable, in one line",
    },
    Explanation {
        code: PLAIN_SECRET,
        outcome: Outcome::Usage,
        what: "a token would be sent over a connection that is not encrypted",
        why: "everybody on the way could read the token and use it",
        example: "VAULT_ADDR=http://vault.example.org:8200",
        fix: "use the https address of the service; plain http carries secrets to this machine only",
    },
    Explanation {
        code: PROXY,
        outcome: Outcome::Usage,
        what: "a variable names a proxy that cannot be used",
        why: "going around a proxy that was asked for could leave the network on a way that is not allowed",
        example: "HTTPS_PROXY=socks5://proxy:1080",
        fix: "HTTPS_PROXY=http://HOST:PORT, or add the service to NO_PROXY",
    },
    Explanation {
        code: ROOTS,
        outcome: Outcome::Usage,
        what: "the file that SSL_CERT_FILE names holds no certificates",
        why: "without the root of its certificate a private service cannot show who it is",
        example: "SSL_CERT_FILE names a private key, or a certificate in DER form",
        fix: "name a PEM file with the root certificates of your services",
    },
    Explanation {
        code: NAME,
        outcome: Outcome::CouldNotWork,
        what: "the name server knows no address for the host",
        why: "the call was not made; nothing was sent",
        example: "a misspelt host, or a machine without a name server",
        fix: "check the spelling and the network, then try again",
    },
    Explanation {
        code: CONNECT,
        outcome: Outcome::CouldNotWork,
        what: "no connection to the service could be made",
        why: "the call was not made; nothing was sent",
        example: "the service is not running, a firewall is in between, or the port is another",
        fix: "check address and port; set HTTPS_PROXY where calls must go through a proxy",
    },
    Explanation {
        code: TLS,
        outcome: Outcome::CouldNotWork,
        what: "the other side did not prove that it is the service that was called",
        why: "whoever stands in between could read tokens and answer in the service's place; nothing was sent to it",
        example: "a certificate of a private authority, an expired one, or one for another name",
        fix: "name the root certificate of a private service: SSL_CERT_FILE=ROOTS.pem; renew an expired certificate",
    },
    Explanation {
        code: TIMEOUT,
        outcome: Outcome::CouldNotWork,
        what: "the service did not answer completely in the time that a call may take",
        why: "a service that never ends its answer would hold up everything that waits for it",
        example: "a service that is overloaded, or a firewall that drops packets",
        fix: "try again; check the service",
    },
    Explanation {
        code: PROTOCOL,
        outcome: Outcome::CouldNotWork,
        what: "what the service answered is not HTTP, or ended in the middle",
        why: "half an answer is none",
        example: "https was asked for on a plain port, or the service was restarted during the call",
        fix: "check address and port, then try again",
    },
    Explanation {
        code: TOO_LARGE,
        outcome: Outcome::CouldNotWork,
        what: "the answer is larger than anything the service has to say",
        why: "an endless answer would use up the memory of this machine",
        example: "the address of a download instead of an API",
        fix: "check the address",
    },
    Explanation {
        code: REDIRECT,
        outcome: Outcome::CouldNotWork,
        what: "the service sends the call on to another place",
        why: "only addresses that you named are called; a token must not follow to a host you did not name",
        example: "a login page of a proxy, or a service that has moved",
        fix: "check where it leads, and give that address yourself if it is right",
    },
    Explanation {
        code: STATUS,
        outcome: Outcome::CouldNotWork,
        what: "the service refused the call or failed",
        why: "its own words are shown as far as there are any; they are a stranger's",
        example: "status 403 for a token that has expired, 503 for a service under maintenance",
        fix: "401 and 403: check the token and its rights; 404: check the name; 5xx: try again later",
    },
];
