//! [`Plan`]: the roles of an archive's members.

use std::{collections::BTreeMap, sync::Arc};

use weightlock_format::torch::archive::{Archive, Part};

use crate::analyze::Role;

/// What the members of an archive are to PyTorch.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    archive: Archive,
    /// Bytes of each member; of members with one name, of the smallest.
    sizes: Arc<BTreeMap<String, u64>>,
}

/// What is known of a pickle of an archive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pickled {
    /// The member's name.
    name: String,
    sizes: Arc<BTreeMap<String, u64>>,
}

impl Plan {
    /// Tells what the members are, each a name and a size; `None` when the archive is none of PyTorch's.
    pub(crate) fn of<'a>(members: impl Iterator<Item = (&'a str, u64)> + Clone) -> Option<Self> {
        let archive = Archive::of(members.clone().map(|(name, _)| name))?;
        let mut sizes = BTreeMap::new();
        for (name, size) in members {
            let known = sizes.entry(name.to_owned()).or_insert(size);
            *known = size.min(*known);
        }
        Some(Self {
            archive,
            sizes: Arc::new(sizes),
        })
    }

    /// The role of the member `name`.
    pub(crate) fn role(&self, name: &str) -> Role {
        match self.archive.part(name) {
            Part::Pickle => Role::TorchPickle(Arc::new(Pickled {
                name: name.to_owned(),
                sizes: Arc::clone(&self.sizes),
            })),
            Part::Storage => Role::TensorBytes,
            Part::Source => Role::TorchScript,
            Part::Python => Role::Python,
            Part::Marker => Role::Marker,
            Part::Program => Role::TorchProgram,
            _ => Role::Plain,
        }
    }
}

impl Pickled {
    /// Bytes of the storage called `key`; `None` when the archive has no such storage.
    pub(super) fn storage(&self, key: &str) -> Option<u64> {
        let (folder, base) = self.name.rsplit_once('/').unwrap_or(("", &self.name));
        let root = match folder {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let stem = base.strip_suffix(".pkl").unwrap_or(base);
        let beside = [stem, "data", "constants"].map(|folder| format!("{root}{folder}/{key}"));
        // Pickles of a package lie anywhere below the root that has their storages.
        let above = folder
            .match_indices('/')
            .map(|(at, _)| folder.get(..at).unwrap_or_default());
        let mut package = above.chain([folder, ""]).map(|root| match root {
            "" => format!(".data/{key}.storage"),
            root => format!("{root}/.data/{key}.storage"),
        });
        let known = |name: &String| self.sizes.get(name).copied();
        beside
            .iter()
            .find_map(known)
            .or_else(|| package.find_map(|name| known(&name)))
    }

    /// Whether it is the program that the interpreter for devices runs.
    pub(super) fn is_bytecode(&self) -> bool {
        self.name.rsplit('/').next() == Some("bytecode.pkl")
    }

    /// Whether it holds the inputs of a trace, whose storages are left empty: they tell shapes only.
    pub(super) fn is_traced_inputs(&self) -> bool {
        self.name.rsplit('/').next() == Some("traced_inputs.pkl")
    }

    /// Whether a source file of the archive defines what `module` holds: `__torch__.a.b` is `code/__torch__/a/b.py`.
    pub(super) fn defines(&self, module: &str) -> bool {
        if module != "__torch__" && !module.starts_with("__torch__.") {
            return false;
        }
        let root = self.name.rsplit_once('/').map_or("", |(root, _)| root);
        let file = format!("{root}/code/{}.py", module.replace('.', "/"));
        self.sizes.contains_key(file.trim_start_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pickled(pickle: &str, members: &[(&str, u64)]) -> Arc<Pickled> {
        let plan = Plan::of(members.iter().copied()).unwrap();
        match plan.role(pickle) {
            Role::TorchPickle(pickled) => pickled,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_pickle_finds_its_storages() {
        let members = [
            ("m/data.pkl", 1),
            ("m/constants.pkl", 1),
            ("m/data/0", 64),
            ("m/data/0", 60),
            ("m/constants/0", 8),
            ("m/code/__torch__/a.py", 1),
            ("m/code/__torch__.py", 1),
            ("m/traced_inputs.pkl", 1),
            ("m/traced_inputs/0", 0),
        ];
        let data = pickled("m/data.pkl", &members);
        assert_eq!((data.storage("0"), data.storage("1")), (Some(60), None));
        assert_eq!(pickled("m/constants.pkl", &members).storage("0"), Some(8));
        let traced = pickled("m/traced_inputs.pkl", &members);
        assert!(traced.storage("0") == Some(0) && traced.is_traced_inputs() && !data.is_traced_inputs());
        assert!(data.defines("__torch__") && data.defines("__torch__.a"));
        for module in ["__torch__.b", "os", "__torch__x", "code"] {
            assert!(!data.defines(module), "{module}");
        }
        let members = [
            ("p/.data/extern_modules", 1),
            ("p/x/y/z.pkl", 1),
            ("p/.data/3.storage", 5),
        ];
        assert_eq!(pickled("p/x/y/z.pkl", &members).storage("3"), Some(5));
        let flat = [("data.pkl", 1), ("data/0", 4), ("code/__torch__.py", 1)];
        let flat = pickled("data.pkl", &flat);
        assert!(flat.storage("0") == Some(4) && flat.defines("__torch__"));
    }

    #[test]
    fn other_members_have_their_roles() {
        let names = ["m/data.pkl", "m/data/0", "m/code/a.py", "m/version", "m/extra/x"];
        let plan = Plan::of(names.into_iter().map(|name| (name, 1))).unwrap();
        let roles: Vec<_> = names.iter().skip(1).map(|name| plan.role(name)).collect();
        assert_eq!(
            roles,
            [Role::TensorBytes, Role::TorchScript, Role::Marker, Role::Plain]
        );
        assert!(Plan::of([("a", 1)].into_iter()).is_none());
    }
}
