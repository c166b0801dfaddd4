//! Reloading policies: on SIGHUP and when their content changes, after two equal readings, all or nothing.

use super::engine::{Engine, EngineError};
use super::policies::{Loaded, fingerprint, load};
use crate::intent::Event;
use std::path::{Path, PathBuf};

/// Watches the content of the policy files. The content decides, not the file's times or its inode.
pub struct Watcher {
    path: PathBuf,
    /// The fingerprint last acted on.
    acted_on: Option<String>,
    /// The fingerprint of the look before.
    seen: Look,
}

/// What a look saw.
#[derive(PartialEq, Eq)]
enum Look {
    /// There was none yet since the last reload.
    None,
    /// This content; `None` where the files could not be read.
    Saw(Option<String>),
}

impl Watcher {
    /// Watches `path`, of which the content with the hash `in_force` is in force. The present content may already be
    /// another one: it changed since it was read.
    #[must_use]
    pub fn new(path: &Path, in_force: Option<String>) -> Self {
        Self { path: path.to_owned(), acted_on: in_force, seen: Look::None }
    }

    /// Looks once; true where the content changed and stood still since the look before.
    pub fn has_settled_change(&mut self) -> bool {
        let now = fingerprint(&self.path);
        if now == self.acted_on {
            self.seen = Look::None;
            return false;
        }
        let settled = self.seen == Look::Saw(now.clone());
        self.seen = Look::Saw(now);
        settled
    }

    /// Looks once; true where the content is the same as at the look before.
    pub fn stands_still(&mut self) -> bool {
        let now = fingerprint(&self.path);
        let still = self.seen == Look::Saw(now.clone());
        self.seen = Look::Saw(now);
        still
    }

    /// Reloads now. A bad file leaves the old policies in force; no file at all leaves none.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn reload(&mut self, engine: &Engine) -> Result<(), EngineError> {
        self.acted_on = fingerprint(&self.path);
        self.seen = Look::None;
        let at = engine.clock.now();
        match load(&self.path) {
            Loaded::Good { set, warnings } => {
                for warning in warnings {
                    tracing::warn!(%warning, "policies");
                }
                tracing::info!(hash = set.hash, count = set.policies.len(), "policies in force");
                engine.put_in_force(set).await?;
            }
            Loaded::Bad(diagnostics) => {
                engine.metrics.reload(false, at);
                engine.note_problem(&format!(
                    "the changed policies were refused and the ones before stay in force: {}",
                    first_of(&diagnostics)
                ));
            }
            Loaded::Gone(diagnostics) => {
                engine.metrics.reload(false, at);
                engine.set_policies(None);
                engine.note_problem(&format!(
                    "there are no policies any more, and no new slot is decided until there are: {}",
                    first_of(&diagnostics)
                ));
            }
        }
        Ok(())
    }
}

fn first_of(diagnostics: &[crate::policy::Diagnostic]) -> String {
    let first = diagnostics.first().map(ToString::to_string).unwrap_or_default();
    match diagnostics.len() {
        0 | 1 => first,
        more => format!("{first} (and {} more; see `treasuryd check`)", more - 1),
    }
}

impl Engine {
    /// Puts policies in force and records it where they differ from those in force by the journal.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn put_in_force(&self, set: std::sync::Arc<crate::policy::PolicySet>) -> Result<(), EngineError> {
        let (hash, count) = (set.hash.clone(), set.policies.len());
        self.metrics.policies_in_force(&set);
        self.metrics.reload(true, self.clock.now());
        self.set_policies(Some(set));
        let is_news = self
            .store
            .with_state(|state| state.identity.is_some() && state.policy_hash.as_deref() != Some(hash.as_str()));
        if is_news {
            self.append(vec![Event::PoliciesInForce { hash, count }]).await?;
        }
        Ok(())
    }
}
