//! The invented Parties, models, deliveries and statuses of the demonstration.
//!
//! The same day gives the same world, to the byte. Names are nobody's; device IDs are from ranges
//! that only test material uses.

use std::fmt::Write;

use domain::offers::Specification;
use jiff::{ToSpan, civil::Date};

/// Hubs on a pallet (FIA §1).
pub const PALLET: u32 = 896;
/// Hubs in a box, in this world.
const BOX: u32 = 32;

/// An invented Party: signifier, name, category, status, may hold hubs, pallets of the 200.
pub struct InventedParty(
    pub &'static str,
    pub &'static str,
    pub &'static str,
    pub &'static str,
    pub bool,
    pub u32,
);

/// The Parties. The service user reference is `SU-` and the signifier.
pub const PARTIES: &[InventedParty] = &[
    InventedParty("LARKSPUR", "Larkspur Energy Limited", "Large Supplier", "Active", true, 56),
    InventedParty("BRIGHTWR", "Brightwater Power plc", "Large Supplier", "Active", true, 44),
    InventedParty("FELLSIDE", "Fellside Energy Limited", "Large Supplier", "Active", true, 36),
    InventedParty(
        "PENNYWRT",
        "Pennywort Gas and Power Limited",
        "Small Supplier",
        "Active",
        true,
        14,
    ),
    InventedParty("SALTMRSH", "Saltmarsh Energy Limited", "Small Supplier", "Active", true, 11),
    InventedParty("TERNUTIL", "Tern Utilities Limited", "Small Supplier", "Active", true, 8),
    InventedParty("QUILLFTH", "Quillfeather Energy Limited", "Small Supplier", "InSolr", true, 15),
    InventedParty("HARROWBK", "Harrowbank Energy Limited", "Small Supplier", "Suspended", true, 6),
    InventedParty("OLDMILLE", "Old Mill Energy Limited", "Small Supplier", "Withdrawn", false, 0),
    InventedParty(
        "EASTMOOR",
        "Eastmoor Electricity Networks plc",
        "Electricity Network",
        "Active",
        false,
        0,
    ),
    InventedParty("GREENHOW", "Greenhow Gas Networks plc", "Gas Network", "Active", false, 0),
    InventedParty("MOSSBANK", "Mossbank Metering Limited", "Other SEC Party", "Active", true, 10),
];

/// Manufacturer, model, hardware, firmware, CHTS, GBCS, HAN variant, WAN variant, region.
const MODELS: &[[&str; 9]] = &[
    [
        "106C",
        "04200103",
        "0103",
        "04000007",
        "V1.3",
        "3.2",
        "Single Band",
        "LRR Standard 420",
        "North",
    ],
    [
        "106C",
        "04500103",
        "0103",
        "04000009",
        "V1.4",
        "4.1",
        "Dual Band",
        "LRR Variant 450",
        "North",
    ],
    ["1178", "0A010201", "0201", "02000112", "V1.3", "3.2", "Single Band", "Cellular", "Central"],
    ["1178", "0A020201", "0201", "02000114", "V1.4", "4.1", "Dual Band", "Cellular", "Central"],
    [
        "1086",
        "0B020104",
        "0104",
        "03000021",
        "V1.3",
        "3.2",
        "Single Band",
        "Cellular+Mesh",
        "South",
    ],
    ["1086", "0B030104", "0104", "03000022", "V1.4", "4.1", "Dual Band", "Cellular+Mesh", "South"],
    ["10E0", "0C030100", "0100", "01000003", "V1.5", "4.3", "Dual Band", "4G", "4G Central"],
    ["10E0", "0C030100", "0100", "01000004", "V1.5", "4.3", "Dual Band", "4G", "4G South"],
    ["10E0", "0C050100", "0100", "01000002", "V1.5", "4.3", "Dual Band", "4G", "4G North"],
];

/// One pallet of the world.
#[derive(Clone, Copy, Debug)]
pub struct Pallet {
    /// From 0.
    pub number: u32,
    /// Which of [`PARTIES`] it was delivered to.
    pub party: usize,
    /// Which of [`MODELS`] it holds.
    model: usize,
    /// Days before today.
    pub delivered_days_ago: i32,
}

/// The 200 pallets, oldest first.
pub fn pallets() -> Vec<Pallet> {
    let mut owners: Vec<usize> = Vec::new();
    for (index, party) in PARTIES.iter().enumerate() {
        owners.extend(std::iter::repeat_n(index, party.5 as usize));
    }
    // A fixed stride that visits each pallet once spreads every Party's deliveries over time.
    let count = owners.len();
    (0..count)
        .map(|n| Pallet {
            number: n as u32,
            party: owners[n * 83 % count],
            model: n * 7 % MODELS.len(),
            delivered_days_ago: 720 - (n as i32 * 700 / count as i32),
        })
        .collect()
}

impl Pallet {
    /// What its hubs are of, as a transfer agrees on it.
    pub fn specification(&self) -> Specification {
        let [manufacturer, model, _, _, _, _, han_variant, wan_variant, region] =
            MODELS[self.model].map(str::to_owned);
        Specification { manufacturer, model, han_variant, wan_variant, region }
    }
}

/// A Party's pallets, oldest first.
pub fn all_of(signifier: &str) -> Vec<Pallet> {
    let wanted = PARTIES.iter().position(|party| party.0 == signifier);
    let is_theirs = |pallet: &Pallet| Some(pallet.party) == wanted && pallet.number != 60;
    pallets().into_iter().filter(is_theirs).collect()
}

