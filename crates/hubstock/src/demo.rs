//! `hubstock demo`: a living, invented world to click through.

mod market;
mod people;
mod selection;
mod shipping;
mod stock;
mod world;

use std::net::SocketAddr;
use std::path::Path;

use app::{App, Result};
use domain::Refusal;
use serde_json::json;

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
    let app = serve::open(database, reports)?;
    let began = std::time::Instant::now();
    if !world::is_there(&app)? {
        refuse_anything_else(&app)?;
        output::note("Building the demonstration's world…");
        world::build(&app)?;
        output::note(format!("Built in {:.1} s.", began.elapsed().as_secs_f32()));
    }
    if prepare {
        let json = json!({ "database": app.db.location(), "prepared": true });
        output::print(arguments, &json, format!("The world is in {}.", app.db.location()));
        return Ok(Ended::Well);
    }
    let options = Serve { listen, public_url: None, smtp: None, mail_from: None, no_jobs: false };
    serve::serve(&app, &options, true)?;
    Ok(Ended::Well)
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
