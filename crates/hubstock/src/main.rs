//! Hubstock: the system of record for Communications Hub stock and its transfer between Parties.
//!
//! One binary: the server, the demonstration and the command line. Exit codes: 0 all well, 1 done
//! but some lines were rejected, 2 refused or misused, 3 broken.

mod arguments;
mod commands;
mod demo;
mod output;
mod serve;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use output::Ended;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    serve::start_logging(&arguments);
    if arguments.command.serves() {
        serve::begin_anew_with_tight_memory();
    }
    let ended = commands::run(&arguments);
    match ended {
        Ok(Ended::Well) => ExitCode::from(0),
        Ok(Ended::SomeRejected) => ExitCode::from(1),
        Ok(Ended::Refused) => ExitCode::from(2),
        Ok(Ended::Broken) => ExitCode::from(3),
        Err(error) => {
            output::error(&arguments, &error);
            match error.refusal() {
                Some(_) => ExitCode::from(2),
                None if output::is_misuse(&error) => ExitCode::from(2),
                None => ExitCode::from(3),
            }
        }
    }
}
