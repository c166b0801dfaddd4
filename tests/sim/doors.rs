//! The daemon's doors, virtual: a clock, a bank and a disk that do what the world's chance says.

use super::books::{OF_OTHERS, Taken};
use super::stage::{Call, Fate, Flight, Stage};
use super::tally::{DISK, Fault};
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use treasuryd::daemon::doors::{Bank, BankError, Clock, Leave, MaySend};
use treasuryd::intent::{Reply, Withdrawal};
use treasuryd::journal::{Platter, StoreError};
use treasuryd::kpay::judge_status;
use treasuryd::model::{
    Availability, Environment, Identity, Intent, Kind, OperatorStatus, Reading, Snapshot, Timestamp, WalletId,
};
use treasuryd::money::{Amount, Country, Currency, Rate};

/// One machine's way to the stage.
#[derive(Clone)]
pub struct Door {
    pub stage: Arc<Mutex<Stage>>,
    pub machine: usize,
}

impl Door {
    pub fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request of this machine's leaves.
    fn asks(&self) {
        self.stage().alone(self.machine, "asks KPay");
    }

    /// A request of this machine's leaves, and others may go first.
    async fn pause(&self) {
        self.asks();
        let mut waits = self.stage().chance.hits(250);
        std::future::poll_fn(|_| if std::mem::take(&mut waits) { Poll::Pending } else { Poll::Ready(()) }).await;
    }

    fn hits(&self, fault: Fault) -> bool {
        let mut stage = self.stage();
        let permille = stage.faults_at.read;
        let hits = stage.is_aimed_at(self.machine, fault) || (stage.aim.is_none() && stage.chance.hits(permille));
        if hits {
            stage.fault(self.machine, fault);
        }
        hits
    }
}

impl Clock for Door {
    fn now(&self) -> Timestamp {
        let mut stage = self.stage();
        stage.now += TimeDelta::milliseconds(1);
        stage.now + stage.posts[self.machine].ahead
    }
}

fn identity() -> Identity {
    let application_id = "b8aefadd-88b4-561a-8a90-2f9814207bfb".parse().unwrap();
    Identity { environment: Environment::Sandbox, application_id }
}

impl Bank for Door {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, BankError>> {
        Box::pin(async {
            self.pause().await;
            if self.hits(Fault::Refusing) {
                return Err(BankError::Refused("no such key".to_owned()));
            }
            Ok(identity())
        })
    }

