//! How many do something at one time.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use crate::error::{Error, Result};

/// Lets so many through at one time. Who comes too late waits, but not for ever.
pub struct Gate {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Gate {
    pub fn new(places: usize) -> Gate {
        Gate { free: Mutex::new(places), freed: Condvar::new() }
    }

    /// Takes a place, which [`Gate::leave`] gives back.
    pub fn enter(&self, longest: Duration, what: &str) -> Result<()> {
        if self.enters(longest) {
            return Ok(());
        }
        Err(Error::Unavailable {
            doing: what.into(),
            message: format!("none became free in {} seconds", longest.as_secs()),
        })
    }

    /// Takes a place if one becomes free in time, and says whether it did.
    pub fn enters(&self, longest: Duration) -> bool {
        let free = self.free.lock().expect("nobody panics with the count held");
        let (mut free, late) = self
            .freed
            .wait_timeout_while(free, longest, |free| *free == 0)
            .expect("nobody panics with the count held");
        if !late.timed_out() {
            *free -= 1;
        }
        !late.timed_out()
    }

    pub fn leave(&self) {
        *self.free.lock().expect("nobody panics with the count held") += 1;
        self.freed.notify_one();
    }
}
