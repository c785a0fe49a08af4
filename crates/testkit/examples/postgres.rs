//! A PostgreSQL to try things on: prints the address of an empty database, and is gone at Ctrl-C.

use std::io::Read;

fn main() -> std::io::Result<()> {
    println!("{}", testkit::postgres::database());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
