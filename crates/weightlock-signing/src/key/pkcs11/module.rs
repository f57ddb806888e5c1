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
