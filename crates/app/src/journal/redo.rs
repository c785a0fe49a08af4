//! Doing an entry again on a database that is being rebuilt: each capability does its own.

use domain::access::{Organisation, Role};
use domain::ids::{TokenId, UserId};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use store::Tx;
use store::journal::EntryRow;
use store::people::PersonState;
use store::sign_in::TokenRow;

use super::Event;
use crate::{
    App, Error, Result, board, delivery_report, directory, imports, inventory, notifications,
    offers, parties, requests, selection, stock_rules, timers, transfer_files, transfers,
};

/// What stands in the place of a password's hash, which the journal does not hold.
const NO_PASSWORD: &str = "not in the journal";

/// Makes the rows of one entry again. `from` has the stored files that entries name.
pub fn redo(tx: &mut Tx, from: &App, entry: &EntryRow, event: &Event) -> Result<()> {
    let mut file = |sha256: &str| stored(from, sha256);
    let done = match event {
        Event::HolidaySet { .. } | Event::HolidayDropped { .. } => {
            timers::redo(tx, event).map(|()| true)?
        }
        // Offers and requests.
        Event::OfferDrafted { .. }
        | Event::OfferChanged { .. }
        | Event::OfferSubmitted { .. }
        | Event::OfferReturned { .. }
        | Event::OfferPublished { .. }
        | Event::OfferPublicationOverdue { .. }
        | Event::OfferClosingMoved { .. }
        | Event::OfferClosedToRequests { .. }
        | Event::OfferExpiryWaits { .. }
        | Event::OfferReopened { .. }
        | Event::OfferAllocated { .. }
        | Event::AllocationGivenBack { .. }
        | Event::OfferSuspended { .. }
        | Event::OfferResumed { .. }
        | Event::OfferWithdrawn { .. }
        | Event::OfferClosed { .. }
        | Event::OfferExpired { .. } => offers::redo(tx, from, entry, event).map(|()| true)?,
        Event::RequestDrafted { .. }
        | Event::RequestChanged { .. }
        | Event::RequestQueued { .. }
        | Event::RequestWanted { .. }
        | Event::RequestTurned { .. }
        | Event::RequestWithdrawn { .. }
        | Event::RequestLapsed { .. } => requests::redo(tx, entry, event).map(|()| true)?,
        Event::WantedMatched { .. }
        | Event::FilterSaved { .. }
        | Event::FilterChanged { .. }
        | Event::FilterDropped { .. } => board::redo(tx, entry, event).map(|()| true)?,
        Event::InterchangeabilitySet { .. }
        | Event::InterchangeabilityDropped { .. }
        | Event::InstallationEndSet { .. }
        | Event::InstallationEndDropped { .. } => stock_rules::redo(tx, event).map(|()| true)?,
        // Selection.
        Event::PolicyDrafted { .. }
        | Event::PolicyChanged { .. }
        | Event::PolicyPublished { .. }
        | Event::PolicyWithdrawn { .. }
        | Event::PolicyInForce { .. }
        | Event::LotteryCommitted { .. }
        | Event::SelectionRun { .. } => selection::redo(tx, from, entry, event).map(|()| true)?,
        // Transfers.
        Event::TransferAgreed { .. }
        | Event::TransferNotified { .. }
        | Event::TransferReversalOpened { .. }
        | Event::TransferConfirmed { .. }
        | Event::TransferLapsed { .. }
        | Event::TransferCancelled { .. }
        | Event::TransferHeld { .. }
        | Event::TransferReleased { .. }
        | Event::TransferDispatched { .. }
        | Event::TransferArrived { .. }
        | Event::TransferReceived { .. }
        | Event::TransferLinesCorrected { .. }
        | Event::TransferFilePrepared { .. }
        | Event::TransferFileDropped { .. }
        | Event::TransferCompleted { .. }
        | Event::TransferOverdue { .. } => {
            transfers::redo(tx, from, entry, event).map(|()| true)?
        }
        // Notices and e-mails.
        Event::NotificationChosen { .. } | Event::MailRetried { .. } => {
            notifications::redo(tx, entry.at, event).map(|()| true)?
        }
        // Jobs are not rebuilt, nor is what people were told: what was done is in the journal.
        Event::JobRerun { .. } | Event::EntryNotTold { .. } => true,
        Event::SettingChanged { name, to, .. } => {
            store::settings::put(tx, name, to)?;
            true
        }
        Event::PartyContactSet { .. }
        | Event::PartyContactDropped { .. }
        | Event::DeliveryLocationSet { .. }
        | Event::DeliveryLocationDropped { .. } => directory::redo(tx, event).map(|()| true)?,
        Event::PartyChanged { .. } => parties::redo(tx, event).map(|()| true)?,
        Event::ImportReceived { .. }
        | Event::ImportRefused { .. }
        | Event::ImportLoaded { .. }
        | Event::ImportFinished { .. }
        | Event::SnapshotPartCompared { .. }
        | Event::SnapshotCompared { .. }
        | Event::SnapshotAuthorised { .. }
        | Event::SnapshotRejected { .. } => imports::redo(tx, from, entry, event).map(|()| true)?,
        Event::HubQuarantined { .. } | Event::HubReleased { .. } => {
            inventory::redo(tx, event).map(|()| true)?
        }
        _ => {
            people(tx, entry, event)?
                || transfer_files::redo(tx, &mut file, entry, event)?
                || delivery_report::redo(tx, entry, event)?
        }
    };
    if done { Ok(()) } else { Err(Error::Damaged("no part of the program does it".into())) }
}

