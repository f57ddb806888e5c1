//! [`validate`]: from a signer's certificate to a trusted root.
//!
//! 1. Search, depth first, for chains leaf → issuer → … → root. An issuer fits when its subject is the issuer's
//!    name byte for byte, the key identifiers agree where both are given, and **its key made the signature**.
//! 2. A chain is complete only at a self-signed certificate that is, byte for byte, one of the given roots.
//! 3. On a complete chain every certificate is checked: validity at the stated time, no unknown critical
//!    extension; every issuer: authority, key usage, path length, name constraints; the leaf: usage, key.
//! 4. The first chain that passes is the answer. If none does, the refusal of the chain that came furthest is.
//!
//! The work is limited in depth, in number of certificates, and in number of signatures checked; the limits are
//! counted, so the answer is the same on every machine. Policies are not processed (every policy is acceptable;
//! critical constraints on policies are refused), and there is no revocation list in this method.
//!
//! Rejected: `rustls-webpki`, which wants server or client purposes, takes any certificate as an anchor and
//! brings C or assembler for its usual cryptography.

use super::{
    Certificate, CertificateRefusal, UnixTime,
    algorithm::{LinkFault, SignatureAlgorithm, check_link},
    name_constraint,
};
use crate::key::PublicKey;

/// How strictly a signer's certificate is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Profile {
    /// Weightlock's own: as [`Profile::Compat`], and an extended key usage, where there is one, must name code
    /// signing (or any purpose), in the leaf and in every authority below the root; the leaf is no authority.
    #[default]
    Strict,
    /// The reference implementation's: the leaf has the key usage digitalSignature or, without key usage, the
    /// extended key usage codeSigning.
    Compat,
}

/// A path that passed. Only [`validate`] makes one.
#[derive(Clone, Debug)]
pub struct ValidatedPath {
    key: PublicKey,
    certificates: Vec<Certificate>,
}

impl ValidatedPath {
    /// The signer's key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// The signer's certificate.
    #[must_use]
    pub fn leaf(&self) -> &Certificate {
        self.certificates.first().expect("a path has a leaf")
    }

    /// The root the path ends at; the leaf itself when it is self-signed.
    #[must_use]
    pub fn root(&self) -> &Certificate {
        self.certificates.last().expect("a path has a root")
    }

    /// All of them, leaf first, root last.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

/// Certificates on a path, leaf and root included. Public hierarchies have three or four.
const MAX_DEPTH: usize = 8;
/// Certificates that may come with a signature.
const MAX_CANDIDATES: usize = 64;
/// Signatures checked in one search: a maze of cross-signed certificates ends here. Some 100 ms.
const MAX_SIGNATURES: usize = 100;

/// Decides whether `leaf` is trusted at the time `at`.
///
/// `candidates` are untrusted helpers, such as the other certificates of a bundle. `roots` is what the user gave:
/// the self-signed ones among them are anchors, the others serve as candidates too. A self-signed leaf passes if
/// it is itself one of the roots.
///
/// # Errors
/// [`CertificateRefusal`] names the broken rule of the chain that came furthest.
pub fn validate(
    leaf: &Certificate,
    candidates: &[Certificate],
    roots: &[Certificate],
    at: UnixTime,
    profile: Profile,
) -> Result<ValidatedPath, CertificateRefusal> {
    let first = roots.first().ok_or(CertificateRefusal::NoRoot)?;
    if !roots.iter().any(Certificate::is_self_issued) {
        let (subject, issuer) = (first.subject(), first.issuer());
        return Err(CertificateRefusal::RootNotSelfSigned { subject, issuer });
    }
    if candidates.len() > MAX_CANDIDATES {
        return Err(CertificateRefusal::TooMany {
            count: candidates.len(),
            limit: MAX_CANDIDATES,
        });
    }
    let public_key = leaf.public_key();
    let key = public_key.map_err(|source| CertificateRefusal::LeafKey {
        subject: leaf.subject(),
        source,
    })?;
    let search = Search {
        candidates,
        roots,
        at,
        profile,
        signatures: 0,
        furthest: None,
    };
    let certificates = search.run(leaf)?;
    Ok(ValidatedPath { key, certificates })
}

struct Search<'a> {
    candidates: &'a [Certificate],
    roots: &'a [Certificate],
    at: UnixTime,
    profile: Profile,
    signatures: usize,
    furthest: Option<(Progress, CertificateRefusal)>,
}

/// How far a chain came before it was refused. Later is further.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    NoIssuer,
    UnknownRoot,
    BadLink,
    Complete,
}

