//! How many do something at one time.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// Lets so many through at one time, in the order in which they came. Who waits does not wait for
/// ever.
pub struct Gate(Mutex<State>);

struct State {
    free: usize,
    queue: VecDeque<Waiter>,
}

struct Waiter {
    thread: Thread,
    /// Set by whoever leaves a place to this one.
    has_place: Arc<AtomicBool>,
}

impl Gate {
    pub fn new(places: usize) -> Gate {
        Gate(Mutex::new(State { free: places, queue: VecDeque::new() }))
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
        let has_place = Arc::new(AtomicBool::new(false));
        {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return true;
            }
            let thread = std::thread::current();
            state.queue.push_back(Waiter { thread, has_place: has_place.clone() });
        }
        let until = Instant::now() + longest;
        while !has_place.load(Ordering::Acquire) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.state().queue.retain(|waiter| !Arc::ptr_eq(&waiter.has_place, &has_place));
                // It may have been given one at the last instant.
                return has_place.load(Ordering::Acquire);
            }
            std::thread::park_timeout(left);
        }
        true
    }

    pub fn leave(&self) {
        let mut state = self.state();
        match state.queue.pop_front() {
            Some(next) => {
                next.has_place.store(true, Ordering::Release);
                next.thread.unpark();
            }
            None => state.free += 1,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics with the queue held")
    }
}

/// How long a reader waits for a place before it reads without one.
const READER_WAIT: Duration = Duration::from_millis(20);

/// The places of readers. More readers at one time than these only get in each other's way: they
/// wait for one another's locks and processors.
pub struct Places {
    gate: Gate,
    number: usize,
}

/// A reader's place, or a writer's, who needs none; it is left when this is dropped.
pub struct Place {
    of: Option<Arc<Places>>,
    /// Whether this thread is marked by it as one that is at it.
    marks_thread: bool,
}

thread_local! {
    /// Whether a reader of this thread has a place, or it writes: what reads beside needs none.
    static IS_AT_IT: Cell<bool> = const { Cell::new(false) };
}

impl Places {
    pub fn new(for_each_processor: usize) -> Arc<Places> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let number = processors.max(2) * for_each_processor;
        Arc::new(Places { gate: Gate::new(number), number })
    }

    /// How many there are.
    pub fn number(&self) -> usize {
        self.number
    }

    /// A place for a reader of this thread, unless it has one or has waited long enough.
    pub fn take(self: &Arc<Places>) -> Place {
        let has_place = !IS_AT_IT.get() && self.gate.enters(READER_WAIT);
        IS_AT_IT.set(IS_AT_IT.get() || has_place);
        Place { of: has_place.then(|| self.clone()), marks_thread: has_place }
    }
}

impl Place {
    /// For a writer of this thread.
    pub fn of_writer() -> Place {
        Place { of: None, marks_thread: !IS_AT_IT.replace(true) }
    }

    /// Lets another reader have it.
    pub fn leave(&mut self) {
        if let Some(places) = self.of.take() {
            places.gate.leave();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
        if self.marks_thread {
            IS_AT_IT.set(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn who_came_first_goes_first_and_who_waits_too_long_goes_without() {
        let gate = Gate::new(1);
        assert!(gate.enters(LONG));
        assert!(!gate.enters(Duration::from_millis(5)));
        let (told, order) = mpsc::channel();
        std::thread::scope(|scope| {
            for n in 0..5 {
                let (gate, told) = (&gate, told.clone());
                scope.spawn(move || {
                    assert!(gate.enters(LONG));
                    let _ = told.send(n);
                    gate.leave();
                });
                while gate.state().queue.len() <= n {
                    std::thread::yield_now();
                }
            }
            gate.leave();
        });
        assert_eq!(order.try_iter().collect::<Vec<usize>>(), [0, 1, 2, 3, 4]);
        assert_eq!(gate.state().free, 1);
        assert!(gate.state().queue.is_empty());
    }

    #[test]
    fn what_reads_beside_a_reader_or_a_writer_takes_no_place() {
        let places = Places::new(1);
        let free = || places.gate.state().free;
        let all = free();
        let mut first = places.take();
        let beside = places.take();
        assert_eq!(free(), all - 1);
        drop(beside);
        first.leave();
        assert_eq!(free(), all);
        drop(first);
        let writer = Place::of_writer();
        let beside = places.take();
        assert_eq!(free(), all);
        drop((beside, writer));
        let again = places.take();
        assert_eq!(free(), all - 1);
        drop(again);
    }
}
