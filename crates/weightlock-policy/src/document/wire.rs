//! The document as it is written. Names are the words of the file; [`super::build`] makes sense of them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor, value::MapAccessDeserializer},
};
use toml::{Spanned, value::Datetime};

use crate::level::{Mode, Tier};

/// A policy.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "policy", rename = "Policy")]
pub(super) struct Wire {
    /// 1.
    #[schemars(with = "u64")]
    pub version: Spanned<u64>,
    /// What the policy is called in verdicts.
    pub name: Option<String>,
    /// The mildest mode that it allows; a stricter one can be asked for.
    pub mode: Option<Mode>,
    /// The tier of models of which no rule says more. Without it, the highest.
    pub default_tier: Option<Tier>,
    /// Who is known.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, WireIdentity>")]
    pub identity: BTreeMap<String, Spanned<WireIdentity>>,
    /// Whose statements of a kind of evidence count, by names of identities.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub signers: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    /// Kinds of evidence of which another policy says whose statements count. One that demands such evidence, names nobody and does
    /// not leave it to others counts nobody's.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub delegates: Vec<Spanned<String>>,
    /// Sets of licences.
    #[serde(default)]
    pub license_sets: BTreeMap<String, Vec<String>>,
    /// What is demanded of every model.
    #[serde(default)]
    pub require: WireDemands,
    /// What is demanded besides, by mode; a stricter mode has the demands of milder ones.
    #[serde(default)]
    pub modes: BTreeMap<Mode, WireScope>,
    /// What is demanded besides, by tier; a higher tier has the demands of lower ones.
    #[serde(default)]
    pub tiers: BTreeMap<Tier, WireScope>,
    /// Rules for some models.
    #[serde(default)]
    #[schemars(with = "Vec<WireRule>")]
    pub rule: Vec<Spanned<WireRule>>,
    /// Exceptions.
    #[serde(default)]
    #[schemars(with = "Vec<WireWaiver>")]
    pub waiver: Vec<Spanned<WireWaiver>>,
    /// Every decision is written to this log, by an absolute path; where it cannot be, nothing is allowed.
    #[schemars(with = "Option<String>")]
    pub audit_log: Option<Spanned<String>>,
    /// Another file with exceptions, relative to this one. In production, exceptions count only when they stand there and their
    /// approver has signed it.
    pub waivers: Option<String>,
}

/// A file of exceptions.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "waivers", rename = "Waivers")]
pub(crate) struct WireWaivers {
    /// 1.
    #[schemars(with = "u64")]
    pub version: Spanned<u64>,
    /// Exceptions.
    #[serde(default)]
    #[schemars(with = "Vec<WireWaiver>")]
    pub waiver: Vec<Spanned<WireWaiver>>,
}

/// Somebody whose word can count: a key, certificates, or an identity with its issuer.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireIdentity {
    /// File of the public key.
    pub key: Option<String>,
    /// File of root certificates.
    pub certificates: Option<String>,
    /// The identity, exactly.
    pub identity: Option<String>,
    /// Identities; `*` stands for characters within one segment.
    pub identity_pattern: Option<String>,
    /// Who vouches for the identity.
    pub issuer: Option<String>,
    /// What its certificate must claim besides.
    #[serde(default)]
    pub claims: BTreeMap<String, String>,
    /// The root that vouches: `public`, `github`, a kept one, or a file.
    pub root: Option<String>,
    /// `builder.id` that it signs for.
    pub builder: Option<String>,
    /// When another builder id is the same.
    #[serde(default)]
    pub builder_match: WireMatch,
    /// What provenance of this builder is worth: 1, 2 or 3.
    pub builder_level: Option<u8>,
}

/// When another builder id is the same.
#[derive(Deserialize, JsonSchema, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WireMatch {
    /// When it is the same text.
    #[default]
    Exact,
    /// Also with `@` and a ref behind it.
    WithoutRef,
}

