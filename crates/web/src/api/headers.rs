//! The headers that calls have in common, as parameters of each operation of the document.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, OpenApi, Required, Type};

/// The operations that change what was seen before, so that they want `If-Match`. A test holds each
/// row against what the operation answers without it.
const WANT_IF_MATCH: &[&str] = &[
    "authorise_snapshot",
    "authorise_transfer_file",
    "cancel_transfer",
    "change_contact",
    "change_filter",
    "change_location",
    "change_offer",
    "change_party",
    "change_request",
    "change_selection_policy",
    "change_setting",
    "choose_notification",
    "close_offer",
    "confirm_transfer",
    "correct_transfer_lines",
    "deactivate_person",
    "dispatch_transfer",
    "drop_contact",
    "drop_filter",
    "drop_location",
    "grant_role",
    "hold_transfer",
    "issue_password_link",
    "load_stock_rules",
    "note_transfer_arrival",
    "prepare_transfer",
    "publish_offer",
    "publish_selection_policy",
    "quarantine_hub",
    "reactivate_person",
    "receive_transfer",
    "reject_snapshot",
    "reject_transfer_file",
    "release_hub",
    "release_transfer",
    "resume_offer",
    "return_offer",
    "reverse_transfer",
    "revoke_role",
    "settle_installed_before",
    "submit_offer",
    "submit_request",
    "suspend_offer",
    "turn_request",
    "withdraw_offer",
    "withdraw_request",
    "withdraw_selection_policy",
    "withdraw_transfer_file",
];

/// Adds them to all operations of the document.
pub fn document(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let writing = [&mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in writing.into_iter().flatten() {
            let id = operation.operation_id.as_deref().unwrap_or_default();
            let changes = WANT_IF_MATCH.contains(&id);
            if changes {
                let text = "The `ETag` that was seen; `*` for whatever it is now";
                add(operation, "If-Match", Required::True, text);
            }
            let text = "A new word for each call; the same one gets the first answer again";
            add(operation, "Idempotency-Key", Required::False, text);
        }
    }
}

fn add(operation: &mut Operation, name: &str, required: Required, text: &str) {
    let word = ObjectBuilder::new().schema_type(Type::String);
    let parameter: Parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(text))
        .schema(Some(word))
        .build();
    operation.parameters.get_or_insert_default().push(parameter.into());
}
