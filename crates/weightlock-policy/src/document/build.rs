//! From the document as it is written to one that is sound: every name is somebody's, every value is one, nothing contradicts
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    evidence::Kind,
};
use weightlock_bom::slsa::Level;
use weightlock_signing::identity::{Claim, Pattern as NamePattern, Required};

use super::{
    Builder, Document, DocumentError, Fault, Held, Identity, MAX_BYTES, Rule, Vocabulary, When, Who,
    wire::{Wire, WireIdentity, WireMatch, WireRule, WireWaiver, WireWaivers, WireWhen},
};
use crate::{
    pattern::Pattern,
    waiver::{self, Waiver, Waives},
};

pub(super) fn document(text: &[u8], words: &Vocabulary<'_>) -> Result<Document, DocumentError> {
    let lines = Lines::of(text)?;
    let wire: Wire = lines.read()?;
    if *wire.version.get_ref() != 1 {
        return Err(lines.at(wire.version.span().start, Fault::Version(*wire.version.get_ref())));
    }
    let reading = Reading {
        lines: &lines,
        words,
        identities: wire.identity.keys().cloned().collect(),
        sets: wire.license_sets,
    };
    let mut demands = reading.demands(wire.require, None, None)?;
    for (mode, scope) in wire.modes {
        demands.extend(reading.demands(scope.require, Some(mode), None)?);
    }
    for (tier, scope) in wire.tiers {
        demands.extend(reading.demands(scope.require, None, Some(tier))?);
    }
    let rules = wire.rule.into_iter().map(|rule| reading.rule(rule));
    let waivers = wire
        .waiver
        .into_iter()
        .map(|waiver| waiver_of(waiver, &lines, words));
    let signers = reading.signers(wire.signers)?;
    Ok(Document {
        name: wire.name,
        mode: wire.mode,
        default_tier: wire.default_tier,
        delegates: reading.delegates(wire.delegates, &signers)?,
        signers,
        demands,
        rules: rules.collect::<Result<_, _>>()?,
        waivers: waivers.collect::<Result<_, _>>()?,
        audit_log: wire.audit_log.map(|path| absolute(path, &lines)).transpose()?,
        waiver_file: wire.waivers,
        identities: wire
            .identity
            .into_iter()
            .map(|(name, identity)| Ok((name, reading.identity(identity)?)))
            .collect::<Result<_, _>>()?,
    })
}

/// Exceptions in a file of their own.
pub(crate) fn waivers(text: &[u8], words: &Vocabulary<'_>) -> Result<Vec<Waiver>, DocumentError> {
    let lines = Lines::of(text)?;
    let wire: WireWaivers = lines.read()?;
    if *wire.version.get_ref() != 1 {
        return Err(lines.at(wire.version.span().start, Fault::Version(*wire.version.get_ref())));
    }
    let waivers = wire.waiver.into_iter().map(|it| waiver_of(it, &lines, words));
    waivers.collect()
}

/// A text and where its lines begin.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t [u8]) -> Result<Self, DocumentError> {
        let first = |fault| DocumentError { line: 1, fault };
        if text.len() > MAX_BYTES {
            return Err(first(Fault::Size));
        }
        let text = std::str::from_utf8(text)
            .map_err(|_| first(Fault::Form("it is not written in UTF-8".to_owned())))?;
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Ok(Self {
            text,
            starts: ends.map(|(at, _)| at).collect(),
        })
    }

    /// The line of an offset, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|end| *end < offset) + 1
    }

    pub(super) fn at(&self, offset: usize, fault: Fault) -> DocumentError {
        DocumentError {
            line: self.line(offset),
            fault,
        }
    }

    fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, DocumentError> {
        toml::from_str(self.text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            self.at(offset, Fault::Form(error.message().to_owned()))
        })
    }
}

/// A document that is being read: what its names can mean.
pub(super) struct Reading<'r> {
    pub(super) lines: &'r Lines<'r>,
    words: &'r Vocabulary<'r>,
    identities: BTreeSet<String>,
    /// Sets of licences.
    pub(super) sets: BTreeMap<String, Vec<String>>,
}

pub(super) fn shape(text: impl Into<String>) -> Fault {
    Fault::Shape(text.into())
}

pub(super) fn value(what: &'static str, text: &str, why: impl ToString) -> Fault {
    Fault::Value {
        what,
        text: text.to_owned(),
        why: why.to_string(),
    }
}

