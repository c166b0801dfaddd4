//! What people do beside pausing: they ask for moves by hand, approve and refuse, and look up at KPay what nobody knows.

use super::frozen::RELEASER;
use super::tally::Fault;
use super::world::{What, Work, World, forgive};
use rust_decimal::Decimal;
use treasuryd::daemon::{AcceptRequest, ApprovalRequest, FindingRequest, MoveRequest, ReleaseRequest};
use treasuryd::model::{Lane, WalletId};
use treasuryd::money::{Amount, Country, Rate};

/// Two of them are one person.
const NAMES: [&str; 4] = ["ann", "Ann ", "bob", "chi"];
const KEYS: [&str; 3] = ["rent", "loan", "gift"];
/// In thousands.
const AMOUNTS: [i64; 4] = [1, 40, 150, 260];
const LANES: [(Country, Country); 4] = [
    (Country::GAB, Country::CMR),
    (Country::COG, Country::CMR),
    (Country::CMR, Country::COG),
    (Country::SEN, Country::CMR),
];

impl World {
    /// A person asks for a move, with a key that was perhaps used before.
    pub(super) fn ask(&mut self, machine: usize) {
        let Some(engine) = self.running(machine, What::Ask) else { return };
        let wish = {
            let mut stage = self.stage();
            stage.fault(machine, Fault::Asked);
            let (from, to) = stage.chance.pick(&LANES);
            let amount = 1_000 * stage.chance.pick(&AMOUNTS);
            let (from, to) = (WalletId::of(from).unwrap(), WalletId::of(to).unwrap());
            MoveRequest {
                lane: Lane { from, to: to.into() },
                way_back: None,
                amount: Amount::whole(amount),
                key: stage.chance.pick(&KEYS).to_owned(),
                by: Some("ann".to_owned()),
                dry_run: false,
            }
        };
        let work: Work = Box::pin(async move { forgive(engine.request(&wish).await) });
        self.machines[machine].tasks.push((What::Ask, work));
    }

    /// A person says yes or no to something that waits, or waits no more.
    pub(super) fn say(&mut self, machine: usize) {
        let Some(engine) = self.running(machine, What::Say) else { return };
        let wish = {
            let mut stage = self.stage();
            let disk = stage.posts[machine].disk;
            let waits = stage.disks[disk].model.intents.iter().filter(|(_, story)| story.approvers > 0);
            let ids: Vec<String> = waits.map(|(id, _)| id.clone()).collect();
            if ids.is_empty() {
                return;
            }
            stage.fault(machine, Fault::Said);
            ApprovalRequest {
                external_id: stage.chance.pick(&ids.iter().collect::<Vec<_>>()).clone(),
                approve: stage.chance.hits(850),
                by: stage.chance.pick(&NAMES).to_owned(),
                note: String::new(),
            }
        };
        let work: Work = Box::pin(async move { forgive(engine.approve(&wish).await) });
        self.machines[machine].tasks.push((What::Say, work));
    }

    /// A person accepts policies that wait.
    pub(super) fn accept(&mut self, machine: usize) {
        let Some(engine) = self.running(machine, What::Accept) else { return };
        let Some(held) = engine.held() else { return };
        self.stage().fault(machine, Fault::Accepted);
        let wish = AcceptRequest { hash: held.set.hash.clone(), by: "bob".to_owned() };
        let work: Work = Box::pin(async move { forgive(engine.accept(&wish).await) });
        self.machines[machine].tasks.push((What::Accept, work));
    }

    /// A person releases a wallet, who may or may not, whether it is frozen or not.
    pub(super) fn release(&mut self, machine: usize) {
        let Some(engine) = self.running(machine, What::Release) else { return };
        let wish = {
            let mut stage = self.stage();
            let frozen: Vec<String> = stage.disks[stage.posts[machine].disk].model.frozen.keys().cloned().collect();
            if frozen.is_empty() {
                return;
            }
            stage.fault(machine, Fault::Released);
            let wallet = stage.chance.pick(&frozen.iter().collect::<Vec<_>>()).clone();
            let by = stage.chance.pick(&[RELEASER, RELEASER, RELEASER, "bob"]);
            let country = wallet.parse().unwrap();
            stage.posts[machine].releasing = (by == RELEASER).then_some(wallet);
            ReleaseRequest { wallet: country, by: by.to_owned(), note: "a refund".to_owned() }
        };
        let work: Work = Box::pin(async move { forgive(engine.release(&wish).await) });
        self.machines[machine].tasks.push((What::Release, work));
    }

    /// A person looks up at KPay what became of an intent and tells the daemon, in one go: nothing of it is in the air.
    pub(super) fn find_out(&mut self, machine: usize) {
        // While a worker has something in hand, the wish would wait, and what was seen grow old.
        let is_busy = self.machines[machine].tasks.iter().any(|(what, _)| *what == What::WorkOff);
        let Some(engine) = self.running(machine, What::Find).filter(|_| !is_busy) else { return };
        let wish = {
            let mut stage = self.stage();
            let disk = stage.posts[machine].disk;
            let stories = stage.disks[disk].model.intents.iter();
            let doubtful = stories.filter(|(_, story)| matches!(story.word.as_str(), "unknown" | "needs_operator"));
            let is_in_the_air = |id: &str| stage.flights.iter().any(|flight| flight.intent.external_id.as_str() == id);
            let ids: Vec<String> = doubtful.map(|(id, _)| id.clone()).filter(|id| !is_in_the_air(id)).collect();
            let Some(id) = ids.first() else { return };
            let taken = stage.books.ids.get(id).cloned();
            if taken.as_ref().is_some_and(|taken| matches!(taken.status, "PENDING" | "PROCESSING")) {
                return;
            }
            stage.fault(machine, Fault::Found);
            let moved = taken.filter(|taken| !taken.is_returned());
            let crosses = moved.as_ref().filter(|taken| taken.rate != Decimal::ONE);
            FindingRequest {
                external_id: id.clone(),
                applied: moved.is_some(),
                amount: moved.as_ref().map(|taken| Amount::whole(taken.amount)),
                rate: crosses.map(|taken| Rate::new(taken.rate).unwrap()),
                credited: crosses.and_then(|taken| Some(Amount::whole(taken.credited()?.1))),
                fee: None,
                reference: None,
                by: "chi".to_owned(),
                note: "as KPay shows it".to_owned(),
            }
        };
        let work: Work = Box::pin(async move { forgive(engine.resolve(&wish).await) });
        let tasks = &mut self.machines[machine].tasks;
        tasks.push((What::Find, work));
        let last = tasks.len() - 1;
        self.poll(machine, last);
    }
}
