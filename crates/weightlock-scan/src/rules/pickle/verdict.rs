//! How bad it is to call or to hold a name, for all rules of this family.

use crate::{
    Severity,
    imports::{Capability, Grade, Import, Kind},
    observation::pickle::{Name, Use},
};

/// How a name is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    /// Called, or handed to what may call it.
    Called,
    /// Held.
    Held,
}

/// Whether a use counts as a call of a name.
pub(super) const fn reach(name: &Name, used: &Use) -> Reach {
    match used {
        Use::Called { tame: false, .. } | Use::State { hook: true, .. } => Reach::Called,
        Use::Handed { called: true, .. } => Reach::Called,
        Use::Handed { called: false, .. } if matches!(name.known.grade, Grade::Dangerous) => Reach::Called,
        _ => Reach::Held,
    }
}

/// What is known of a name in this use: a class that is made without its `__init__` has less reach.
pub(super) fn known(name: &Name, used: &Use) -> Import {
    match used {
        Use::Called { bare: true, .. } => name.known.bare(),
        _ => name.known,
    }
}

/// How bad it is to call what can do these things.
pub(super) fn called(capabilities: &[Capability]) -> Severity {
    let mild = |capability: &Capability| {
        matches!(
            capability,
            Capability::Load | Capability::FileRead | Capability::Network
        )
    };
    if !capabilities.is_empty() && capabilities.iter().all(mild) {
        Severity::High
    } else {
        Severity::Critical
    }
}

/// What a name does, in words.
pub(super) fn does(capabilities: &[Capability]) -> &'static str {
    let words = |capability: &Capability| match capability {
        Capability::Execute => "runs code that it is given",
        Capability::Process => "starts programs",
        Capability::Import => "imports modules or loads libraries",
        Capability::Reflect => "reaches or calls any object",
        Capability::Load => "loads a file that can run code",
        Capability::FileWrite => "writes or deletes files",
        Capability::FileRead => "reads files",
        Capability::Network => "opens connections",
        Capability::Interpreter => "changes the interpreter",
        Capability::Memory => "uses raw memory",
    };
    capabilities.first().map_or("can do harm", words)
}

/// The use in words: `is called with ('echo')`.
pub(super) fn describe(name: &Name, used: &Use) -> String {
    let dotted = name.dotted();
    match used {
        Use::Imported => format!("imports {dotted}"),
        Use::Called { arguments, .. } => format!("calls {dotted}({arguments})"),
        Use::Handed { to, .. } => format!("hands {dotted} to {to}"),
        Use::State { of, key, .. } if key.is_empty() => format!("puts {dotted} into {of}"),
        Use::State { of, key, .. } => format!("puts {dotted} into {of} as {key}"),
        Use::Changed => format!("changes {dotted} itself"),
    }
}

/// Whether a name is likely a function: by its kind, or by its spelling when the kind is not known. What is made
/// without its `__init__` is a class.
pub(super) fn is_function(name: &Name, used: &Use) -> bool {
    match name.known.kind {
        _ if matches!(used, Use::Called { bare: true, .. }) => false,
        Kind::Function => true,
        Kind::Class => false,
        Kind::Other => {
            let last = name
                .global
                .resolved()
                .and_then(|(_, name)| name.rsplit('.').next());
            last.is_some_and(|last| {
                last.trim_start_matches('_')
                    .starts_with(|first: char| first.is_lowercase())
            })
        }
    }
}
