//! `hubstock demo`: a living, invented world to click through.

mod directory;
mod market;
mod people;
mod selection;
mod shipping;
mod stock;
mod world;

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;

use app::{App, Error, Result};
use domain::Refusal;
use serde_json::json;
use store::Db;

use crate::arguments::{Arguments, Serve};
use crate::output::{self, Ended};
use crate::serve;

/// Where the demonstration keeps its world when nobody says otherwise.
const DEMO_DATABASE: &str = "hubstock-demo.db";
const DEMO_REPORTS: &str = "hubstock-demo-reports";

/// Builds the world if it is not there, and serves it.
pub fn run(arguments: &Arguments, listen: SocketAddr, prepare: bool) -> Result<Ended> {
    let database = arguments.database.as_deref().unwrap_or(DEMO_DATABASE);
    let reports = arguments.reports.as_deref().unwrap_or(Path::new(DEMO_REPORTS));
    let app = built(database, reports)?;
    if prepare {
        let json = json!({ "database": app.db.location(), "prepared": true });
        output::print(arguments, &json, format!("The world is in {}.", app.db.location()));
        return Ok(Ended::Well);
    }
    let options = Serve { listen, public_url: None, smtp: None, mail_from: None, no_jobs: false };
    serve::serve(&app, &options, true)?;
    Ok(Ended::Well)
}

/// The world as it is here, or a new one: where there is nothing yet, where the building of one was
/// interrupted, and in the place of one that an earlier program built.
fn built(database: &str, reports: &Path) -> Result<App> {
    // Of two that begin at once, the second finds the first one's world.
    let doing = || Error::io(format!("lock {}", reports.display()));
    std::fs::create_dir_all(reports).map_err(doing())?;
    let lock = File::create(reports.join(".building")).map_err(doing())?;
    lock.lock().map_err(doing())?;

    let db = Db::open(database)?;
    if world::is_to_be_replaced(&db)? {
        output::note("The demonstration's world here is not whole, or an earlier one.");
        db.drop_tables()?;
    }
    let app = serve::open(database, reports, serve::IfEmpty::SetUp)?;
    if !world::is_there(&app)? {
        refuse_anything_else(&app)?;
        output::note("Building the demonstration's world…");
        let began = std::time::Instant::now();
        world::build(&app)?;
        output::note(format!("Built in {:.1} s.", began.elapsed().as_secs_f32()));
    }
    Ok(app)
}

/// Somebody's real data is never demonstrated on.
fn refuse_anything_else(app: &App) -> Result<()> {
    let mut tx = app.db.read()?;
    match store::journal::last(&mut tx)? {
        None => Ok(()),
        Some(_) => Err(Refusal::invalid(
            "This database holds other data. Name an empty one with --database.",
        )
        .into()),
    }
}
