//! The baselines' world as the product's own files.
//!
//!     bench-world parties              60 Parties, PARTY-1001 to PARTY-1060
//!     bench-world deliveries N         N hubs on pallets of 896, in boxes of 32
//!     bench-world statuses N           the status of each of the N that is not Pending
//!     bench-world wrong N LINES        a transfer file none of whose lines can move
//!     bench-world clients …            many clients of one server, see `clients.rs`
//!
//! Each hub has the same CHF ID, Party, model and status as in `baselines/limits`, so that both
//! are measured on the same stock and the same transfer files (their header line excepted).

mod clients;

use std::io::{self, BufWriter, Write};

use perfref::{PALLET, PENDING, Rng, dev, eui, fmt_eui};

const BOX: u64 = 32;
const STATUSES: [&str; 8] = [
    "Pending",
    "InstalledNotCommissioned",
    "Whitelisted",
    "Commissioned",
    "Suspended",
    "Decommissioned",
    "Withdrawn",
    "Recovered",
];
const REGIONS: [&str; 6] = ["North", "Central", "South", "4G North", "4G Central", "4G South"];

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| words.get(index).and_then(|w| w.parse::<u64>().ok()).unwrap_or(0);
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    match words.first().map(String::as_str) {
        Some("parties") => parties(&mut out)?,
        Some("deliveries") => deliveries(&mut out, number(1))?,
        Some("statuses") => statuses(&mut out, number(1))?,
        Some("wrong") => wrong(&mut out, number(1), number(2))?,
        Some("clients") => clients::run(&words[1..], &mut out)?,
        _ => {
            eprintln!("usage: bench-world parties|deliveries N|statuses N|wrong N LINES|clients …");
            std::process::exit(2);
        }
    }
    out.flush()
}

fn parties(out: &mut impl Write) -> io::Result<()> {
    let header = "Signifier,LegalName,Category,Group,UserIDs,ServiceUserReference,Status,MayHoldHubs";
    writeln!(out, "{header}\r")?;
    for n in 1001..=1060 {
        writeln!(out, "PARTY-{n},Synthetic Party {n},Large Supplier,,,PARTY-{n},Active,Y\r")?;
    }
    Ok(())
}

fn deliveries(out: &mut impl Write, count: u64) -> io::Result<()> {
    writeln!(
        out,
        "CHFID,GPFID,Manufacturer,Model,HardwareVersion,FirmwareVersion,CHTSVersion,GBCSVersion,\
         HANVariant,WANVariant,CSPRegion,OrderNo,ConsignmentNo,PalletID,BoxID,DeliveryDate,\
         AcceptanceDate,DeliveryLocation,ServiceUserReference,InstallationEndDate,TestHub\r"
    )?;
    let mut line = Vec::with_capacity(256);
    for i in 0..count {
        let hub = dev(i, false);
        let (pallet, model) = (i / PALLET, u64::from(hub.model));
        line.clear();
        fmt_eui(hub.id, &mut line);
        line.push(b',');
        fmt_eui(hub.id | 0xAA << 32, &mut line);
        write!(
            line,
            ",106C,{:08X},0103,04{model:06},V1.3,3.2,{},WAN{},{},ORD{:06},CON{:06},PAL{pallet:06},\
             BOX{:07},2025-0{}-1{},2025-0{}-2{},Depot {},PARTY-{},2028-12-31,N\r\n",
            model * 0x0001_0000 + 0x0103,
            if model % 2 == 0 { "Single Band" } else { "Dual Band" },
            model % 5,
            REGIONS[(pallet % 6) as usize],
            pallet / 50,
            hub.delivery,
            i / BOX,
            pallet % 9 + 1,
            pallet % 10,
            pallet % 9 + 1,
            pallet % 9,
            pallet % 40,
            hub.owner
        )?;
        out.write_all(&line)?;
    }
    Ok(())
}

fn statuses(out: &mut impl Write, count: u64) -> io::Result<()> {
    writeln!(out, "CHFID,SMIStatus,StatusDate\r")?;
    let mut line = Vec::with_capacity(96);
    for i in 0..count {
        let hub = dev(i, false);
        if hub.status == PENDING {
            continue;
        }
        line.clear();
        fmt_eui(hub.id, &mut line);
        let status = STATUSES[usize::from(hub.status - PENDING)];
        writeln!(line, ",{status},2026-0{}-1{}T10:00:00Z\r", i % 9 + 1, i % 10)?;
        out.write_all(&line)?;
    }
    Ok(())
}

/// A third each of unknown devices, hubs that are not Pending, and IDs that are none.
fn wrong(out: &mut impl Write, count: u64, lines: u64) -> io::Result<()> {
    writeln!(out, "CommsHubID,NewServiceUserReference\r")?;
    let mut draw = Rng(7);
    let mut line = Vec::with_capacity(64);
    for n in 0..lines {
        line.clear();
        match n % 3 {
            0 => fmt_eui(eui(draw.below(count)) | 0x3F << 40, &mut line),
            1 => {
                let mut i = draw.below(count);
                while dev(i, false).status == PENDING {
                    i = draw.below(count);
                }
                fmt_eui(eui(i), &mut line);
            }
            _ => line.extend_from_slice(format!("{n:013X}").as_bytes()),
        }
        line.extend_from_slice(b",PARTY-1012\r\n");
        out.write_all(&line)?;
    }
    Ok(())
}
