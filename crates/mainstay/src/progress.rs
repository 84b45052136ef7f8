//! How far long work has come: a bar on a terminal, nothing elsewhere.

use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that is over sooner than this shows no bar.
const SHOWN_AFTER: Duration = Duration::from_millis(300);
/// Drawings of a bar in a second.
const DRAWN_HZ: u8 = 10;

/// A bar that appears when work turns out to be long, and is gone when it is over.
pub struct Progress {
    what: &'static str,
    began: std::time::Instant,
    bar: OnceLock<ProgressBar>,
}

impl Progress {
    /// A bar for `what`, as in "adding rows".
    pub fn new(what: &'static str) -> Self {
        Self { what, began: std::time::Instant::now(), bar: OnceLock::new() }
    }

    /// `done` of `total` is done.
    pub fn report(&self, done: u64, total: u64) {
        if self.began.elapsed() < SHOWN_AFTER {
            return;
        }
        let bar = self.bar.get_or_init(|| self.bar(total));
        bar.set_length(total);
        bar.set_position(done);
    }

    fn bar(&self, total: u64) -> ProgressBar {
        // Standard error, so that what a command prints can be piped; nothing is drawn unless that is a terminal.
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(DRAWN_HZ));
        let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(self.what);
        bar
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