    fn wallets<'a>(
        &'a self,
        taken_at: Timestamp,
        _: &'a BTreeSet<Country>,
    ) -> BoxFuture<'a, Result<Snapshot, BankError>> {
        Box::pin(async move {
            if self.hits(Fault::Unreadable) {
                return Err(BankError::Unavailable("503".to_owned()));
            }
            let missing = self.hits(Fault::WalletMissing);
            let is_stale = self.hits(Fault::StaleBalance);
            let (at, readings) = {
                let mut stage = self.stage();
                let mut wallets = match stage.posts[self.machine].reads.last() {
                    Some((_, before)) if is_stale => before.clone(),
                    _ => stage.books.wallets.clone(),
                };
                if missing {
                    let gone = stage.chance.below(wallets.len().max(1));
                    let gone = wallets.keys().nth(gone).copied();
                    wallets.retain(|wallet, _| Some(*wallet) != gone);
                }
                (stage.now, wallets)
            };
            self.pause().await;
            {
                let mut stage = self.stage();
                stage.posts[self.machine].reads.push((at, readings.clone()));
                stage.on_reading(self.machine, at, &readings);
            }
            let reading =
                |(wallet, units): (WalletId, i64)| (wallet, Reading { available: Amount::whole(units), balance: None });
            Ok(Snapshot { taken_at, readings: readings.into_iter().map(reading).collect(), problems: Vec::new() })
        })
    }

    fn rate(&self, from: Currency, to: Currency) -> BoxFuture<'_, Result<Rate, BankError>> {
        Box::pin(async move {
            self.asks();
            if self.hits(Fault::RateMissing) {
                return Err(BankError::Unavailable(format!("no rate {from}/{to}")));
            }
            Ok(Rate::new(Decimal::new(998, 3)).unwrap())
        })
    }

    fn leave_to_send(&self, _: Kind) -> BoxFuture<'_, Result<Leave, BankError>> {
        Box::pin(async {
            self.pause().await;
            if self.hits(Fault::Refusing) {
                return Err(BankError::Refused("revoked".to_owned()));
            }
            if self.hits(Fault::Spent) {
                let mut stage = self.stage();
                stage.now += TimeDelta::seconds(40);
                spend(&mut stage);
            }
            Ok(Leave(Box::new(())))
        })
    }

    fn withdrawal<'a>(&'a self, intent: &'a Intent, kpay_id: &'a str) -> BoxFuture<'a, Result<Withdrawal, BankError>> {
        Box::pin(async move {
            self.pause().await;
            if self.hits(Fault::Unreadable) {
                return Err(BankError::Unavailable("502".to_owned()));
            }
            let body = {
                let stage = self.stage();
                let of_others = (kpay_id == OF_OTHERS).then(|| Taken::of_others(intent).body());
                let mut known = stage.books.ids.values().filter(|known| !known.is_forgotten);
                known.find(|known| known.kpay_id == kpay_id).map(Taken::body).or(of_others)
            };
            self.stage().tell(self.machine, format_args!("asks how {kpay_id} stands for {}", intent.external_id));
            let body = body.ok_or_else(|| BankError::Astray("404".to_owned()))?;
            judge_status(intent, Environment::Sandbox, &body).map_err(BankError::Unavailable)
        })
    }

    fn availability(&self) -> BoxFuture<'_, Result<Availability, BankError>> {
        Box::pin(async {
            self.asks();
            let closed = self.hits(Fault::OperatorClosed);
            let status = if closed { OperatorStatus::Closed } else { OperatorStatus::Operational };
            let payouts = [("MTN_MOMO_CMR".parse().unwrap(), status)].into_iter().collect();
            Ok(Availability { payouts, unread: None })
        })
    }

    fn transfer<'a>(&'a self, _: Leave, intent: &'a Intent, may_send: &'a MaySend<'a>) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            self.pause().await;
            // As the client does: asked right before the first byte.
            if !may_send() {
                return Reply::NotSent { detail: "stopped".to_owned() };
            }
            let call = {
                let mut stage = self.stage();
                match self.send(&mut stage, intent) {
                    Ok(call) => call,
                    Err(reply) => return *reply,
                }
            };
            let reply = std::future::poll_fn(|_| match self.stage().calls[call].reply.take() {
                Some(reply) => Poll::Ready(reply),
                None => Poll::Pending,
            })
            .await;
            let mut stage = self.stage();
            let now = stage.now;
            stage.posts[self.machine].touched.insert(intent.lane.from, now);
            reply
        })
    }

    fn clock_ahead_seconds(&self) -> Option<i64> {
        Some(self.stage().posts[self.machine].ahead.num_seconds())
    }
}

const AT_SEND: [Fault; 14] = [
    Fault::Spent,
    Fault::NotSent,
    Fault::NotAuthorized,
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::LostAfter,
    Fault::Late,
    Fault::Twice,
    Fault::ServerError,
    Fault::TooMany,
    Fault::Redirect,
    Fault::CutBody,
    Fault::OtherBody,
    Fault::GatewayConflict,
];

impl Door {
    /// The bytes leave, or certainly do not.
    fn send(&self, stage: &mut Stage, intent: &Intent) -> Result<usize, Box<Reply>> {
        let permille = stage.faults_at.send;
        let fault = if stage.aim.is_some() {
            stage.on_the_way(self.machine, intent.external_id.as_str())
        } else {
            stage.chance.hits(permille).then(|| stage.chance.pick(&AT_SEND))
        };
        if let Some(fault) = fault {
            stage.fault(self.machine, fault);
        }
        match fault {
            Some(Fault::NotSent) => return Err(Box::new(Reply::NotSent { detail: "connection refused".to_owned() })),
            Some(Fault::NotAuthorized) => return Err(Box::new(Reply::NotAuthorized { detail: "401".to_owned() })),
            // Somebody empties the wallet after the last look at it.
            Some(Fault::Spent) => stage.books.take_away(intent.lane.from, i64::MAX),
            _ => {}
        }
        stage.on_send(self.machine, intent);
        let call = stage.calls.len();
        let process = stage.posts[self.machine].process;
        let id = intent.external_id.as_str().to_owned();
        stage.calls.push(Call { id, process, reply: None, is_over: false });
        let lost = || Reply::Lost { detail: "no answer".to_owned() };
        let mut not_before = stage.now;
        match fault {
            Some(Fault::LostBefore) => {
                stage.answer(call, lost());
                return Ok(call);
            }
            Some(Fault::Late) => {
                not_before += TimeDelta::seconds(60 + 60 * i64::try_from(stage.chance.below(9)).unwrap());
                stage.answer(call, lost());
            }
            _ => {}
        }
        let fate = fault.map_or(Fate::Told, Fate::Instead);
        let times = if fault == Some(Fault::Twice) { 2 } else { 1 };
        let by = stage.lineage(self.machine);
        stage.flights.push(Flight { call, intent: intent.clone(), by, fate, not_before, times });
        Ok(call)
    }
}

