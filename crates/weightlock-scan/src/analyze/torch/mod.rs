//! PyTorch: what the members of an archive are ([`Plan`]), and what its pickles say of storages and tensors.
//!
//! The records of tensors are declared data, whatever pickle names them; what the pickle says of them is compared with
//! their sizes. Classes that the archive's own TorchScript defines are nothing imported.

mod legacy;
mod model;
mod pickled;
pub(crate) mod tar;

pub(crate) use self::model::Plan;
use self::pickled::Torch;
pub use self::{model::Pickled, tar::TarPart};
use super::{Examination, Role, Subject, pickle};

/// Examines a pickle of PyTorch; false, and nothing done, when it is none.
pub(super) fn analyze_pickle(subject: &Subject, exam: &mut Examination<'_>) -> bool {
    if let Role::TorchPickle(pickled) = &subject.role {
        let mut torch = Torch::in_archive(pickled);
        let is_bytecode = pickled.is_bytecode();
        if is_bytecode {
            pickled::bytecode(subject, exam, &mut torch);
        } else {
            pickle::analyze_from(subject, exam, 0, &mut torch);
        }
        return true;
    }
    if let Role::TorchTar(part) = subject.role {
        tar::analyze(subject, exam, part);
        return true;
    }
    let is_legacy = legacy::begins(&subject.content);
    if is_legacy {
        legacy::analyze(subject, exam);
    }
    is_legacy
}
