//! What a bundle *says*, without asking who says it. For showing and comparing only: nothing read here may decide
//! whether a model is trusted.

use super::{ModelStatement, parse};
use crate::{bundle::Bundle, envelope::IN_TOTO, refusal::Refusal};

/// Reads the statement of a bundle whose signature nobody checked.
///
/// What is lost: anybody can have written it. [`super::verify`] gives a statement that somebody signed.
///
/// # Errors
/// [`Refusal`] names the first rule that the statement breaks.
pub fn read_unverified(bundle: &[u8]) -> Result<ModelStatement, Refusal> {
    let envelope = Bundle::parse(bundle)?.into_envelope()?;
    if envelope.payload_type != IN_TOTO {
        return Err(Refusal::PayloadType {
            found: envelope.payload_type,
        });
    }
    parse::statement(&envelope.payload)
}
