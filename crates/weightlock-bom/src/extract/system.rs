//! What an operating system says about itself and what it installed: `os-release`, dpkg, apk, rpm.
//! <https://www.freedesktop.org/software/systemd/man/latest/os-release.html>,
//! <https://www.debian.org/doc/debian-policy/ch-controlfields.html>, <https://wiki.alpinelinux.org/wiki/Apk_spec>
//!
//! rpm keeps its packages in a database of its own; see [`rpm`].

use weightlock_artifact::path::ArtifactPath;
use weightlock_format::{Error, content::Content};

use super::{
    Extractor, File,
    draft::Draft,
    notes::System,
    page::{Page, text_of},
    places, rpm, things,
};
use crate::graph::{Claim, Kind, Property, Ref, Source, Value, Verb};

/// `os-release`.
pub(super) struct OsRelease;

impl Extractor for OsRelease {
    fn wants(&self, file: &File, _: &Draft) -> bool {
        file.path.as_str().ends_with("etc/os-release") || file.path.as_str().ends_with("usr/lib/os-release")
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let text = text_of(content)?;
        let text = String::from_utf8_lossy(&text);
        let value = |key: &str| {
            let line = text
                .lines()
                .find_map(|it| it.strip_prefix(key)?.strip_prefix('='))?;
            Some(line.trim().trim_matches(['"', '\'']).to_owned()).filter(|it| !it.is_empty())
        };
        let Some(id) = value("ID") else {
            return Ok(());
        };
        let version = value("VERSION_ID").unwrap_or_default();
        let name = format!("{id}-{version}");
        let own = Ref::new("os", name.trim_end_matches('-'));
        let facts = [
            ("ID", Property::Name),
            ("VERSION_ID", Property::Version),
            ("PRETTY_NAME", Property::Title),
        ];
        for (key, property) in facts {
            if let Some(value) = value(key) {
                let claim = Claim::declared(Value::text(value), Source::file(&file.path, key));
                draft.state(&own, Kind::OperatingSystem, property, claim);
            }
        }
        let environment = draft.environment(&file.path);
        draft.relate(
            &environment,
            Verb::Contains,
            &own,
            &Source::file(&file.path, "ID"),
        );
        draft.notes.system = Some(System { id, version });
        Ok(())
    }
}

/// dpkg's `status` and the pieces of it in `status.d`, and apk's `installed`.
pub(super) struct SystemPackages;

impl Extractor for SystemPackages {
    fn wants(&self, file: &File, _: &Draft) -> bool {
        ecosystem(file).is_some()
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let text = text_of(content)?;
        let text = String::from_utf8_lossy(&text);
        let Some(ecosystem) = ecosystem(file) else {
            return Ok(());
        };
        let mut entry = Entry::default();
        for line in text.lines().chain([""]) {
            if line.trim().is_empty() {
                std::mem::take(&mut entry).state(file, ecosystem, draft);
            } else {
                entry.line(line, ecosystem);
            }
        }
        Ok(())
    }
}

fn ecosystem(file: &File) -> Option<&'static str> {
    let path = file.path.as_str();
    if path.ends_with("var/lib/dpkg/status") {
        return Some("deb");
    }
    // Images without dpkg keep one piece for each package; sums of files lie beside it.
    if places::folder(&file.path).ends_with("var/lib/dpkg/status.d") && !path.ends_with(".md5sums") {
        return Some("deb");
    }
    path.ends_with("lib/apk/db/installed").then_some("apk")
}

/// One installed package.
#[derive(Default)]
struct Entry {
    name: String,
    version: String,
    architecture: String,
    source: String,
    licence: String,
    maintainer: String,
    status: String,
}

impl Entry {
    fn of_rpm(package: &rpm::Package) -> Self {
        Self {
            name: package.name.clone(),
            version: package.full_version(),
            architecture: package.architecture.clone(),
            source: package
                .built_from()
                .map_or_else(String::new, |(name, version)| format!("{name} ({version})")),
            licence: package.licence.clone(),
            maintainer: package.vendor.clone(),
            status: String::new(),
        }
    }

