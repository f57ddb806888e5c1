//! [`SigningConfig`]: where to sign (protobuf-specs `sigstore_trustroot.proto`, `SigningConfig` v0.2).
//!
//! ```text
//! { mediaType, caUrls: [service], oidcUrls: [service], rekorTlogUrls: [service], tsaUrls: [service],
//!   rekorTlogConfig: { selector, count }, tsaConfig: { selector, count } }
//! service = { url, majorApiVersion, validFor: { start, end? }, operator }
//! ```
//!
//! Of each list those count that are valid now and speak a version that is known; of one operator only those of the
//! newest version. The rule (`ANY`, `ALL`, `EXACT` with a count) says how many of them must be used. Refused: repeated
//! keys, other media types, rules that cannot be kept, addresses that cannot be used.

use serde::Deserialize;
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_SIGNING_CONFIG, SIGSTORE_STAGING_SIGNING_CONFIG};
use weightlock_artifact::{reason::Code, text::Shown};
use weightlock_transport::Url;

use super::reason;
use crate::{
    certificate::UnixTime,
    json::{self, JsonError, Object},
    sigstore::Instance,
};

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
/// More services of a kind are not read; the public instance has two.
const MOST_SERVICES: usize = 32;

/// Where certificates, log entries and timestamps come from.
#[derive(Clone, Debug)]
pub struct SigningConfig {
    authorities: Vec<Service>,
    issuers: Vec<Service>,
    logs: Vec<Service>,
    log_rule: Rule,
    clocks: Vec<Service>,
    clock_rule: Rule,
}

#[derive(Clone, Debug)]
struct Service {
    url: Url,
    version: u32,
    from: Option<UnixTime>,
    until: Option<UnixTime>,
    operator: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rule {
    Any,
    All,
    Exactly(u32),
}

/// A version of a transparency log's interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogVersion {
    /// Entries carry a time.
    First,
    /// Entries need a timestamp beside them.
    Second,
}

/// Which services are used for a signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Who certifies the key.
    pub authority: Url,
    /// Who gives tokens, if the configuration names somebody.
    pub issuer: Option<Url>,
    /// Which logs publish the signature.
    pub logs: Vec<(LogVersion, Url)>,
    /// Who says what time it is.
    pub clocks: Vec<Url>,
}

impl Plan {
    /// Every address that will be called, but the issuer's.
    pub fn addresses(&self) -> impl Iterator<Item = &Url> {
        let logs = self.logs.iter().map(|(_, url)| url);
        std::iter::once(&self.authority).chain(&self.clocks).chain(logs)
    }
}

/// Why a signing configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Larger than is read.
    #[error("the signing configuration is larger than {} bytes", SigningConfig::MAX_BYTES)]
    TooLarge,
    /// No JSON of the expected shape.
    #[error("the signing configuration cannot be read")]
    Syntax(#[source] JsonError),
    /// Another kind of document, or a version that is not known.
    #[error("the document is a {:?}, not a Sigstore signing configuration", Shown(found).to_string())]
    MediaType {
        /// The media type found.
        found: String,
    },
    /// A part of it cannot be used.
    #[error("the signing configuration is unusable: {}", Shown(what))]
    Unusable {
        /// What is wrong.
        what: String,
    },
    /// There is nobody for a task.
    #[error("the signing configuration names {found} usable {what} for {now}, and {wanted} are needed")]
    TooFew {
        /// For which task.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many its own rule demands.
        wanted: usize,
        /// The time now.
        now: UnixTime,
    },
}

impl ConfigError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::TooLarge | Self::Syntax(_) | Self::MediaType { .. } | Self::Unusable { .. } => {
                reason::SIGNING_CONFIG
            }
            Self::TooFew { .. } => reason::NO_SERVICE,
        }
    }
}

impl SigningConfig {
    /// Larger configurations are not read; the public one has two thousand bytes.
    pub const MAX_BYTES: usize = 256 << 10;

    /// Reads a signing configuration.
    ///
    /// # Errors
    /// [`ConfigError`] names what is wrong.
    pub fn parse(text: &[u8]) -> Result<Self, ConfigError> {
        if text.len() > Self::MAX_BYTES {
            return Err(ConfigError::TooLarge);
        }
        let wire: WireConfig = json::read(text).map_err(ConfigError::Syntax)?;
        if wire.media_type != MEDIA_TYPE {
            return Err(ConfigError::MediaType {
                found: wire.media_type,
            });
        }
        Ok(Self {
            authorities: services(wire.authorities)?,
            issuers: services(wire.issuers)?,
            logs: services(wire.logs)?,
            log_rule: wire.log_rule.try_into()?,
            clocks: services(wire.clocks)?,
            clock_rule: wire.clock_rule.try_into()?,
        })
    }

