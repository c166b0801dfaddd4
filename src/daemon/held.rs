//! Policies that wait: a set that loosens a guard against the one last in force by the journal comes into force only when
//! a person accepts it (CONTRACT 4). The comparison is with the journal, so neither a restart nor `once` is a way round it.

use super::engine::{Engine, EngineError};
use super::resolve::WishError;
use super::view::HeldView;
use crate::intent::Event;
use crate::journal::{Store, StoreError, policy_texts};
use crate::model::tame;
use crate::policy::{PolicySet, SourceFile, loosenings, parse};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// A set that waits for a person.
#[derive(Debug, Clone)]
pub struct Held {
    /// The set.
    pub set: Arc<PolicySet>,
    /// What it loosens, one sentence each; never empty.
    pub loosens: Vec<String>,
}

/// What becomes of a set that was read.
#[derive(Debug, Clone)]
pub enum Judged {
    /// It is in force, or may come into force.
    Passes,
    /// It waits, and the set last in force stays; `None` where that one is not known any more.
    Waits(Held, Option<Arc<PolicySet>>),
}

/// A person's acceptance as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptRequest {
    /// The hash of the set, or its first digits.
    pub hash: String,
    /// Who accepts it.
    pub by: String,
}

/// Fewer digits of a hash are no hash.
pub(super) const FEWEST_DIGITS: usize = 16;

/// Compares a set with the one last in force by the journal in `dir`, whose hash is `last`. Blocks; takes no lock.
///
/// # Errors
/// [`StoreError`] where the journal has to be read for the texts and cannot be.
pub fn judge(dir: &Path, last: Option<&str>, set: &Arc<PolicySet>) -> Result<Judged, StoreError> {
    judge_by(|hash| policy_texts(dir, hash), last, set)
}

/// [`judge`] with the texts from anywhere.
fn judge_by(
    texts: impl FnOnce(&str) -> Result<Option<Vec<SourceFile>>, StoreError>,
    last: Option<&str>,
    set: &Arc<PolicySet>,
) -> Result<Judged, StoreError> {
    let Some(last) = last.filter(|last| *last != set.hash) else { return Ok(Judged::Passes) };
    let unknown = |why: &str| {
        let text = format!("{why}, so nobody can say whether these loosen a guard");
        Ok(Judged::Waits(Held { set: set.clone(), loosens: vec![text] }, None))
    };
    let Some(files) = texts(last)? else {
        return unknown("the text of the policies last in force is not in the journal");
    };
    let Ok(before) = parse(&files) else {
        return unknown("the policies last in force cannot be read any more by this version");
    };
    let loosens: Vec<String> = loosenings(&before.set, set).into_iter().map(|it| it.text).collect();
    if loosens.is_empty() {
        return Ok(Judged::Passes);
    }
    Ok(Judged::Waits(Held { set: set.clone(), loosens }, Some(Arc::new(before.set))))
}

impl Held {
    /// What people are told of it.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.view().sentence()
    }

    /// As the status shows it.
    #[must_use]
    pub fn view(&self) -> HeldView {
        HeldView { hash: self.set.hash.clone(), loosens: self.loosens.clone() }
    }
}

impl Engine {
    /// Puts a set that was read in force, or holds it back where it loosens a guard and that has to be confirmed.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn adopt(&self, set: Arc<PolicySet>) -> Result<(), EngineError> {
        let _one_at_a_time = self.adopting.lock().await;
        let judged = if self.rules.confirm_loosening { self.judged(set.clone()).await? } else { Judged::Passes };
        match judged {
            Judged::Passes => {
                self.world().held = None;
                self.put_in_force(set).await
            }
            Judged::Waits(held, before) => {
                self.hold(held, before);
                Ok(())
            }
        }
    }

    async fn judged(&self, set: Arc<PolicySet>) -> Result<Judged, EngineError> {
        let last = self.store.with_state(|state| state.policy_hash.clone());
        let work = move |store: &Store| judge_by(|hash| store.policy_texts(hash), last.as_deref(), &set);
        Ok(self.store.aside(work).await?)
    }

    fn hold(&self, held: Held, before: Option<Arc<PolicySet>>) {
        self.note_problem(&held.view().for_the_log());
        // They were read well; that they wait is what `policies_held` says.
        self.metrics.reload(true, self.clock.now());
        if let Some(before) = &before {
            self.metrics.policies_in_force(before);
        }
        let mut world = self.world();
        world.policies = before;
        world.held = Some(held);
    }

    /// The set that waits.
    #[must_use]
    pub fn held(&self) -> Option<Held> {
        self.world().held.clone()
    }

    /// The hash of the content last read from disk, in force or not.
    pub(super) fn hash_on_disk(&self) -> Option<String> {
        let world = self.world();
        let held = world.held.as_ref().map(|held| &held.set);
        held.or(world.policies.as_ref()).map(|set| set.hash.clone())
    }

    /// Puts the set that waits in force; a sentence for the person.
    ///
    /// # Errors
    /// [`WishError`]; nothing changed then.
    pub async fn accept(&self, wish: &AcceptRequest) -> Result<String, WishError> {
        let by = tame(wish.by.trim(), 80);
        if by.is_empty() {
            return Err(WishError::Incomplete("--by is needed: your name".to_owned()));
        }
        let asked = wish.hash.trim().to_lowercase();
        if asked.len() < FEWEST_DIGITS || !asked.chars().all(|digit| digit.is_ascii_hexdigit()) {
            let text = format!("`{}` is no hash: at least its first {FEWEST_DIGITS} digits", tame(&wish.hash, 80));
            return Err(WishError::Incomplete(text));
        }
        let _one_at_a_time = self.adopting.lock().await;
        let Some(held) = self.held() else {
            return Err(WishError::Refused(match self.policies() {
                Some(set) => format!("no policies wait; in force is {}", set.hash),
                None => "no policies wait, and none are in force; see `treasuryd check`".to_owned(),
            }));
        };
        if !held.set.hash.starts_with(&asked) {
            let (hash, loosens) = (&held.set.hash, held.loosens.join("\n  "));
            return Err(WishError::Refused(format!("{asked} does not wait; {hash} does, because\n  {loosens}")));
        }
        let accepted =
            Event::PoliciesAccepted { hash: held.set.hash.clone(), by: by.clone(), loosens: held.loosens.clone() };
        self.record_accepted(accepted, &held.set).await?;
        tracing::info!(hash = held.set.hash, by, count = held.set.policies.len(), "policies accepted and in force");
        self.world().held = None;
        Ok(format!("policies {} are in force now, accepted by {by}", held.set.hash))
    }
}