impl<'a> Search<'a> {
    /// Depth first, with the open alternatives of each level kept in a list instead of on the stack.
    fn run(mut self, leaf: &'a Certificate) -> Result<Vec<Certificate>, CertificateRefusal> {
        let mut path = vec![leaf];
        if self.accept(&path)? {
            return Ok(vec![leaf.clone()]);
        }
        let mut open = vec![self.issuers(&path)?];
        while let Some(level) = open.last_mut() {
            let Some(issuer) = level.pop() else {
                open.pop();
                path.pop();
                continue;
            };
            path.push(issuer);
            if self.accept(&path)? {
                return Ok(path.into_iter().cloned().collect());
            }
            open.push(self.issuers(&path)?);
        }
        Err(self.refusal(leaf))
    }

    /// Whether the path ends at an anchor and passes all checks; a refusal of a complete path is remembered.
    fn accept(&mut self, path: &[&'a Certificate]) -> Result<bool, CertificateRefusal> {
        let Some(last) = path.last() else { return Ok(false) };
        if !last.is_self_issued() {
            return Ok(false);
        }
        if !self.roots.contains(last) {
            let refusal = CertificateRefusal::UntrustedRoot {
                subject: last.subject(),
            };
            self.remember(Progress::UnknownRoot, refusal);
            return Ok(false);
        }
        let checked = match self.check_self_signature(last)? {
            Ok(()) => check_path(path, self.at, self.profile),
            Err(refusal) => Err(refusal),
        };
        match checked {
            Ok(()) => Ok(true),
            Err(refusal) => {
                self.remember(Progress::Complete, refusal);
                Ok(false)
            }
        }
    }

    /// A root's own signature proves nothing to those who trust it; it tells a root from an authority that shares
    /// its issuer's name. So a root that signed itself with SHA-1 long ago is still a root.
    fn check_self_signature(
        &mut self,
        root: &Certificate,
    ) -> Result<Result<(), CertificateRefusal>, CertificateRefusal> {
        if matches!(root.signature_algorithm, SignatureAlgorithm::Weak(_)) {
            return Ok(Ok(()));
        }
        self.spend()?;
        Ok(check_link(root, root).map_err(|fault| link_refusal(root, root, fault)))
    }

    /// The certificates whose key signed the last one of the path; the best to try first stands last.
    fn issuers(&mut self, path: &[&'a Certificate]) -> Result<Vec<&'a Certificate>, CertificateRefusal> {
        let Some(last) = path.last() else {
            return Ok(Vec::new());
        };
        let mut found: Vec<&'a Certificate> = Vec::new();
        let mut named = false;
        // Roots are pushed last, so they are tried first.
        for issuer in self.candidates.iter().chain(self.roots) {
            if issuer.subject.der != last.issuer.der || path.contains(&issuer) || found.contains(&issuer) {
                continue;
            }
            named = true;
            if let Err(refusal) = self.check_issuer(last, issuer)? {
                self.remember(Progress::BadLink, refusal);
            } else {
                found.push(issuer);
            }
        }
        if path.len() >= MAX_DEPTH && !found.is_empty() {
            self.remember(
                Progress::BadLink,
                CertificateRefusal::TooDeep { limit: MAX_DEPTH },
            );
            return Ok(Vec::new());
        }
        if !named && !last.is_self_issued() {
            let (subject, issuer) = (last.subject(), last.issuer());
            self.remember(Progress::NoIssuer, CertificateRefusal::NoPath { subject, issuer });
        }
        Ok(found)
    }

    fn check_issuer(
        &mut self,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Result<Result<(), CertificateRefusal>, CertificateRefusal> {
        if !identifiers_agree(certificate, issuer) {
            let (subject, issuer) = (certificate.subject(), issuer.subject());
            return Ok(Err(CertificateRefusal::KeyIdentifier { subject, issuer }));
        }
        self.spend()?;
        Ok(check_link(certificate, issuer).map_err(|fault| link_refusal(certificate, issuer, fault)))
    }

    fn spend(&mut self) -> Result<(), CertificateRefusal> {
        self.signatures += 1;
        if self.signatures > MAX_SIGNATURES {
            return Err(CertificateRefusal::SearchLimit {
                limit: MAX_SIGNATURES,
            });
        }
        Ok(())
    }

    fn remember(&mut self, progress: Progress, refusal: CertificateRefusal) {
        if self
            .furthest
            .as_ref()
            .is_none_or(|(before, _)| progress > *before)
        {
            self.furthest = Some((progress, refusal));
        }
    }

    fn refusal(self, leaf: &Certificate) -> CertificateRefusal {
        self.furthest.map_or_else(
            || CertificateRefusal::NoPath {
                subject: leaf.subject(),
                issuer: leaf.issuer(),
            },
            |(_, refusal)| refusal,
        )
    }
}

fn link_refusal(certificate: &Certificate, issuer: &Certificate, fault: LinkFault) -> CertificateRefusal {
    let subject = certificate.subject();
    match fault {
        LinkFault::Mismatch => CertificateRefusal::Signature {
            subject,
            issuer: issuer.subject(),
        },
        LinkFault::Weak(algorithm) => CertificateRefusal::WeakAlgorithm { subject, algorithm },
        LinkFault::Unsupported(algorithm) => CertificateRefusal::UnsupportedAlgorithm { subject, algorithm },
    }
}

/// RFC 5280 section 4.2.1.1: where the certificate names its issuer's key or serial number, they must fit.
fn identifiers_agree(certificate: &Certificate, issuer: &Certificate) -> bool {
    let Some(wanted) = &certificate.extensions.authority_key_identifier else {
        return true;
    };
    let key_fits = match (&wanted.key_identifier, &issuer.extensions.subject_key_identifier) {
        (Some(wanted), Some(has)) => wanted.as_bytes() == has.0.as_bytes(),
        _ => true,
    };
    let serial = wanted.authority_cert_serial_number.as_ref();
    key_fits && serial.is_none_or(|serial| serial.as_bytes() == issuer.serial)
}

/// Step 3, on a complete path: leaf first, root last.
fn check_path(path: &[&Certificate], at: UnixTime, profile: Profile) -> Result<(), CertificateRefusal> {
    let Some((leaf, issuers)) = path.split_first() else {
        return Ok(());
    };
    check_leaf(leaf, profile)?;
    for certificate in path {
        check_validity(certificate, at)?;
        check_critical(certificate)?;
    }
    for (index, issuer) in issuers.iter().enumerate() {
        let is_root = index + 1 == issuers.len();
        check_authority(issuer, profile, is_root)?;
        check_path_length(issuer, &issuers[..index])?;
        name_constraint::check(issuer, &path[..=index])?;
    }
    Ok(())
}

fn check_leaf(leaf: &Certificate, profile: Profile) -> Result<(), CertificateRefusal> {
    let (subject, extensions) = (|| leaf.subject(), &leaf.extensions);
    let may_sign = match &extensions.key_usage {
        Some(usage) => usage.digital_signature(),
        None => extensions.names_code_signing(),
    };
    if !may_sign {
        return Err(CertificateRefusal::KeyUsage { subject: subject() });
    }
    if profile == Profile::Strict && extensions.excludes_code_signing() {
        return Err(CertificateRefusal::ExtendedKeyUsage { subject: subject() });
    }
    if profile == Profile::Strict && extensions.is_ca() {
        return Err(CertificateRefusal::LeafIsAuthority { subject: subject() });
    }
    Ok(())
}

fn check_validity(certificate: &Certificate, at: UnixTime) -> Result<(), CertificateRefusal> {
    let subject = || certificate.subject();
    if at < certificate.not_before {
        let not_before = certificate.not_before;
        return Err(CertificateRefusal::NotYetValid {
            subject: subject(),
            not_before,
            at,
        });
    }
    if at > certificate.not_after {
        let not_after = certificate.not_after;
        return Err(CertificateRefusal::Expired {
            subject: subject(),
            not_after,
            at,
        });
    }
    Ok(())
}

fn check_critical(certificate: &Certificate) -> Result<(), CertificateRefusal> {
    match certificate.extensions.unknown_critical {
        Some(oid) => Err(CertificateRefusal::UnknownCritical {
            subject: certificate.subject(),
            oid: oid.to_string(),
        }),
        None => Ok(()),
    }
}

fn check_authority(issuer: &Certificate, profile: Profile, is_root: bool) -> Result<(), CertificateRefusal> {
    let (subject, extensions) = (|| issuer.subject(), &issuer.extensions);
    if !extensions.is_ca() {
        return Err(CertificateRefusal::NotAnAuthority { subject: subject() });
    }
    if extensions
        .key_usage
        .as_ref()
        .is_some_and(|usage| !usage.key_cert_sign())
    {
        return Err(CertificateRefusal::AuthorityKeyUsage { subject: subject() });
    }
    if profile == Profile::Strict && !is_root && extensions.excludes_code_signing() {
        return Err(CertificateRefusal::ExtendedKeyUsage { subject: subject() });
    }
    Ok(())
}

/// `below` are the authorities between the issuer and the leaf. Self-issued ones do not count (RFC 5280
/// section 4.2.1.9).
fn check_path_length(issuer: &Certificate, below: &[&Certificate]) -> Result<(), CertificateRefusal> {
    let constraints = issuer.extensions.basic_constraints.as_ref();
    let Some(limit) = constraints.and_then(|constraints| constraints.path_len_constraint) else {
        return Ok(());
    };
    let count = below
        .iter()
        .filter(|certificate| !certificate.is_self_issued())
        .count();
    if count > usize::from(limit) {
        return Err(CertificateRefusal::PathLength {
            subject: issuer.subject(),
            limit,
            count,
        });
    }
    Ok(())
}