    /// The configuration of a public instance that is built in, for those that have one.
    #[must_use]
    pub fn embedded(instance: Instance) -> Option<Self> {
        let text = match instance {
            Instance::Production => SIGSTORE_PRODUCTION_SIGNING_CONFIG,
            Instance::Staging => SIGSTORE_STAGING_SIGNING_CONFIG,
            _ => return None,
        };
        Self::parse(text.as_bytes()).ok()
    }

    /// Chooses the services for a signature that is made now.
    ///
    /// # Errors
    /// [`ConfigError::TooFew`]: nobody is left for a task, or nobody would say when the signature was made.
    pub fn plan(&self, now: UnixTime) -> Result<Plan, ConfigError> {
        let url = |service: &&Service| service.url.clone();
        let authorities = chosen("certificate authorities", &self.authorities, &[1], Rule::Any, now)?;
        let logs = chosen("transparency logs", &self.logs, &[2, 1], self.log_rule, now)?;
        let logs: Vec<_> = logs
            .iter()
            .map(|log| match log.version {
                2 => (LogVersion::Second, log.url.clone()),
                _ => (LogVersion::First, log.url.clone()),
            })
            .collect();
        let needs_clock = logs.iter().all(|(version, _)| *version == LogVersion::Second);
        let clocks = if self.clocks.is_empty() && !needs_clock {
            Vec::new()
        } else {
            chosen("timestamp authorities", &self.clocks, &[1], self.clock_rule, now)?
        };
        let issuers = chosen("issuers of tokens", &self.issuers, &[1], Rule::Any, now);
        Ok(Plan {
            authority: authorities[0].url.clone(),
            issuer: issuers.ok().and_then(|all| all.first().map(url)),
            clocks: clocks.iter().map(url).collect(),
            logs,
        })
    }
}

/// Those of a list that a rule takes, at least one. `versions` are those that are known, newest first.
fn chosen<'a>(
    what: &'static str,
    all: &'a [Service],
    versions: &[u32],
    rule: Rule,
    now: UnixTime,
) -> Result<Vec<&'a Service>, ConfigError> {
    let usable = |service: &&Service| {
        service.from.is_none_or(|from| from <= now)
            && service.until.is_none_or(|until| now <= until)
            && versions.contains(&service.version)
    };
    let newest = |service: &&Service| {
        let others = all.iter().filter(usable);
        others
            .filter(|other| other.operator == service.operator)
            .all(|other| other.version <= service.version)
    };
    let mut found: Vec<&Service> = all.iter().filter(usable).filter(newest).collect();
    found.sort_by_key(|service| std::cmp::Reverse(service.version));
    let wanted = match rule {
        Rule::Any => 1,
        Rule::All => found.len().max(1),
        Rule::Exactly(count) => usize::try_from(count).unwrap_or(usize::MAX),
    };
    if found.len() < wanted {
        return Err(ConfigError::TooFew {
            what,
            found: found.len(),
            wanted,
            now,
        });
    }
    found.truncate(wanted);
    Ok(found)
}

fn services(wire: Vec<Object<WireService>>) -> Result<Vec<Service>, ConfigError> {
    let unusable = |what: String| ConfigError::Unusable { what };
    if wire.len() > MOST_SERVICES {
        return Err(unusable(format!(
            "it names more than {MOST_SERVICES} services of one kind"
        )));
    }
    let time = |text: Option<String>| {
        let Some(text) = text else { return Ok(None) };
        let parsed: Option<jiff::Timestamp> = text.parse().ok();
        let seconds = parsed.and_then(|time| u64::try_from(time.as_second()).ok());
        let seconds = seconds.ok_or_else(|| unusable(format!("{text:?} is no time")))?;
        Ok(Some(UnixTime(seconds)))
    };
    wire.into_iter()
        .map(|Object(service)| {
            let Object(window) = service.window;
            Ok(Service {
                url: Url::parse(&service.url).map_err(|error| unusable(error.to_string()))?,
                version: service.version,
                from: time(window.start)?,
                until: time(window.end)?,
                operator: service.operator,
            })
        })
        .collect()
}

#[derive(Deserialize)]
struct WireConfig {
    #[serde(rename = "mediaType")]
    media_type: String,
    #[serde(default, rename = "caUrls")]
    authorities: Vec<Object<WireService>>,
    #[serde(default, rename = "oidcUrls")]
    issuers: Vec<Object<WireService>>,
    #[serde(default, rename = "rekorTlogUrls")]
    logs: Vec<Object<WireService>>,
    #[serde(default, rename = "rekorTlogConfig")]
    log_rule: WireRule,
    #[serde(default, rename = "tsaUrls")]
    clocks: Vec<Object<WireService>>,
    #[serde(default, rename = "tsaConfig")]
    clock_rule: WireRule,
}

#[derive(Deserialize)]
struct WireService {
    url: String,
    #[serde(rename = "majorApiVersion")]
    version: u32,
    #[serde(rename = "validFor")]
    window: Object<WireWindow>,
    #[serde(default)]
    operator: String,
}

