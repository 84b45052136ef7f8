//! How far long work has come: a bar on a terminal; elsewhere nothing, or a line now and then.

use std::io::IsTerminal;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that is over sooner than this shows no bar.
const SHOWN_AFTER: Duration = Duration::from_millis(300);
/// The time between two lines.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Drawings of a bar in a second.
const DRAWN_HZ: u8 = 10;

/// A bar that appears when work turns out to be long, and is gone when it is over.
pub struct Progress {
    what: String,
    began: Instant,
    bar: OnceLock<ProgressBar>,
    /// When the last line was written, for work that is told of in lines where there is no terminal.
    line: Option<Mutex<Instant>>,
}

impl Progress {
    /// A bar for `what`, as in "adding rows".
    pub fn new(what: &str) -> Self {
        Self { what: what.to_owned(), began: Instant::now(), bar: OnceLock::new(), line: None }
    }

    /// The same; where no bar can be drawn, a line is written every ten seconds.
    pub fn with_lines(what: &str) -> Self {
        let is_drawn = std::io::stderr().is_terminal();
        let mut progress = Self::new(what);
        progress.line = (!is_drawn).then(|| Mutex::new(Instant::now()));
        progress
    }

    /// `done` of `total` is done.
    pub fn report(&self, done: u64, total: u64) {
        if self.began.elapsed() < SHOWN_AFTER {
            return;
        }
        if let Some(last) = &self.line {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.elapsed() >= LINE_EVERY {
                eprintln!("  {}: {done} of {total}", self.what);
                *last = Instant::now();
            }
            return;
        }
        let bar = self.bar.get_or_init(|| self.bar(total));
        bar.set_length(total);
        bar.set_position(done);
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }

    fn bar(&self, total: u64) -> ProgressBar {
        // Standard error, so that what a command prints can be piped; nothing is drawn unless that is a terminal.
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(DRAWN_HZ));
        let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(self.what.clone());
        bar
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
