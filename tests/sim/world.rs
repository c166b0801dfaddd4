//! One schedule: machines, tasks and troubles in an order that the seed says, then calm, then the last audit.

use super::books::Books;
use super::chance::Chance;
use super::doors::{Door, opening};
use super::frozen::{Guard, Watch};
use super::policies::Rules;
use super::stage::{Disk, FaultsAt, Post, Stage, Way};
use super::tally::{Stage as At, Tally};
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use treasuryd::daemon::metrics::Metrics;
use treasuryd::daemon::{Engine, EngineError, WishError};
use treasuryd::journal::Scribe;
use treasuryd::model::{Timestamp, WalletId};
use treasuryd::money::Country;
use treasuryd::settings::FallMode;

pub(super) type Work = Pin<Box<dyn Future<Output = Result<(), EngineError>> + Send>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Begin,
    Observe,
    Decide,
    WorkOff,
    Alive,
    Adopt,
    Pause,
    Resume,
    /// People's wishes.
    Ask,
    Say,
    Find,
    Accept,
    Release,
}

pub(super) struct Machine {
    pub door: Door,
    pub engine: Option<Arc<Engine>>,
    pub scribe: Option<Scribe>,
    pub tasks: Vec<(What, Work)>,
    pub is_ready: bool,
    pub backup: Option<BTreeMap<String, Vec<u8>>>,
}

pub struct World {
    pub(super) stage: Arc<Mutex<Stage>>,
    pub(super) machines: Vec<Machine>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) processes: u64,
}

/// In so many worlds of a thousand policies that loosen a guard wait for a person.
const CONFIRMING: usize = 200;

/// In so many a wallet that loses what nobody explains is frozen, and in so many one that rises too far.
const FREEZING: usize = 250;
const RISING: usize = 300;

/// So many schedules of a thousand are long.
const LONG: usize = 200;
/// How a schedule went.
pub struct Ended {
    pub trace: u64,
    pub tally: Tally,
    pub violations: Vec<String>,
}

/// What all schedules share.
#[derive(Clone)]
pub struct Common {
    pub rules: Arc<Vec<Rules>>,
    pub metrics: Arc<Metrics>,
    /// Whether each step is printed.
    pub tells: bool,
}

/// Plays the schedule of a seed.
pub fn play(seed: u64, common: &Common) -> Ended {
    let mut world = World::new(seed, common);
    world.take_aim();
    // Small worlds show most of what there is to see, for half the price; some things need a long time.
    let is_long = world.stage().chance.hits(LONG);
    let (least, more, settled) = if is_long { (40, 140, 500) } else { (10, 30, 750) };
    let steps = least + world.stage().chance.below(more);
    // Most of what is worth a fault begins with a decision.
    let aim = world.stage().aim;
    let is_settled = world.stage().chance.hits(settled);
    if aim.map_or(is_settled, |(at, _)| at != At::Empty) {
        world.settle_in();
    }
    world.approach();
    for _ in 0..steps {
        if !world.stage().violations.is_empty() {
            break;
        }
        world.step();
    }
    if world.stage().violations.is_empty() {
        world.calm();
    }
    if world.stage().violations.is_empty() {
        world.last_audit();
    }
    let mut stage = world.stage();
    stage.tally.schedules = 1;
    stage.tally.steps = stage.step;
    Ended {
        trace: stage.trace,
        tally: std::mem::take(&mut stage.tally),
        violations: std::mem::take(&mut stage.violations),
    }
}

impl World {
    fn new(seed: u64, common: &Common) -> Self {
        let mut chance = Chance::new(!seed);
        let begin: Timestamp = "2026-11-24T16:59:30Z".parse().unwrap();
        let begin = begin + TimeDelta::seconds(i64::try_from(chance.below(1200)).unwrap());
        let mut wallets = opening(&mut chance);
        if chance.hits(120) {
            wallets.insert(WalletId::of(Country::COG).unwrap(), 20_000_000 + 1_000 * 200);
        }
        let mut books = Books::new(wallets);
        books.validates_first = chance.hits(300);
        let mut stage = Stage::new(seed, begin, books, common.rules.clone());
        stage.tells = common.tells;
        stage.confirms = chance.hits(CONFIRMING);
        stage.guard = guard(&mut chance);
        let at = chance.pick(&[(0, 0, 0), (0, 300, 20), (30, 200, 30), (80, 0, 0), (10, 500, 60), (20, 100, 200)]);
        stage.faults_at = FaultsAt { disk: at.0, send: at.1, read: at.2 };
        stage.disks.push(Disk::default());
        let rules = chance.below(common.rules.len());
        let stage = Arc::new(Mutex::new(stage));
        let mut world = Self { stage, machines: Vec::new(), metrics: common.metrics.clone(), processes: 0 };
        world.new_machine(0, rules);
        world
    }

