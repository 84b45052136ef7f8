//! Whether requests can be answered as they should: the database is there, and in the shape that is served.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mainstay_catalog::Source;
use mainstay_exec::Exec;
use mainstay_sql::SourceFiles;

/// How long the database may take to show that it is there.
const LIMIT: Duration = Duration::from_secs(2);

/// What is told to who decides where requests are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// All is well.
    Yes,
    /// The database does not answer.
    Unavailable,
    /// The database was brought into another shape by another program: the server has to be started anew.
    Outdated,
}

/// Knows what it has looked at already, because that is asked often and changes seldom.
#[derive(Debug, Default)]
pub struct Readiness {
    /// The schema's text in the database, and whether it is the one that is served.
    known: Mutex<Option<(String, bool)>>,
}

impl Readiness {
    /// Asks the database.
    pub async fn ask(&self, exec: &Exec) -> Ready {
        match tokio::time::timeout(LIMIT, exec.engine().applied_schema()).await {
            // An existing database has no shape of ours.
            Ok(Ok(_)) if exec.catalog().source != Source::Declared => Ready::Yes,
            Ok(Ok(Some(text))) => match self.is_served(exec, text) {
                true => Ready::Yes,
                false => Ready::Outdated,
            },
            // What was served has been dropped.
            Ok(Ok(None)) => Ready::Outdated,
            _ => Ready::Unavailable,
        }
    }

    fn is_served(&self, exec: &Exec, text: String) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.as_ref() {
            Some((known, verdict)) if *known == text => *verdict,
            _ => {
                let (applied, _) = mainstay_catalog::load(&SourceFiles::single("", text.as_str()));
                let verdict = applied.is_some_and(|applied| applied.version == exec.catalog().version);
                *known = Some((text, verdict));
                verdict
            }
        }
    }
}