impl Reading<'_> {
    fn identity(&self, wire: Spanned<WireIdentity>) -> Result<Identity, DocumentError> {
        let at = wire.span().start;
        let identity = self
            .checked(wire.into_inner())
            .map_err(|fault| self.lines.at(at, fault))?;
        Ok(Identity {
            line: self.lines.line(at),
            ..identity
        })
    }

    fn checked(&self, wire: WireIdentity) -> Result<Identity, Fault> {
        let ways = [
            &wire.key,
            &wire.certificates,
            &wire.identity,
            &wire.identity_pattern,
        ];
        if ways.iter().filter(|way| way.is_some()).count() != 1 {
            return Err(shape(
                "an identity has exactly one of key, certificates, identity and identity-pattern",
            ));
        }
        let is_identity = wire.identity.is_some() || wire.identity_pattern.is_some();
        if !is_identity && (wire.issuer.is_some() || wire.root.is_some() || !wire.claims.is_empty()) {
            return Err(shape(
                "issuer, claims and root belong to an identity, and this is none",
            ));
        }
        let builder = match (wire.builder, wire.builder_level) {
            (None, None) if wire.builder_match == WireMatch::Exact => None,
            (Some(id), Some(level)) if !id.is_empty() => Some(Builder {
                id,
                without_ref: wire.builder_match == WireMatch::WithoutRef,
                level: level_of(level)?,
            }),
            _ => return Err(shape("builder and builder-level belong together")),
        };
        Ok(Identity {
            who: match (wire.key, wire.certificates) {
                (Some(file), _) => Who::Key(file_name("key", file)?),
                (_, Some(file)) => Who::Certificates(file_name("certificates", file)?),
                _ => Who::Identity {
                    required: required(wire.identity, wire.identity_pattern, wire.issuer, wire.claims)?,
                    root: wire.root,
                },
            },
            builder,
            line: 0,
        })
    }

    fn signers(
        &self,
        wire: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    ) -> Result<BTreeMap<Kind, Vec<String>>, DocumentError> {
        let mut signers = BTreeMap::new();
        for (kind, names) in wire {
            let at = kind.span().start;
            let kind = kind_of(kind.get_ref()).map_err(|fault| self.lines.at(at, fault))?;
            for name in &names {
                self.known(name.get_ref())
                    .map_err(|fault| self.lines.at(name.span().start, fault))?;
            }
            signers.insert(kind, names.into_iter().map(Spanned::into_inner).collect());
        }
        Ok(signers)
    }

    fn delegates(
        &self,
        wire: Vec<Spanned<String>>,
        signers: &BTreeMap<Kind, Vec<String>>,
    ) -> Result<BTreeSet<Kind>, DocumentError> {
        let mut delegates = BTreeSet::new();
        for name in wire {
            let fault = |fault| self.lines.at(name.span().start, fault);
            let kind = kind_of(name.get_ref()).map_err(fault)?;
            if signers.contains_key(&kind) {
                return Err(fault(shape("signers are named for it, so nobody else is asked")));
            }
            delegates.insert(kind);
        }
        Ok(delegates)
    }

    fn known(&self, name: &str) -> Result<(), Fault> {
        if self.identities.contains(name) {
            Ok(())
        } else {
            Err(Fault::Unknown("identity", name.to_owned()))
        }
    }

    pub(super) fn all_known(&self, names: &[String]) -> Result<(), Fault> {
        names.iter().try_for_each(|name| self.known(name))
    }

    fn rule(&self, wire: Spanned<WireRule>) -> Result<Rule, DocumentError> {
        let at = wire.span().start;
        let wire = wire.into_inner();
        let told = |fault| self.lines.at(at, fault);
        let demands = self.demands(wire.require, None, None)?;
        let verdict = match (wire.deny, wire.quarantine) {
            (None, None) => None,
            (Some(why), None) => Some((Held::Denied, why)),
            (None, Some(why)) => Some((Held::Quarantined, why)),
            (Some(_), Some(_)) => return Err(told(shape("a rule denies or quarantines, not both"))),
        };
        if verdict.as_ref().is_some_and(|(_, why)| why.trim().is_empty()) {
            return Err(told(shape("a rule that denies or quarantines says why")));
        }
        if demands.is_empty() && verdict.is_none() && wire.tier.is_none() {
            return Err(told(shape(
                "the rule does nothing: it has no tier, require, deny or quarantine",
            )));
        }
        Ok(Rule {
            line: self.lines.line(at),
            name: wire.name,
            when: self.when(wire.when).map_err(told)?,
            tier: wire.tier,
            demands,
            verdict,
        })
    }

    fn when(&self, wire: WireWhen) -> Result<When, Fault> {
        let pattern = |what, text: Option<String>| {
            text.map(|text| Pattern::parse(&text).map_err(|why| value(what, &text, why)))
                .transpose()
        };
        let when = When {
            model: pattern("model", wire.model)?,
            namespace: pattern("namespace", wire.namespace)?,
            path: pattern("path", wire.path)?,
            format: wire.format.map(|name| self.format(name)).transpose()?,
            digest: wire.digest.map(|text| digest(&text)).transpose()?,
        };
        if when == When::default() {
            return Err(shape(
                "a rule has a condition in `when`; for every model, use [require]",
            ));
        }
        Ok(when)
    }

    pub(super) fn format(&self, name: String) -> Result<String, Fault> {
        if self.words.is_format.has_format(&name) {
            Ok(name)
        } else {
            Err(Fault::Unknown("file format", name))
        }
    }
}