    fn line(&mut self, line: &str, ecosystem: &str) {
        if line.starts_with([' ', '\t']) {
            return;
        }
        let Some((key, value)) = line.split_once(':') else {
            return;
        };
        let field = match (ecosystem, key) {
            ("deb", "Package") | ("apk", "P") => &mut self.name,
            ("deb", "Version") | ("apk", "V") => &mut self.version,
            ("deb", "Architecture") | ("apk", "A") => &mut self.architecture,
            ("deb", "Source") | ("apk", "o") => &mut self.source,
            ("deb", "Maintainer") | ("apk", "m") => &mut self.maintainer,
            ("apk", "L") => &mut self.licence,
            ("deb", "Status") => &mut self.status,
            _ => return,
        };
        value.trim().clone_into(field);
    }

    /// States it, where it is installed and not only known.
    fn state(&self, file: &File, ecosystem: &'static str, draft: &mut Draft) {
        let is_installed = self.status.is_empty() || self.status.ends_with(" installed");
        if self.name.is_empty() || self.version.is_empty() || !is_installed {
            return;
        }
        let source = Source::file(&file.path, self.name.as_str());
        let own = things::package(draft, ecosystem, &self.name, Some(&self.version), &source);
        let (name, version) = self.built_from();
        let built = format!("{name}@{version}");
        let facts = [
            (Property::SourcePackage, built.as_str()),
            (Property::Platform, &self.architecture),
            (Property::Supplier, &self.maintainer),
        ];
        for (property, text) in facts {
            if !text.is_empty() {
                let claim = Claim::declared(Value::text(text), source.clone());
                draft.state(&own, Kind::Package, property, claim);
            }
        }
        if !self.licence.is_empty() {
            let page = Page {
                file,
                of: own.clone(),
                kind: Kind::Package,
            };
            page.licence(draft, &self.licence, None, &source);
        }
        let environment = draft.environment(&file.path);
        draft.relate(&environment, Verb::Contains, &own, &source);
    }

    /// Name and version of the source: `openssl (3.0.15-1)`; where no version is given, the package's own.
    fn built_from(&self) -> (&str, &str) {
        let source = self.source.as_str();
        match source.split_once(" (") {
            Some((name, version)) => (name, version.trim_end_matches(')')),
            None if source.is_empty() => (&self.name, &self.version),
            None => (source, &self.version),
        }
    }
}

/// rpm's database: the form of SQLite is read, the older ones are told as a gap.
pub(super) struct Rpm;

impl Extractor for Rpm {
    fn wants(&self, file: &File, _: &Draft) -> bool {
        let is_database = matches!(file.path.base_name(), "rpmdb.sqlite" | "Packages" | "Packages.db");
        is_database && file.path.as_str().contains("/rpm/")
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        if file.path.base_name() != "rpmdb.sqlite" {
            let why = "this form of rpm's database is not read, so its packages are not listed";
            draft.leave_for(file, 0, why);
            return Ok(());
        }
        let (packages, broken) = rpm::packages(content)?;
        // Keys that were imported are kept like packages.
        for package in packages.iter().filter(|it| it.name != "gpg-pubkey") {
            Entry::of_rpm(package).state(file, "rpm", draft);
        }
        if let Some(broken) = broken {
            draft.leave_for(
                file,
                broken.offset,
                format!("rpm's database is not read to its end: {}", broken.why),
            );
        }
        let journal = ArtifactPath::parse(format!("{}-wal", file.path));
        if journal.is_ok_and(|it| draft.size(&it).is_some_and(|it| it > 0)) {
            draft.leave_for(file, 0, "changes that stand in its journal are not read");
        }
        Ok(())
    }
}
