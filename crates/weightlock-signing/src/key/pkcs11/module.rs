//! Finding and loading the vendor's module.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
};

use super::Pkcs11Error;
use crate::key::uri::Uri;

/// Where distributions put modules. The reference looks into the first two only.
const FOLDERS: [&str; 8] = [
    "/usr/lib64/pkcs11",
    "/usr/lib/pkcs11",
    "/usr/lib/x86_64-linux-gnu/pkcs11",
    "/usr/lib/aarch64-linux-gnu/pkcs11",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/softhsm",
    "/usr/lib64/softhsm",
];

/// Modules that distributions put among ordinary libraries.
const WELL_KNOWN: [&str; 4] = [
    "libsofthsm2.so",
    "opensc-pkcs11.so",
    "p11-kit-proxy.so",
    "libykcs11.so",
];

/// Modules in the folders that `module-name` is looked up in. None is loaded.
#[must_use]
pub fn installed_modules() -> Vec<PathBuf> {
    let of_their_own = FOLDERS
        .iter()
        .filter(|folder| folder.ends_with("/pkcs11") || folder.ends_with("/softhsm"));
    let listed = of_their_own
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "so"));
    let known = FOLDERS
        .iter()
        .flat_map(|folder| WELL_KNOWN.map(|name| Path::new(folder).join(name)));
    let mut found: Vec<PathBuf> = listed.chain(known).filter(|path| path.is_file()).collect();
    found.sort();
    found.dedup();
    found
}

/// Modules stay loaded and initialised until the process ends: several keys may share one, and unloading a
/// library that has registered exit handlers crashes.
static LOADED: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// The module for a URI: `module-path`, else `module-name`, else the caller's.
pub(super) fn load(uri: &Uri, default: Option<&Path>) -> Result<Pkcs11, Pkcs11Error> {
    let path = match (&uri.module_path, &uri.module_name) {
        (Some(path), _) => PathBuf::from(path),
        (None, Some(name)) => find(name)?,
        (None, None) => default.ok_or(Pkcs11Error::NoModule)?.to_owned(),
    };
    if !path.is_absolute() {
        return Err(Pkcs11Error::ModuleNotAbsolute { path });
    }
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = loaded.get(&path) {
        return Ok(module.clone());
    }
    let module = initialise(&path).map_err(|source| Pkcs11Error::ModuleLoad {
        path: path.clone(),
        source,
    })?;
    loaded.insert(path, module.clone());
    Ok(module)
}

fn initialise(path: &Path) -> Result<Pkcs11, Error> {
    let module = Pkcs11::new(path)?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // Something else in the process uses the same library: fine.
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(module),
        Err(error) => Err(error),
    }
}

/// `NAME.so` or `libNAME.so`; RFC 7512 leaves the spelling of `module-name` to the platform.
fn find(name: &str) -> Result<PathBuf, Pkcs11Error> {
    let spellings = [format!("{name}.so"), format!("lib{name}.so"), name.to_owned()];
    FOLDERS
        .iter()
        .flat_map(|folder| spellings.iter().map(move |file| Path::new(folder).join(file)))
        .find(|path| path.is_file())
        .ok_or_else(|| Pkcs11Error::ModuleNotFound {
            name: name.to_owned(),
        })
}