/// Demands in a mode, or of a tier.
#[derive(Deserialize, JsonSchema, Debug, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct WireScope {
    /// What is demanded.
    #[serde(default)]
    pub require: WireDemands,
}

/// What is demanded.
#[derive(Deserialize, JsonSchema, Debug, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireDemands {
    /// The model is signed by one who counts, and unchanged.
    #[schemars(with = "Option<Given<WireSignature>>")]
    pub signature: Option<Spanned<Given<WireSignature>>>,
    /// No finding of the scanner at or above a line.
    #[schemars(with = "Option<Given<WireScan>>")]
    pub scan: Option<Spanned<Given<WireScan>>>,
    /// Every byte was accounted for.
    #[schemars(with = "Option<Given<WireNothing>>")]
    pub coverage: Option<Spanned<Given<WireNothing>>>,
    /// A signed bill of materials that describes these bytes.
    #[schemars(with = "Option<Given<WireNothing>>")]
    pub bom: Option<Spanned<Given<WireNothing>>>,
    /// A card without gaps and contradictions.
    #[schemars(with = "Option<Given<WireCard>>")]
    pub card: Option<Spanned<Given<WireCard>>>,
    /// Provenance that reaches a SLSA build level.
    #[schemars(with = "Option<WireProvenance>")]
    pub provenance: Option<Spanned<WireProvenance>>,
    /// Measured values.
    #[schemars(with = "Option<Vec<WireMeasure>>")]
    pub evaluation: Option<Spanned<Vec<WireMeasure>>>,
    /// Code that comes along was reviewed.
    #[schemars(with = "Option<Given<WireReview>>")]
    pub review: Option<Spanned<Given<WireReview>>>,
    /// Licences.
    #[schemars(with = "Option<WireLicenses>")]
    pub licenses: Option<Spanned<WireLicenses>>,
    /// Formats of files.
    #[schemars(with = "Option<WireFormats>")]
    pub formats: Option<Spanned<WireFormats>>,
    /// The revision is a commit or a digest.
    #[schemars(with = "Option<Given<WireNothing>>")]
    pub revision: Option<Spanned<Given<WireNothing>>>,
    /// No known vulnerability at or above a line.
    #[schemars(with = "Option<Given<WireAdvisories>>")]
    pub advisories: Option<Spanned<Given<WireAdvisories>>>,
    /// People approved it.
    #[schemars(with = "Option<Given<WireApprovals>>")]
    pub approvals: Option<Spanned<Given<WireApprovals>>>,
    /// How old evidence of a kind may be: `12h`, `30d`, `8w`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub max_age: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// `true`, or a table with more.
#[derive(JsonSchema, Debug)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the variants are what the schema is made of")]
enum GivenForm<T> {
    /// `true`
    Flag(bool),
    /// A table with more.
    Table(T),
}

/// A demand, given as `true` or as a table. `false` is refused: a demand is left out by leaving out its line.
#[derive(Debug)]
pub(super) struct Given<T>(pub T);

impl<T: JsonSchema> JsonSchema for Given<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Given{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        GivenForm::<T>::json_schema(generator)
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Reads<T> {
            type Value = Given<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("true, or a table")
            }

            fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Given<T>, E> {
                if value {
                    Ok(Given(T::default()))
                } else {
                    Err(E::custom(
                        "`false` demands nothing, and takes nothing back: leave out the line",
                    ))
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Given<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Given)
            }
        }
        deserializer.deserialize_any(Reads(std::marker::PhantomData))
    }
}

/// Nothing more to say.
#[derive(Deserialize, JsonSchema, Debug, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct WireNothing {}

#[derive(Deserialize, JsonSchema, Debug, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireSignature {
    /// So many different signers; 1 if nothing is said.
    pub signers: Option<u32>,
    /// Only these identities.
    #[serde(default)]
    pub by: Vec<String>,
}

#[derive(Deserialize, JsonSchema, Debug, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireScan {
    /// `low`, `medium`, `high` or `critical`: findings at or above it are a no. `medium` if nothing is said.
    pub below: Option<String>,
    /// Whose scan: `now`, `signed`, or `either` if nothing is said.
    #[serde(default)]
    pub by: WireScanBy,
}

