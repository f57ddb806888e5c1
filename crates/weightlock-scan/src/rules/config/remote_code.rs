//! `config-remote-code`: loading needs code that comes with the model, or from elsewhere.

use crate::{
    Severity,
    observation::config::{Loader, Seen},
    rules::{Check, Context, Judgement, Rule},
};

/// Loading needs code of the model or of somebody else.
pub(super) const RULE: Rule = Rule {
    id: "config-remote-code",
    title: "configuration asks for code that comes with the model",
    worst: Severity::Medium,
    cwe: 829,
    what: "the configuration names a class that is not part of the library: a Python file in the folder, or in another \
           repository; or it switches on that such code is run",
    why: "with `trust_remote_code=True` the loader imports that file; code from another repository can change after \
          this model was examined",
    example: "`auto_map` with `owner/name--modeling.Model` in config.json",
    fix: "load without `trust_remote_code`; if the code is needed, read it, pin its revision, and keep it with the \
          model",
    references: &[],
    check: Check::Config(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::RemoteCode {
            loader,
            class,
            repository: Some(repository),
        } => {
            let reason = format!("{loader} takes {class:?} from elsewhere: {repository:?}");
            Some(Judgement::new(Severity::Medium, reason).named(class))
        }
        Seen::RemoteCode {
            loader: loader @ Loader::Adapter,
            class,
            repository: None,
        } => {
            let reason = format!("{loader} is {class:?}, which is imported without being asked for");
            Some(Judgement::new(Severity::Medium, reason).named(class))
        }
        Seen::RemoteCode {
            loader,
            class,
            repository: None,
        } => {
            let reason =
                format!("{loader} is {class:?}, code that comes with the model and needs trust_remote_code");
            Some(Judgement::new(Severity::Low, reason).named(class))
        }
        Seen::TrustsRemoteCode => Some(Judgement::new(
            Severity::Low,
            "the configuration switches trust_remote_code on",
        )),
        _ => None,
    }
}
