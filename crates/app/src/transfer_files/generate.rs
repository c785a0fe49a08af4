//! Making a controlled file from a list of hubs and a new Party.

use domain::access::Actor;

use super::{GenerateRequest, Generated, GeneratedFile, Submitted};
use crate::{App, Error, Result};

/// Makes a controlled file; nothing is submitted.
pub fn generate(_app: &App, _actor: &Actor, request: &GenerateRequest) -> Result<Generated> {
    Err(Error::Damaged(format!("nothing generates {}", request.reference)))
}

/// Makes a controlled file and submits it, or gives all mistakes back.
pub fn generate_and_submit(
    _app: &App,
    _actor: &Actor,
    request: &GenerateRequest,
    _all_or_nothing: bool,
) -> Result<std::result::Result<(GeneratedFile, Submitted), Vec<super::IdMistake>>> {
    Err(Error::Damaged(format!("nothing generates {}", request.reference)))
}
