//! A small world for tests of the whole program: Parties, people, pallets, and files about them.
#![allow(dead_code, reason = "each test program uses a part")]

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use testkit::program::{Program, Ran};

/// Hubs on a pallet here: small, so that many can move in a test.
pub const PALLET: u32 = 224;
pub const PASSWORD: &str = "correct horse battery staple";

/// The program over a database, and a folder for files.
pub struct World {
    pub program: Program,
    pub folder: tempfile::TempDir,
}

impl World {
    /// Parties SU-1 to SU-4 and a person for each central role; no hubs.
    pub fn new(database: &str) -> World {
        let folder = tempfile::tempdir().unwrap();
        let reports = folder.path().join("reports").to_str().unwrap().to_owned();
        let program = Program::new(env!("CARGO_BIN_EXE_hubstock"), database)
            .with_environment(vec![("HUBSTOCK_REPORTS".into(), reports)]);
        let world = World { program, folder };
        world.well(&["migrate"]);
        for (email, role) in [
            ("admin@x.example", "system-admin"),
            ("operator@x.example", "dsp-operator"),
            ("checker@x.example", "dsp-operator"),
            ("logistics@x.example", "dcc-logistics"),
            ("authoriser@x.example", "dcc-authoriser"),
            ("finance@x.example", "dcc-finance"),
        ] {
            let add = ["user", "add", email, "--name", role, "--role", role, "--password-stdin"];
            let ran = world.program.run_with(&add, PASSWORD.as_bytes());
            assert_eq!(ran.code, Some(0), "{}", ran.err);
        }
        let parties = world.file("parties.csv", &parties());
        world.well(&["import", "parties", &parties, "--as", "admin@x.example"]);
        world
    }

    /// With these pallets, all of SU-1.
    pub fn with_pallets(database: &str, pallets: std::ops::Range<u32>) -> World {
        let world = World::new(database);
        let asn = world.file("asn.csv", &deliveries(pallets, "SU-1"));
        world.well(&["import", "deliveries", &asn, "--as", "operator@x.example"]);
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.program.run(arguments)
    }

    /// Runs what must go well.
    pub fn well(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}{}", ran.out, ran.err);
        ran.out
    }

    /// Runs with `--json`; the exit code and what was printed.
    pub fn json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let ran = self.run(&all);
        let text = if ran.out.is_empty() { &ran.err } else { &ran.out };
        let value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}{}", ran.err));
        (ran.code, value)
    }

    /// Runs what must end with this code; what it printed, and what it complained of.
    pub fn ends(&self, code: i32, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}{}", ran.out, ran.err);
        ran.out + &ran.err
    }

    /// The service user reference of a hub's Party now.
    pub fn party_of(&self, chf: &str) -> String {
        let (code, hub) = self.json(&["hub", chf]);
        assert_eq!(code, Some(0), "{hub}");
        hub["service_user_reference"].as_str().unwrap().to_owned()
    }

    /// How many hubs of the kept counts are with this Party, in any status.
    pub fn stock_of(&self, signifier: &str) -> i64 {
        let (code, rows) = self.json(&["stock", "--party", signifier]);
        assert_eq!(code, Some(0), "{rows}");
        rows.as_array().unwrap().iter().map(|row| row["hubs"].as_i64().unwrap()).sum()
    }
}

pub fn parties() -> String {
    let mut text = String::from(
        "Signifier,LegalName,Category,Group,UserIDs,ServiceUserReference,Status,MayHoldHubs\r\n",
    );
    for n in 1..=4 {
        writeln!(text, "PARTY{n},Party {n} Limited,Large Supplier,,,SU-{n},Active,Y\r").unwrap();
    }
    text
}

pub fn chf(pallet: u32, n: u32) -> String {
    dashed(0x00DB_1201_0000_0000 + u64::from(pallet) * 1024 + u64::from(n) + 1)
}

pub fn gpf(pallet: u32, n: u32) -> String {
    dashed(0x00DB_12AA_0000_0000 + u64::from(pallet) * 1024 + u64::from(n) + 1)
}

fn dashed(bits: u64) -> String {
    let pairs: Vec<String> = bits.to_be_bytes().iter().map(|b| format!("{b:02X}")).collect();
    pairs.join("-")
}

pub fn deliveries(pallets: std::ops::Range<u32>, party: &str) -> String {
    let mut text = String::from(
        "CHFID,GPFID,Manufacturer,Model,HardwareVersion,FirmwareVersion,CHTSVersion,GBCSVersion,\
         HANVariant,WANVariant,CSPRegion,OrderNo,ConsignmentNo,PalletID,BoxID,DeliveryDate,\
         AcceptanceDate,DeliveryLocation,ServiceUserReference,InstallationEndDate,TestHub\r\n",
    );
    for pallet in pallets {
        for n in 0..PALLET {
            writeln!(
                text,
                "{},{},106C,04200103,0103,04000007,V1.3,3.2,Single Band,LRR,North,ORD1,CON{},\
                 PAL{pallet:04},BOX{},2026-03-02,2026-03-04,Depot,{party},2030-01-01,N\r",
                chf(pallet, n),
                gpf(pallet, n),
                pallet / 4,
                n / 32
            )
            .unwrap();
        }
    }
    text
}

/// A transfer file of a whole pallet.
pub fn move_pallet(pallet: u32, to: &str) -> String {
    let mut text = String::from("CommsHubID,NewServiceUserReference\r\n");
    for n in 0..PALLET {
        writeln!(text, "{},{to}\r", chf(pallet, n)).unwrap();
    }
    text
}

/// A small generator of numbers, the same for the same seed.
pub struct Draw(pub u64);

impl Draw {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

pub fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