/// Whose scan counts.
#[derive(Deserialize, JsonSchema, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WireScanBy {
    /// The one that is run now.
    Now,
    /// One that a scanner who counts has signed.
    Signed,
    /// Either.
    #[default]
    Either,
}

#[derive(Deserialize, JsonSchema, Debug, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireCard {
    /// Whether it must be a signed statement. `false` takes the card among the files, when the model's signature counts.
    pub signed: Option<bool>,
}

#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireProvenance {
    /// 1, 2 or 3.
    pub level: u8,
    /// Only these builders, by `builder.id`.
    #[serde(default)]
    pub builders: Vec<String>,
}

#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireMeasure {
    /// What is measured.
    pub metric: String,
    /// On what data.
    pub dataset: Option<String>,
    /// The least value.
    pub at_least: Option<f64>,
    /// The greatest value.
    pub at_most: Option<f64>,
}

#[derive(Deserialize, JsonSchema, Debug, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireReview {
    /// So many different reviewers; 1 if nothing is said.
    pub reviewers: Option<u32>,
}

#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireLicenses {
    /// These, and no others: identifiers of SPDX, `LicenseRef-…`, or `set:NAME`.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Not these.
    #[serde(default)]
    pub deny: Vec<String>,
}

#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireFormats {
    /// Formats that are not used, as `weightlock inventory` names them.
    pub deny: Vec<String>,
    /// Unless one of these identities signed the model.
    #[serde(default)]
    pub unless_signed_by: Vec<String>,
}

#[derive(Deserialize, JsonSchema, Debug, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireAdvisories {
    /// `low`, `medium`, `high` or `critical`: advisories at or above it are a no. `high` if nothing is said.
    pub below: Option<String>,
    /// Whose reports: `signed`, or `either` if nothing is said.
    #[serde(default)]
    pub by: WireReportBy,
}

/// Whose reports count.
#[derive(Deserialize, JsonSchema, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WireReportBy {
    /// Those that a scanner who counts has signed, about this very model.
    Signed,
    /// Those too that the caller names.
    #[default]
    Either,
}

#[derive(Deserialize, JsonSchema, Debug, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireApprovals {
    /// So many different people; 1 if nothing is said.
    pub count: Option<u32>,
    /// Only these identities.
    #[serde(default)]
    pub by: Vec<String>,
}

/// A rule for some models.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireRule {
    /// What it is called in reasons.
    pub name: Option<String>,
    /// For which models; all conditions must hold.
    pub when: WireWhen,
    /// Their tier is at least this.
    pub tier: Option<Tier>,
    /// What is demanded of them besides.
    #[serde(default)]
    pub require: WireDemands,
    /// They are not used: why.
    pub deny: Option<String>,
    /// Somebody has to look first: why.
    pub quarantine: Option<String>,
}

/// For which models a rule is.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WireWhen {
    /// The name of the model, a pattern.
    pub model: Option<String>,
    /// Whose model it is, a pattern.
    pub namespace: Option<String>,
    /// It has a file of this path, a pattern.
    pub path: Option<String>,
    /// It has a file of this format; with `path`, the same file.
    pub format: Option<String>,
    /// The model, or a file of it, has this digest: `sha256:` and 64 digits.
    pub digest: Option<String>,
}

/// An exception.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct WireWaiver {
    /// A reason code of a policy, a rule of the scanner, or an advisory.
    pub waives: String,
    /// For exactly this model: `sha256:` and 64 digits.
    pub digest: String,
    /// Who answers for it.
    pub owner: String,
    /// Who else agreed: the name of an identity.
    pub approver: String,
    /// Why.
    pub reason: String,
    /// The day it begins.
    #[schemars(with = "String")]
    pub granted: Datetime,
    /// The last day, at most 90 days later.
    #[schemars(with = "String")]
    pub expires: Datetime,
}
