//! The documents that make clients trust and use the services: `trusted_root.json`, `signing_config.v0.2.json`, and
//! both in one (protobuf-specs `sigstore_trustroot.proto`).

use serde_json::{Value, json};

use super::{Rekor, Service, Sigstore, base64, der};

impl Sigstore {
    /// `trusted_root.json` with everything the services sign.
    #[must_use]
    pub fn trusted_root(&self) -> String {
        self.trusted_root_value().to_string()
    }

    /// `signing_config.v0.2.json` with one log or both, and the timestamp authority.
    #[must_use]
    pub fn signing_config(&self, rekor: Rekor) -> String {
        self.signing_config_value(rekor).to_string()
    }

    /// Both, as `--trust-config` of Python's clients reads them.
    #[must_use]
    pub fn trust_config(&self, rekor: Rekor) -> String {
        json!({
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": self.trusted_root_value(),
            "signingConfig": self.signing_config_value(rekor),
        })
        .to_string()
    }

    fn since(&self) -> String {
        der::written(self.started - 3600, "%Y-%m-%dT%H:%M:%SZ")
    }

    fn trusted_root_value(&self) -> Value {
        let since = self.since();
        let chain = |certificates: &[&[u8]]| -> Value {
            certificates
                .iter()
                .map(|der| json!({"rawBytes": base64(der)}))
                .collect()
        };
        let subject = json!({"organization": "weightlock tests", "commonName": "tests"});
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [
                self.first.log.trusted_json(&self.url(Service::RekorFirst), &since),
                // Clients of Go take the name in its checkpoints from here: the host of its address, wherever it listens.
                self.second
                    .log
                    .trusted_json(&format!("https://{}", self.second.log.origin), &since),
            ],
            "certificateAuthorities": [{
                "subject": subject,
                "uri": self.url(Service::Fulcio),
                "certChain": {"certificates": chain(&self.fulcio.authority.chain())},
                "validFor": {"start": since},
            }],
            "ctlogs": [{
                "baseUrl": format!("{}/ct", self.url(Service::Fulcio)),
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": base64(&self.fulcio.log.spki),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": {"start": since},
                },
                "logId": {"keyId": base64(&self.fulcio.log.id())},
            }],
            "timestampAuthorities": [{
                "subject": subject,
                "uri": format!("{}/api/v1/timestamp", self.url(Service::Timestamps)),
                "certChain": {"certificates": chain(&self.timestamps.chain())},
                "validFor": {"start": since},
            }],
        })
    }

    fn signing_config_value(&self, rekor: Rekor) -> Value {
        let service = |url: String, version: u8| {
            json!({
                "url": url,
                "majorApiVersion": version,
                "validFor": {"start": self.since()},
                "operator": "weightlock tests",
            })
        };
        let first = || service(self.url(Service::RekorFirst), 1);
        let second = || service(self.url(Service::RekorSecond), 2);
        let logs = match rekor {
            Rekor::First => vec![first()],
            Rekor::Second => vec![second()],
            Rekor::Both => vec![first(), second()],
        };
        let stamp = format!("{}/api/v1/timestamp", self.url(Service::Timestamps));
        json!({
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [service(self.url(Service::Fulcio), 1)],
            "oidcUrls": [service(self.url(Service::Issuer), 1)],
            "rekorTlogUrls": logs,
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": [service(stamp, 1)],
            "tsaConfig": {"selector": "ANY"},
        })
    }
}