/// The stored bytes with this hash.
fn stored(from: &App, sha256: &str) -> Result<Vec<u8>> {
    let missing = || Error::Damaged(format!("there is no stored file {sha256}"));
    let hash = crate::files::from_hex(sha256).ok_or_else(missing)?;
    let mut tx = from.db.read()?;
    let file = store::files::find(&mut tx, &hash)?.ok_or_else(missing)?;
    Ok(store::files::whole(&mut tx, file.id)?)
}

/// People, their roles and tokens. False when the entry is about something else.
fn people(tx: &mut Tx, entry: &EntryRow, event: &Event) -> Result<bool> {
    match event {
        Event::PersonAdded { user, email, name, .. } => {
            store::people::insert(tx, UserId(*user), email, name, entry.at)?;
        }
        Event::PasswordSet { user } => {
            store::people::set_password(tx, UserId(*user), NO_PASSWORD)?;
        }
        Event::RoleGranted { user, organisation, role } => {
            let (at, role) = held(*organisation, role)?;
            store::people::grant(tx, UserId(*user), at, role, entry.at)?;
        }
        Event::RoleRevoked { user, organisation, role } => {
            let (at, role) = held(*organisation, role)?;
            store::people::revoke(tx, UserId(*user), at, role)?;
        }
        Event::PersonDeactivated { user, .. } => {
            store::people::set_state(tx, UserId(*user), PersonState::Deactivated)?;
        }
        Event::PersonReactivated { user } => {
            let person = store::people::by_id(tx, UserId(*user))?;
            let had_one = person.is_some_and(|person| person.password_hash.is_some());
            let state = if had_one { PersonState::Active } else { PersonState::Invited };
            store::people::set_state(tx, UserId(*user), state)?;
        }
        Event::TokenIssued { token, user, organisation, name, scope, expires_at } => {
            let expires_at = Timestamp::from_microsecond(*expires_at)
                .map_err(|_| Error::Damaged("there is no such instant".into()))?;
            let row = TokenRow {
                id: TokenId(*token),
                token_hash: Sha256::digest(token.to_be_bytes()).into(),
                user: UserId(*user),
                organisation: Organisation::from_number(*organisation),
                name: name.clone(),
                writes: scope == "write",
                created_at: entry.at,
                expires_at,
                revoked_at: None,
            };
            store::sign_in::insert_token(tx, &row)?;
        }
        Event::TokenRevoked { token } => {
            store::sign_in::revoke_token(tx, TokenId(*token), entry.at)?;
        }
        Event::PersonInvited { .. } | Event::PasswordLinkIssued { .. } | Event::SignedIn { .. } => {
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn held(organisation: i64, role: &str) -> Result<(Organisation, Role)> {
    let role =
        Role::from_word(role).ok_or_else(|| Error::Damaged(format!("there is no role {role}")))?;
    Ok((Organisation::from_number(organisation), role))
}