/// A Party's pallets from which nothing was installed yet, oldest first.
pub fn recent_of(signifier: &str) -> Vec<Pallet> {
    let mut pallets = all_of(signifier);
    pallets.retain(|pallet| pallet.delivered_days_ago < 150);
    pallets
}

/// The CHF ID of a hub: the `n`th on its pallet.
pub fn chf(pallet: u32, n: u32) -> String {
    dashed(0x00DB_1201_0000_0000 + u64::from(pallet) * 1024 + u64::from(n) + 4096)
}

/// The GPF ID of the same hub.
pub fn gpf(pallet: u32, n: u32) -> String {
    dashed(0x00DB_12AA_0000_0000 + u64::from(pallet) * 1024 + u64::from(n) + 4096)
}

fn dashed(bits: u64) -> String {
    let pairs: Vec<String> = bits.to_be_bytes().iter().map(|b| format!("{b:02X}")).collect();
    pairs.join("-")
}

/// The file of Parties.
pub fn parties_file() -> String {
    let mut out = String::from(
        "Signifier,LegalName,Category,Group,UserIDs,ServiceUserReference,Status,MayHoldHubs\r\n",
    );
    for (index, party) in PARTIES.iter().enumerate() {
        let user_id = dashed(0x90B3_D51F_3001_0000 + index as u64);
        let (holds, group) =
            (if party.4 { "Y" } else { "N" }, if index < 2 { "Alder" } else { "" });
        writeln!(
            out,
            "{},{},{},{group},{user_id},SU-{},{},{holds}\r",
            party.0, party.1, party.2, party.0, party.3
        )
        .expect("a string takes all that is written to it");
    }
    out
}

/// The delivery file (ASN) of these pallets.
pub fn delivery_file(pallets: &[Pallet], today: Date) -> String {
    let mut out = String::from(
        "CHFID,GPFID,Manufacturer,Model,HardwareVersion,FirmwareVersion,CHTSVersion,GBCSVersion,\
         HANVariant,WANVariant,CSPRegion,OrderNo,ConsignmentNo,PalletID,BoxID,DeliveryDate,\
         AcceptanceDate,DeliveryLocation,ServiceUserReference,InstallationEndDate,TestHub\r\n",
    );
    for pallet in pallets {
        let [maker, model, hardware, firmware, chts, gbcs, han, wan, region] = MODELS[pallet.model];
        let party = &PARTIES[pallet.party];
        let delivered = today - pallet.delivered_days_ago.days();
        let accepted = delivered + 2.days();
        // The oldest pallets are past their installation end date, the next come close to it.
        let ends = delivered + 710.days();
        let test = if pallet.number == 60 { "Y" } else { "N" };
        for n in 0..PALLET {
            writeln!(
                out,
                "{},{},{maker},{model},{hardware},{firmware},{chts},{gbcs},{han},{wan},{region},\
                 ORD{:05},CON{:06},PAL{:05},BOX{:05}-{:02},{delivered},{accepted},{} depot,SU-{},{ends},{test}\r",
                chf(pallet.number, n),
                gpf(pallet.number, n),
                pallet.number / 5 + 100,
                pallet.number / 2 + 5000,
                pallet.number + 1,
                pallet.number + 1,
                n / BOX + 1,
                party.1.split(' ').next().unwrap_or("Main"),
                party.0,
            )
            .expect("a string takes all that is written to it");
        }
    }
    out
}

/// Whether a hub has left `Pending` by now: the older the pallet, the more of it is installed.
pub fn has_left_stock(pallet: &Pallet, n: u32) -> bool {
    let installed = (pallet.delivered_days_ago - 150).max(0) as u32 * 100 / 570;
    (n * 37 + pallet.number * 11) % 100 < installed && pallet.number != 60
}

/// The status feed: what was installed, and then commissioned, replaced or suspended.
pub fn status_file(pallets: &[Pallet], today: Date) -> String {
    let mut out = String::from("CHFID,SMIStatus,StatusDate\r\n");
    for pallet in pallets {
        for n in (0..PALLET).filter(|n| has_left_stock(pallet, *n)) {
            let days = (n * 13 + pallet.number) % (pallet.delivered_days_ago as u32 - 60).max(1);
            let on = today - i64::from(days).days();
            let status = match (n * 7 + pallet.number * 3) % 100 {
                0 => "Whitelisted",
                1..=4 => "InstalledNotCommissioned",
                5 => "Withdrawn",
                6 => "Suspended",
                7 => "Recovery",
                8 => "Recovered",
                9..=12 => "Decommissioned",
                _ => "Commissioned",
            };
            writeln!(out, "{},{status},{on}T10:15:00Z\r", chf(pallet.number, n))
                .expect("a string takes all that is written to it");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_has_two_hundred_pallets_and_is_the_same_each_time() {
        assert_eq!(pallets().len(), 200);
        let today = Date::constant(2026, 11, 23);
        let first = pallets();
        assert_eq!(delivery_file(&first[..2], today), delivery_file(&pallets()[..2], today));
        assert_eq!(delivery_file(&first[..1], today).lines().count(), 897);
    }

    #[test]
    fn every_status_occurs() {
        let file = status_file(&pallets(), Date::constant(2026, 11, 23));
        for status in domain::inventory::SmiStatus::ALL.iter().skip(1) {
            assert!(file.contains(&format!(",{},", status.name())), "{}", status.name());
        }
    }
}
