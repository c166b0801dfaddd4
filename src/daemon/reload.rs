//! Reloading policies: on SIGHUP and when their content changes, after two equal readings, all or nothing.

use super::engine::{Engine, EngineError};
use super::policies::{Content, Loaded};
use crate::intent::{Event, PolicyText};
use crate::journal::MOST_TEXT_BYTES;
use crate::policy::{PolicySet, SourceFile};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
                engine.adopt(set).await?;
            }
            Loaded::Bad(diagnostics) => {
                engine.metrics.reload(false, at);
                // What waited is not on disk any more, and cannot be accepted.
                engine.world().held = None;
                engine.note_problem(&format!(
                    "the changed policies were refused and the ones before stay in force: {}",
                    first_of(&diagnostics)
                ));
            }
            Loaded::Gone(diagnostics) => {
                engine.metrics.reload(false, at);
                engine.drop_policies();
                engine.note_problem(&format!(
                    "there are no policies any more, and no new slot is decided until there are: {}",
                    first_of(&diagnostics)
                ));
            }
        }
        Ok(())
    }
}

/// Names go without their folders: the same policies are the same wherever they lie.
fn policy_text(file: &SourceFile) -> PolicyText {
    let name = file.path.rsplit('/').next().unwrap_or_default().to_owned();
    PolicyText { name, text: file.text.clone() }
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
    pub(super) async fn put_in_force(&self, set: Arc<PolicySet>) -> Result<(), EngineError> {
        tracing::info!(hash = set.hash, count = set.policies.len(), "policies in force");
        self.metrics.policies_in_force(&set);
        self.metrics.reload(true, self.clock.now());
        self.world().policies = Some(set.clone());
        self.record_in_force(&set).await
    }

    /// Records policies that are in force and not so by the journal, with their texts. Records of older versions have no
    /// texts: then they are recorded once more.
    async fn record_in_force(&self, set: &PolicySet) -> Result<(), EngineError> {
        let (is_open, is_same) = self
            .store
            .with_state(|state| (state.identity.is_some(), state.policy_hash.as_deref() == Some(set.hash.as_str())));
        if !is_open || (is_same && self.has_texts_of(set).await?) {
            return Ok(());
        }
        self.record_texts(Vec::new(), set).await
    }

    /// Records an acceptance and puts the accepted set in force.
    pub(super) async fn record_accepted(&self, accepted: Event, set: &Arc<PolicySet>) -> Result<(), EngineError> {
        self.record_texts(vec![accepted], set).await?;
        self.metrics.policies_in_force(set);
        self.world().policies = Some(set.clone());
        Ok(())
    }

    async fn record_texts(&self, mut events: Vec<Event>, set: &PolicySet) -> Result<(), EngineError> {
        let files: Vec<PolicyText> = set.files.iter().map(policy_text).collect();
        let copy = files.clone();
        if let Err(error) = self.store.aside(move |store| store.keep_policy_texts(&copy)).await {
            // The record has them too; only finding them again takes longer.
            tracing::warn!(%error, "no copy of the policies in force");
        }
        let fits = files.iter().map(|file| file.text.len()).sum::<usize>() <= MOST_TEXT_BYTES;
        if !fits {
            self.note_problem("the policies are too long for the journal, which keeps their hash alone");
        }
        let files = if fits { files } else { Vec::new() };
        events.push(Event::PoliciesInForce { hash: set.hash.clone(), count: set.policies.len(), files });
        self.append(events).await?;
        self.world().texts_recorded = Some(set.hash.clone());
        Ok(())
    }

    async fn has_texts_of(&self, set: &PolicySet) -> Result<bool, EngineError> {
        if self.world().texts_recorded.as_deref() == Some(set.hash.as_str()) {
            return Ok(true);
        }
        let hash = set.hash.clone();
        let found = self.store.aside(move |store| store.policy_texts(&hash)).await?.is_some();
        self.world().texts_recorded = found.then(|| set.hash.clone());
        Ok(found)
    }
}
