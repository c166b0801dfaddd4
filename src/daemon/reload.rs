//! Reloading policies: on SIGHUP and when their content changes, after two equal readings, all or nothing.

use super::engine::{Engine, EngineError};
use super::policies::{Content, Loaded};
use crate::intent::Event;
use std::path::{Path, PathBuf};

/// Watches the content of the policy files. The content decides, not the file's times or its inode.
pub struct Watcher {
    path: PathBuf,
    /// The hash of the content last acted on; `None` where it could not be read.
    acted_on: Option<String>,
    /// The content at the look before.
    seen: Option<Content>,
}

impl Watcher {
    /// Watches `path`, of which the content with the hash `in_force` is in force. The present content may already be
    /// another one: it changed since it was read.
    #[must_use]
    pub fn new(path: &Path, in_force: Option<String>) -> Self {
        Self { path: path.to_owned(), acted_on: in_force, seen: None }
    }

    /// Looks once; the content where it is the same as at the look before.
    pub fn look(&mut self) -> Option<Content> {
        let now = Content::read(&self.path);
        let still = self.seen.as_ref() == Some(&now);
        self.seen = Some(now.clone());
        still.then_some(now)
    }

    /// Looks once; the content where it changed since it was last acted on, and stood still since the look before.
    pub fn settled_change(&mut self) -> Option<Content> {
        let content = self.look()?;
        (content.hash() != self.acted_on).then_some(content)
    }

    /// Puts a content in force. A bad one leaves the old policies in force; none at all leaves none.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn reload(&mut self, engine: &Engine, content: Content) -> Result<(), EngineError> {
        self.acted_on = content.hash();
        let at = engine.clock.now();
        match content.check() {
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
