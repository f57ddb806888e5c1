//! Packages: a range of versions belongs to the version that is there; a distribution has the digest of its files.

use weightlock_artifact::manifest::{Manifest, ManifestFile};

use super::super::{draft::Draft, notes::Installed, purl, things};
use crate::graph::{Claim, Kind, Property, Ref, Source, Value, Verb};

/// See the module.
pub(super) fn conclude(draft: &mut Draft) {
    requirements(draft);
    for installed in std::mem::take(&mut draft.notes.installed) {
        digest(&installed, draft);
    }
    system(draft);
}

/// A range that is asked for is stated with each version that is there, or alone where there is none.
fn requirements(draft: &mut Draft) {
    let mut all = std::mem::take(&mut draft.notes.requirements);
    all.sort_by(|one, other| (&one.name, &one.range.sources).cmp(&(&other.name, &other.range.sources)));
    for wanted in all {
        let prefix = Ref::new("package", &format!("pypi/{}@", wanted.name));
        let there = draft.graph().components().range(prefix.clone()..);
        let there = there.take_while(|(name, _)| name.as_str().starts_with(prefix.as_str()));
        let mut found: Vec<Ref> = there.map(|(name, _)| name.clone()).collect();
        let source = wanted.range.sources.first().cloned();
        if found.is_empty()
            && let Some(source) = &source
        {
            found.push(things::python(draft, &wanted.name, None, source));
        }
        for own in found {
            draft.state(&own, Kind::Package, Property::Requirement, wanted.range.clone());
            if let Some(marker) = &wanted.marker {
                draft.state(&own, Kind::Package, Property::Marker, marker.clone());
            }
            if let Some(source) = &source {
                draft.relate(&wanted.of, Verb::DependsOn, &own, source);
            }
        }
    }
}

/// The digest of the manifest of the files of a distribution, where all of them were hashed.
fn digest(installed: &Installed, draft: &mut Draft) {
    let mut files: Vec<ManifestFile> = Vec::new();
    for path in &installed.files {
        let Some(file) = draft.graph().component(&Ref::new("file", path.as_str())) else {
            return;
        };
        let sha256 = file
            .claims(Property::Digest)
            .iter()
            .find_map(|it| match it.value {
                Value::Digest(digest) => Some(digest),
                _ => None,
            });
        let entry = sha256
            .zip(file.number(Property::Size))
            .and_then(|(sha256, size)| ManifestFile::new(path.clone(), size, sha256));
        let Some(entry) = entry else {
            return;
        };
        files.push(entry);
    }
    if files.is_empty() {
        return;
    }
    let Ok(manifest) = Manifest::new(files) else {
        return;
    };
    let source = Source::computed("manifest", installed.list.as_str());
    let claim = Claim::verified(Value::Digest(manifest.digest()), source);
    draft.state(&installed.package, Kind::Package, Property::Digest, claim);
}

/// Package URLs of what an operating system installed: they name the system.
fn system(draft: &mut Draft) {
    let system = draft.notes.system.clone();
    let packages: Vec<(Ref, String, Source)> = draft
        .graph()
        .components()
        .iter()
        .filter_map(|(name, it)| {
            let ecosystem = it
                .text(Property::Ecosystem)
                .filter(|it| matches!(*it, "deb" | "apk" | "rpm"))?;
            let (package, version) = (it.text(Property::Name)?, it.text(Property::Version)?);
            let id = system
                .as_ref()
                .map_or(if ecosystem == "deb" { "debian" } else { "" }, |it| {
                    it.id.as_str()
                });
            let distro = system
                .as_ref()
                .map(|it| format!("{}-{}", it.id, it.version))
                .unwrap_or_default();
            // rpm's package URLs have the epoch apart.
            let (epoch, version) = match version.split_once(':') {
                Some((epoch, rest)) if ecosystem == "rpm" => (epoch, rest),
                _ => ("", version),
            };
            let qualifiers = [
                ("epoch", epoch),
                ("arch", it.text(Property::Platform).unwrap_or_default()),
                ("distro", distro.trim_end_matches('-')),
            ];
            let text = purl::purl(ecosystem, id, package, Some(version), &qualifiers);
            Some((
                name.clone(),
                text,
                it.claim(Property::Version)?.sources.first()?.clone(),
            ))
        })
        .collect();
    for (own, purl, source) in packages {
        draft.state(
            &own,
            Kind::Package,
            Property::Purl,
            Claim::inferred(Value::text(purl), source),
        );
    }
}