fn required(
    exactly: Option<String>,
    pattern: Option<String>,
    issuer: Option<String>,
    claims: BTreeMap<String, String>,
) -> Result<Required, Fault> {
    let issuer = issuer.filter(|issuer| !issuer.is_empty());
    let issuer =
        issuer.ok_or_else(|| shape("an identity needs its issuer: anybody can use any name with another"))?;
    let mut required = match (exactly, pattern) {
        (Some(name), _) if !name.is_empty() => Required::exactly(name, issuer),
        (None, Some(text)) => {
            let pattern = NamePattern::parse(&text).map_err(|why| value("identity-pattern", &text, why))?;
            Required::like(pattern, issuer)
        }
        _ => return Err(shape("an identity has a name")),
    };
    for (name, expected) in claims {
        let claim = Claim::ALL.iter().find(|claim| claim.name() == name);
        let claim = claim.ok_or_else(|| Fault::Unknown("claim", name.clone()))?;
        required = required.with_claim(*claim, expected);
    }
    Ok(required)
}

/// A path that means the same whoever asks and wherever they stand.
fn absolute(path: Spanned<String>, lines: &Lines<'_>) -> Result<String, DocumentError> {
    let at = path.span().start;
    let path = path.into_inner();
    if path.starts_with('/') && !path.contains('\0') {
        Ok(path)
    } else {
        Err(lines.at(at, value("audit-log", &path, "it is an absolute path")))
    }
}

/// A file relative to the document, or an absolute one. An address is none: whoever answers there could change the policy.
fn file_name(what: &'static str, file: String) -> Result<String, Fault> {
    if file.is_empty() || file.contains('\0') {
        return Err(value(what, &file, "it is no name of a file"));
    }
    Ok(file)
}

pub(super) fn kind_of(name: &str) -> Result<Kind, Fault> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
    kind.ok_or_else(|| Fault::Unknown("kind of evidence", name.to_owned()))
}

pub(super) fn level_of(number: u8) -> Result<Level, Fault> {
    match Level::of(number) {
        Some(level) if level != Level::L0 => Ok(level),
        _ => Err(shape("a level is one of 1, 2 and 3")),
    }
}

fn digest(text: &str) -> Result<Digest, Fault> {
    let hex = text.strip_prefix("sha256:");
    let hex = hex.ok_or_else(|| value("digest", text, "it begins with sha256:"))?;
    Digest::from_hex(Algorithm::Sha256, hex).map_err(|why| value("digest", text, why))
}

fn waiver_of(
    wire: Spanned<WireWaiver>,
    lines: &Lines<'_>,
    words: &Vocabulary<'_>,
) -> Result<Waiver, DocumentError> {
    let at = wire.span().start;
    let wire = wire.into_inner();
    let told = |fault| lines.at(at, fault);
    let day = |what, date: &toml::value::Datetime| {
        let text = date.to_string();
        text.parse()
            .map_err(|_| told(value(what, &text, "it is a day, such as 2026-01-31")))
    };
    let parts = waiver::Parts {
        line: lines.line(at),
        waives: Waives::parse(&wire.waives, words).map_err(told)?,
        digest: digest(&wire.digest).map_err(told)?,
        granted: day("granted", &wire.granted)?,
        expires: day("expires", &wire.expires)?,
        owner: wire.owner,
        approver: wire.approver,
        reason: wire.reason,
    };
    Waiver::new(parts).map_err(|why| told(shape(why)))
}
