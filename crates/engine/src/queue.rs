//! Who waits for answers on a shared connection. They come in the order of the questions, so a slow one holds up those behind it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the first in a queue may wait before the others are better off elsewhere.
pub const STUCK: Duration = Duration::from_millis(50);

/// The queue of one connection.
#[derive(Debug)]
pub struct Queue(Mutex<State>);

#[derive(Debug)]
struct State {
    next: u64,
    waiting: VecDeque<u64>,
    /// Since when the first has been the first.
    first_since: Instant,
}

/// A place in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(u64);

impl Default for Queue {
    fn default() -> Self {
        Self(Mutex::new(State { next: 0, waiting: VecDeque::new(), first_since: Instant::now() }))
    }
}

impl Queue {
    /// Takes the last place.
    pub fn join(&self) -> Ticket {
        let mut state = self.state();
        if state.waiting.is_empty() {
            state.first_since = Instant::now();
        }
        let ticket = state.next;
        state.next += 1;
        state.waiting.push_back(ticket);
        Ticket(ticket)
    }

    /// Gives a place up, served or not.
    pub fn leave(&self, ticket: Ticket) {
        let mut state = self.state();
        match state.waiting.binary_search(&ticket.0) {
            Ok(0) => {
                state.waiting.pop_front();
                state.first_since = Instant::now();
            }
            Ok(place) => _ = state.waiting.remove(place),
            Err(_) => {}
        }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    /// Whether the first has waited for long.
    pub fn is_stuck(&self) -> bool {
        let state = self.state();
        !state.waiting.is_empty() && state.first_since.elapsed() >= STUCK
    }

    /// Whether somebody before this place has waited for long.
    pub fn is_held_up(&self, ticket: Ticket) -> bool {
        let state = self.state();
        state.waiting.front().is_some_and(|first| *first != ticket.0) && state.first_since.elapsed() >= STUCK
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_move_up_whoever_leaves() {
        let queue = Queue::default();
        let [first, second, third] = [queue.join(), queue.join(), queue.join()];
        assert_eq!(queue.waiting(), 3);
        queue.leave(second);
        queue.leave(second);
        assert_eq!(queue.waiting(), 2);
        queue.leave(first);
        assert!(!queue.is_stuck());
        assert!(!queue.is_held_up(third));
        queue.leave(third);
        assert_eq!(queue.waiting(), 0);
        assert!(!queue.is_stuck());
    }

    #[test]
    fn those_behind_a_slow_one_are_held_up() {
        let queue = Queue::default();
        let (slow, next) = (queue.join(), queue.join());
        queue.state().first_since = Instant::now().checked_sub(STUCK).expect("the clock has run for longer");
        assert!(queue.is_stuck());
        assert!(queue.is_held_up(next) && !queue.is_held_up(slow));
        queue.leave(slow);
        assert!(!queue.is_stuck());
    }
}
