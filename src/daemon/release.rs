//! What a person does about a frozen wallet: they looked into it, and say so.

use super::conserve::may_release;
use super::engine::Engine;
use super::resolve::WishError;
use crate::intent::{Event, State};
use crate::model::{WalletId, tame};
use crate::money::Country;
use crate::planted::{self, Mistake};
use serde::{Deserialize, Serialize};

/// A person's word on a frozen wallet, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRequest {
    /// Which wallet, by its country.
    pub wallet: Country,
    /// Who looked into it.
    pub by: String,
    /// What they found.
    pub note: String,
}

impl Engine {
    /// Records that a person releases a frozen wallet; a sentence for the person.
    ///
    /// # Errors
    /// [`WishError`]; nothing was written then.
    pub async fn release(&self, wish: &ReleaseRequest) -> Result<String, WishError> {
        let (by, note) = (tame(wish.by.trim(), 80), tame(wish.note.trim(), 400));
        if by.is_empty() {
            return Err(WishError::Incomplete("--by is needed: your name".to_owned()));
        }
        if note.is_empty() {
            return Err(WishError::Incomplete("--note is needed: what you found".to_owned()));
        }
        let country = wish.wallet;
        let rules = &self.rules.conservation;
        if !rules.may_release(&by) && !planted::is(Mistake::AnybodyReleases) {
            return Err(WishError::Refused(format!(
                "{by} may not release a wallet: conservation.release_by names {}; nothing was changed",
                may_release(&rules.release_by)
            )));
        }
        // No reading is compared meanwhile.
        let _alone = self.comparing.lock().await;
        let rose = |state: &State| {
            let frozen = state.standing.frozen.iter().filter(|(wallet, _)| wallet.country == country);
            frozen.filter(|(_, frozen)| frozen.most.is_some()).map(|(wallet, _)| *wallet).next()
        };
        let rose = self.store.with_state(rose);
        let events = |state: &State| {
            let frozen = state.standing.frozen.keys().filter(|wallet| wallet.country == country);
            let released = |wallet: &WalletId| Event::Released { wallet: *wallet, by: by.clone(), note: note.clone() };
            Ok::<_, WishError>(frozen.map(released).collect())
        };
        if !self.append_from(events).await? {
            let text = format!("{country} is not frozen; `treasuryd status` shows the wallets that are");
            return Err(WishError::Refused(text));
        }
        if let Some(wallet) = rose {
            self.believe(wallet);
        }
        Ok(format!("{country} is released by {by}: moves may leave it again with the next slot"))
    }

    /// What a wallet rose to is what its next reading is compared with.
    fn believe(&self, wallet: WalletId) {
        let recorded = self.store.with_state(|state| state.last_observed.zip(state.recorded(wallet)));
        let mut world = self.world();
        let read = world.snapshot.as_ref().and_then(|read| Some((read.taken_at, read.available(wallet)?)));
        if let Some((taken_at, available)) = read.or(recorded) {
            world.conservation.begin_with(wallet, taken_at, available);
        }
    }
}