impl Stage {
    pub fn answer(&mut self, call: usize, reply: Reply) {
        let call = &mut self.calls[call];
        if !call.is_over {
            (call.reply, call.is_over) = (Some(reply), true);
        }
    }
}

/// Somebody else takes money out of a wallet.
pub fn spend(stage: &mut Stage) {
    let (wallet, amount) = (any_wallet(stage), 1000 * i64::try_from(stage.chance.below(120)).unwrap());
    stage.books.take_away(wallet, amount);
}

/// Customers pay into a wallet, or somebody lures.
pub fn pay_in(stage: &mut Stage) {
    let amount = 1000 * i64::try_from(stage.chance.below(300)).unwrap();
    let wallet = any_wallet(stage);
    stage.books.bring(wallet, amount);
}

fn any_wallet(stage: &mut Stage) -> WalletId {
    let wallets: Vec<WalletId> = stage.books.wallets.keys().copied().collect();
    stage.chance.pick(&wallets)
}

/// One machine's disk.
pub struct Drive(pub Door);

impl Platter for Drive {
    fn lock(&mut self) -> Result<(), StoreError> {
        let (mut stage, machine) = (self.0.stage(), self.0.machine);
        let disk = stage.posts[machine].disk;
        match stage.disks[disk].holder {
            Some(holder) if holder != machine => {
                Err(StoreError::Locked { path: "platter".into(), pid: u32::try_from(holder).ok() })
            }
            _ => {
                stage.disks[disk].holder = Some(machine);
                Ok(())
            }
        }
    }

    fn segments(&mut self) -> Vec<(String, Vec<u8>)> {
        let stage = self.0.stage();
        let disk = &stage.disks[stage.posts[self.0.machine].disk];
        disk.segments.iter().map(|(name, bytes)| (name.clone(), bytes.clone())).collect()
    }

    fn is_copy(&mut self) -> bool {
        let stage = self.0.stage();
        stage.disks[stage.posts[self.0.machine].disk].is_copy
    }

    fn cut(&mut self, segment: &str, at: u64) -> io::Result<()> {
        let mut stage = self.0.stage();
        let disk = stage.posts[self.0.machine].disk;
        let at = usize::try_from(at).unwrap();
        stage.alone(self.0.machine, "cuts the journal");
        if stage.disks[disk].acked.get(segment).is_some_and(|acked| at < *acked) {
            stage.violation(format!("I16: {segment} is cut at {at}, and more was durable"));
        }
        stage.disks[disk].segments.get_mut(segment).unwrap().truncate(at);
        stage.tally.once("a torn tail was cut");
        Ok(())
    }

    fn commit(&mut self, segment: &str, bytes: &[u8]) -> io::Result<()> {
        let mut stage = self.0.stage();
        let disk = stage.posts[self.0.machine].disk;
        stage.alone(self.0.machine, "writes");
        let permille = stage.faults_at.disk;
        let aimed = DISK.into_iter().find(|fault| stage.is_aimed_at(self.0.machine, *fault));
        let is_random = stage.aim.is_none() && stage.chance.hits(permille);
        let fault = aimed.or_else(|| is_random.then(|| stage.chance.pick(&DISK)));
        let file = stage.disks[disk].segments.entry(segment.to_owned()).or_default();
        let Some(fault) = fault else {
            file.extend_from_slice(bytes);
            let len = file.len();
            stage.disks[disk].acked.insert(segment.to_owned(), len);
            stage.on_durable(self.0.machine, bytes);
            return Ok(());
        };
        // Nobody knows how much of it is there.
        let kept = match fault {
            Fault::DiskFull => 0,
            _ => stage.chance.below(bytes.len() + 1),
        };
        stage.disks[disk].segments.get_mut(segment).unwrap().extend_from_slice(&bytes[..kept]);
        stage.fault(self.0.machine, fault);
        if fault == Fault::PowerCut {
            stage.posts[self.0.machine].is_cut = true;
        }
        Err(io::Error::other("the disk failed"))
    }
}

/// What the wallets hold at first.
pub fn opening(stage: &mut super::chance::Chance) -> BTreeMap<WalletId, i64> {
    let mut wallet = |country: Country, most: usize| {
        let held = 1000 * i64::try_from(stage.below(most)).unwrap();
        (WalletId::of(country).unwrap(), held)
    };
    [wallet(Country::GAB, 700), wallet(Country::COG, 700), wallet(Country::CMR, 900), wallet(Country::SEN, 500)]
        .into_iter()
        .collect()
}