#[derive(Deserialize)]
struct WireWindow {
    #[serde(default)]
    start: Option<String>,
    #[serde(default)]
    end: Option<String>,
}

/// Absent altogether: any.
#[derive(Default, Deserialize)]
struct WireRule {
    #[serde(default)]
    selector: Option<String>,
    #[serde(default)]
    count: Option<u32>,
}

impl TryFrom<WireRule> for Rule {
    type Error = ConfigError;

    fn try_from(wire: WireRule) -> Result<Self, ConfigError> {
        match (wire.selector.as_deref(), wire.count) {
            (None | Some("ANY"), _) => Ok(Self::Any),
            (Some("ALL"), _) => Ok(Self::All),
            (Some("EXACT"), Some(count @ 1..)) => Ok(Self::Exactly(count)),
            (Some(other), count) => Err(ConfigError::Unusable {
                what: format!(
                    "the rule {other} with the count {} cannot be kept",
                    count.unwrap_or(0)
                ),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_795_262_400);

    fn log(url: &str, version: u32, operator: &str, window: &str) -> String {
        format!(
            "{{\"url\":\"{url}\",\"majorApiVersion\":{version},\"operator\":\"{operator}\",\"validFor\":{{{window}}}}}"
        )
    }

    fn config(logs: &[String], rule: &str, clocks: &str) -> Result<Plan, ConfigError> {
        let authority = log("https://ca", 1, "o", "");
        let logs = logs.join(",");
        let text = format!(
            "{{\"mediaType\":\"{MEDIA_TYPE}\",\"caUrls\":[{authority}],\"rekorTlogUrls\":[{logs}],\
             \"rekorTlogConfig\":{rule},\"tsaUrls\":[{clocks}]}}"
        );
        SigningConfig::parse(text.as_bytes())?.plan(NOW)
    }

    fn urls(plan: Result<Plan, ConfigError>) -> Vec<String> {
        plan.unwrap()
            .logs
            .iter()
            .map(|(_, url)| url.to_string())
            .collect()
    }

    #[test]
    fn the_rule_says_how_many_are_used() {
        let clock = log("https://clock", 1, "o", "");
        let logs = [
            log("https://a1", 1, "a", ""),
            log("https://a2", 2, "a", ""),
            log(
                "https://b1",
                1,
                "b",
                "\"start\":\"2020-01-01T00:00:00Z\",\"end\":\"2030-01-01T00:00:00Z\"",
            ),
            log("https://c3", 3, "c", ""),
            log("https://old", 2, "d", "\"end\":\"2020-01-01T00:00:00Z\""),
            log("https://new", 2, "e", "\"start\":\"2030-01-01T00:00:00Z\""),
        ];
        let used = |rule| urls(config(&logs, rule, &clock));
        assert_eq!(used("{}"), ["https://a2"]);
        assert_eq!(used("{\"selector\":\"ANY\"}"), ["https://a2"]);
        assert_eq!(used("{\"selector\":\"ALL\"}"), ["https://a2", "https://b1"]);
        assert_eq!(
            used("{\"selector\":\"EXACT\",\"count\":2}"),
            ["https://a2", "https://b1"]
        );
        for rule in [
            "{\"selector\":\"EXACT\",\"count\":3}",
            "{\"selector\":\"EXACT\",\"count\":0}",
            "{\"selector\":\"EXACT\"}",
            "{\"selector\":\"SERVICE_SELECTOR_UNDEFINED\"}",
            "{\"selector\":1}",
        ] {
            assert!(config(&logs, rule, &clock).is_err(), "{rule}");
        }
    }

    #[test]
    fn somebody_must_say_when() {
        let (first, second) = (log("https://a", 1, "a", ""), log("https://a", 2, "a", ""));
        assert!(config(&[first], "{}", "").unwrap().clocks.is_empty());
        assert!(matches!(
            config(&[second], "{}", ""),
            Err(ConfigError::TooFew { .. })
        ));
        assert!(matches!(config(&[], "{}", ""), Err(ConfigError::TooFew { .. })));
    }

    #[test]
    fn what_is_built_in_can_be_used() {
        for instance in [Instance::Production, Instance::Staging] {
            let plan = SigningConfig::embedded(instance).unwrap().plan(NOW).unwrap();
            assert!(plan.addresses().all(Url::is_encrypted), "{plan:?}");
            assert!(plan.issuer.is_some());
        }
    }

    #[test]
    fn other_documents_are_refused() {
        let many = vec![log("https://a", 1, "a", ""); MOST_SERVICES + 1];
        assert!(config(&many, "{}", "").is_err());
        assert!(config(&[log("ftp://a", 1, "a", "")], "{}", "").is_err());
        assert!(config(&[log("https://a", 1, "a", "\"end\":\"soon\"")], "{}", "").is_err());
        for text in [
            "",
            "[]",
            "{}",
            "{\"mediaType\":\"x\"}",
            "{\"mediaType\":1,\"mediaType\":1}",
        ] {
            assert!(SigningConfig::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