    pub(super) fn new_machine(&mut self, disk: usize, rules: usize) {
        let machine = self.machines.len();
        let door = Door { stage: self.stage.clone(), machine };
        self.stage().posts.push(Post {
            disk,
            ahead: TimeDelta::zero(),
            ahead_since: 0,
            was_ahead: Vec::new(),
            deciding_since: None,
            process: 0,
            rules: (rules, rules),
            ruled: Vec::new(),
            is_paused: false,
            reads: Vec::new(),
            touched: BTreeMap::new(),
            is_up: false,
            is_timed: true,
            is_clear: true,
            is_cut: false,
            watch: Watch::default(),
            releasing: None,
        });
        self.machines.push(Machine {
            door,
            engine: None,
            scribe: None,
            tasks: Vec::new(),
            is_ready: false,
            backup: None,
        });
    }

    pub(super) fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap()
    }

    /// A start and a decision without faults.
    fn settle_in(&mut self) {
        let (rates, aim) = {
            let mut stage = self.stage();
            stage.now += TimeDelta::seconds(30);
            (std::mem::take(&mut stage.faults_at), stage.aim.take())
        };
        if self.stage().way == Way::Restored {
            self.be_early();
        } else {
            self.boot(0);
        }
        self.until_idle();
        if let Some(engine) = self.machines[0].engine.clone() {
            self.begin(0, &engine, What::Decide);
        }
        self.until_idle();
        let mut stage = self.stage();
        (stage.faults_at, stage.aim) = (rates, aim);
    }

    fn step(&mut self) {
        let (dice, machine) = {
            let mut stage = self.stage();
            stage.step += 1;
            let machines = self.machines.len();
            (stage.chance.below(100), stage.chance.below(machines))
        };
        match dice {
            0..70 => {
                if !self.progress(true) {
                    self.start(machine);
                }
            }
            70..86 => self.start(machine),
            86..94 => self.advance(),
            _ => self.trouble(machine),
        }
    }

    /// Takes one thing that is under way a step further; false where nothing is.
    pub(super) fn progress(&mut self, is_rough: bool) -> bool {
        enum Next {
            Task(usize, usize),
            Scribe(usize),
            Flight(usize),
        }
        let mut nexts = Vec::new();
        for (nth, machine) in self.machines.iter().enumerate() {
            nexts.extend((0..machine.tasks.len()).map(|task| Next::Task(nth, task)));
            if machine.scribe.is_some() && !machine.tasks.is_empty() {
                nexts.push(Next::Scribe(nth));
            }
        }
        let mut stage = self.stage();
        let now = stage.now;
        let landing = stage.flights.iter().enumerate().filter(|(_, flight)| flight.not_before <= now);
        nexts.extend(landing.map(|(nth, _)| Next::Flight(nth)));
        if nexts.is_empty() {
            return false;
        }
        let chosen = stage.chance.below(nexts.len());
        drop(stage);
        match nexts[chosen] {
            Next::Task(machine, task) => self.poll(machine, task),
            Next::Scribe(machine) => self.write(machine),
            Next::Flight(flight) => super::landing::land(&mut self.stage(), flight, is_rough),
        }
        true
    }

    pub(super) fn write(&mut self, machine: usize) {
        let Some(scribe) = &mut self.machines[machine].scribe else { return };
        scribe.turn();
        if std::mem::take(&mut self.stage().posts[machine].is_cut) {
            self.down(machine);
        }
    }

    pub(super) fn poll(&mut self, machine: usize, task: usize) {
        let (what, work) = &mut self.machines[machine].tasks[task];
        let what = *what;
        let Poll::Ready(result) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { return };
        drop(self.machines[machine].tasks.remove(task));
        if what == What::Decide && self.stage().posts[machine].ahead.abs() > TimeDelta::seconds(330) {
            let engine = self.machines[machine].engine.as_ref();
            if engine.is_some_and(|engine| engine.problems().iter().any(|problem| problem.contains("clock"))) {
                self.stage().tally.once("a slot was left out because of a clock");
            }
        }
        let ended = format!("{what:?} {}", result.is_ok());
        // On an empty journal a pause is the running process's alone until KPay has answered, and it says so.
        let is_paused = self.machines[machine].engine.as_ref().is_some_and(|engine| engine.is_paused());
        let mut stage = self.stage();
        stage.tell(machine, &ended);
        stage.note(ended.as_bytes());
        match (&result, what) {
            (Ok(()), What::Adopt) => stage.settle_rules(machine),
            (Ok(()), What::Pause) => stage.posts[machine].is_paused = is_paused,
            (_, What::Decide) => stage.posts[machine].deciding_since = None,
            (_, What::Release) => stage.posts[machine].releasing = None,
            _ => {}
        }
        drop(stage);
        match result {
            Ok(()) if what == What::Begin => self.machines[machine].is_ready = true,
            Ok(()) => {}
            Err(EngineError::Objection(why)) => {
                self.stage().violation(format!("the second opinion objects: {why}"));
            }
            // A beginning that fails ends the process, and so does trouble with the journal.
            Err(EngineError::Bank(_)) if what != What::Begin => {}
            Err(_) => self.down(machine),
        }
    }

    /// The process ends, wherever it is.
    pub(super) fn down(&mut self, machine: usize) {
        let told = self.machines[machine].engine.as_ref().map(|engine| engine.problems()).unwrap_or_default();
        for text in told {
            self.stage().on_told(&text);
        }
        let machine_ = &mut self.machines[machine];
        machine_.tasks.clear();
        (machine_.engine, machine_.scribe, machine_.is_ready) = (None, None, false);
        let mut stage = self.stage();
        let post = &mut stage.posts[machine];
        post.reads.clear();
        post.touched.clear();
        (post.watch, post.releasing) = (Watch::default(), None);
        (post.deciding_since, post.is_cut, post.is_up) = (None, false, false);
        post.is_clear = true;
        stage.settle_rules(machine);
        stage.posts[machine].ruled.clear();
        let disk = stage.posts[machine].disk;
        // A lock lives as long as the process that took it.
        let holder = &mut stage.disks[disk].holder;
        *holder = holder.filter(|holder| *holder != machine);
    }

    /// The engine of a machine that is ready and has no such thing under way.
    pub(super) fn running(&self, machine: usize, what: What) -> Option<Arc<Engine>> {
        let machine = &self.machines[machine];
        let is_under_way = machine.tasks.iter().any(|(other, _)| *other == what);
        machine.engine.clone().filter(|_| machine.is_ready && !is_under_way)
    }

    /// Begins something on a machine.
    pub(super) fn start(&mut self, machine: usize) {
        let Some(engine) = self.machines[machine].engine.clone() else { return self.boot(machine) };
        if !self.machines[machine].is_ready {
            return;
        }
        let what = self.stage().chance.pick(&[
            What::Observe,
            What::Decide,
            What::Decide,
            What::WorkOff,
            What::WorkOff,
            What::WorkOff,
            What::Alive,
        ]);
        self.begin(machine, &engine, what);
    }

    pub(super) fn begin(&mut self, machine: usize, engine: &Arc<Engine>, what: What) {
        let is_switch = |what| matches!(what, What::Pause | What::Resume);
        let is_the_same = |other: &What| *other == what || (is_switch(*other) && is_switch(what));
        let is_under_way = self.machines[machine].tasks.iter().any(|(other, _)| is_the_same(other));
        let engine = engine.clone();
        let work: Work = match what {
            What::WorkOff => return self.work_off(machine, &engine),
            _ if is_under_way => return,
            What::Observe => Box::pin(async move { engine.observe().await.map(|_| ()) }),
            What::Decide => {
                let mut stage = self.stage();
                let step = stage.step;
                stage.posts[machine].deciding_since = Some(step);
                Box::pin(async move { engine.decide(None).await.map(|_| ()) })
            }
            What::Alive => Box::pin(async move { engine.stay_alive().await }),
            What::Pause => Box::pin(async move { forgive(engine.pause(None, Some("ann".to_owned())).await) }),
            What::Resume => {
                self.stage().posts[machine].is_paused = false;
                Box::pin(async move { forgive(engine.resume(None, Some("ann".to_owned())).await) })
            }
            What::Adopt => {
                let rules = self.stage().posts[machine].rules.1;
                let set = self.stage().rules[rules].set.clone();
                Box::pin(async move { engine.adopt(set).await })
            }
            What::Begin | What::Ask | What::Say | What::Find | What::Accept | What::Release => return,
        };
        self.machines[machine].tasks.push((what, work));
    }

    fn work_off(&mut self, machine: usize, engine: &Arc<Engine>) {
        // As the daemon does: a round for every source that has something due.
        for source in engine.sources_with_work() {
            let engine = engine.clone();
            let work: Work = Box::pin(async move { engine.work_off(source).await });
            self.machines[machine].tasks.push((What::WorkOff, work));
        }
    }

    pub(super) fn advance(&mut self) {
        const PAUSES: [i64; 8] = [1, 1, 5, 20, 60, 300, 1_200, 3_600];
        let mut stage = self.stage();
        let by = stage.chance.pick(&PAUSES);
        stage.now += TimeDelta::seconds(by);
        drop(stage);
        // As time passes, KPay's withdrawals go on.
        self.payouts_go_on(0);
    }
}

/// What a world's configuration says of what nobody explains.
fn guard(chance: &mut Chance) -> Guard {
    let mode = if chance.hits(FREEZING) { FallMode::Freeze } else { FallMode::Warn };
    let freeze_above = chance.pick(&[0, 20_000, 60_000]);
    let rise = chance.pick(&[(2, 50_000), (3, 100_000), (2, 0)]);
    Guard { mode, freeze_above, rise: chance.hits(RISING).then_some(rise) }
}

/// What a person is told is no trouble of the daemon's; trouble with its journal is.
pub(super) fn forgive<T>(result: Result<T, WishError>) -> Result<(), EngineError> {
    match result {
        Err(WishError::Engine(error)) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
