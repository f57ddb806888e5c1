//! Signature Version 4, the way AWS wants calls to be signed ([specification]).
//!
//! ```text
//! canonical = METHOD \n PATH \n QUERY \n (name:value \n)* \n names \n hex(sha256(body))       headers sorted by name
//! scope     = YYYYMMDD/region/service/aws4_request
//! text      = AWS4-HMAC-SHA256 \n time \n scope \n hex(sha256(canonical))
//! key       = hmac(hmac(hmac(hmac("AWS4" secret, date), region), service), "aws4_request")
//! signature = hex(hmac(key, text))
//! ```
//!
//! Only what a service with one path needs: the path is `/` and there is no query. Some sixty crates of the vendor's kit do
//! the same and more; these few lines are checked against the values that AWS publishes.
//!
//! [specification]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use weightlock_transport::Secret;
use zeroize::Zeroizing;

use crate::certificate::UnixTime;

/// What a call is signed for.
pub(super) struct Scope<'a> {
    pub(super) time: UnixTime,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// A call to the path `/`. Header names are in lower case and sorted.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    pub(super) headers: &'a [(&'a str, &'a [u8])],
    pub(super) body: &'a [u8],
}

/// The value of the `Authorization` header.
pub(super) fn authorization(call: &Call<'_>, scope: &Scope<'_>, id: &str, secret: &Secret) -> String {
    debug_assert!(call.headers.is_sorted_by_key(|(name, _)| name));
    let names: Vec<&str> = call.headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let time = timestamp(scope.time);
    let date = &time[..8];
    let place = format!("{date}/{}/{}/aws4_request", scope.region, scope.service);
    // Holds the session token, which is a header like the others.
    let mut canonical = Zeroizing::new(format!("{}\n/\n\n", call.method).into_bytes());
    for (name, value) in call.headers {
        canonical.extend_from_slice(name.as_bytes());
        canonical.push(b':');
        canonical.extend_from_slice(value.trim_ascii());
        canonical.push(b'\n');
    }
    canonical.extend_from_slice(format!("\n{names}\n{}", hex(&Sha256::digest(call.body))).as_bytes());
    let text = format!(
        "AWS4-HMAC-SHA256\n{time}\n{place}\n{}",
        hex(&Sha256::digest(&canonical))
    );
    let key = signing_key(secret, date, scope);
    let signature = hex(&*mac(&*key, text.as_bytes()));
    format!("AWS4-HMAC-SHA256 Credential={id}/{place}, SignedHeaders={names}, Signature={signature}")
}

/// `20150830T123600Z`
pub(super) fn timestamp(time: UnixTime) -> String {
    time.to_string().replace(['-', ':'], "")
}

fn signing_key(secret: &Secret, date: &str, scope: &Scope<'_>) -> Zeroizing<[u8; 32]> {
    let first = Zeroizing::new([b"AWS4", secret.expose()].concat());
    let parts = [scope.region, scope.service, "aws4_request"];
    let dated = mac(&first, date.as_bytes());
    parts.iter().fold(dated, |key, part| mac(&*key, part.as_bytes()))
}

fn mac(key: &[u8], text: &[u8]) -> Zeroizing<[u8; 32]> {
    // HMAC takes keys of every length; the error is of the trait.
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("a key of any length is taken");
    };
    hmac.update(text);
    Zeroizing::new(hmac.finalize().into_bytes().into())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    /// 2015-08-30T12:36:00Z
    const TIME: UnixTime = UnixTime(1_440_938_160);

    fn scope(service: &'static str) -> Scope<'static> {
        Scope {
            time: TIME,
            region: "us-east-1",
            service,
        }
    }

    /// The suite of AWS (`get-vanilla`, `post-vanilla`, `post-x-www-form-urlencoded` and others).
    fn signed(method: &str, headers: &[(&str, &[u8])], body: &[u8]) -> String {
        let call = Call {
            method,
            headers,
            body,
        };
        authorization(&call, &scope("service"), "AKIDEXAMPLE", &Secret::new(SECRET))
    }

    #[test]
    fn the_key_is_that_of_the_published_example() {
        let key = signing_key(&Secret::new(SECRET), "20150830", &scope("iam"));
        assert_eq!(
            hex(&*key),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
    }

    #[test]
    fn signatures_are_those_of_the_published_suite() {
        let host: (&str, &[u8]) = ("host", b"example.amazonaws.com");
        let date: (&str, &[u8]) = ("x-amz-date", b"20150830T123600Z");
        let start =
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=";
        assert_eq!(
            signed("GET", &[host, date], b""),
            format!(
                "{start}host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
            )
        );
        assert_eq!(
            signed("POST", &[host, date], b""),
            format!(
                "{start}host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
            )
        );
        let form: (&str, &[u8]) = ("content-type", b"application/x-www-form-urlencoded");
        assert_eq!(
            signed("POST", &[form, host, date], b"Param1=value1"),
            format!(
                "{start}content-type;host;x-amz-date, \
                 Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
            )
        );
    }
}
