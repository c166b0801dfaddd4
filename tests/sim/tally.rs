//! What was reached: faults by kind, states by fault, and what must happen now and then.

use std::collections::BTreeMap;
use std::fmt;

/// What goes wrong, or is done to the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    Crash,
    PowerCut,
    WriteError,
    SyncError,
    DiskFull,
    BitFlip,
    Wiped,
    Restored,
    SecondMachine,
    SameState,
    ClockStep,
    PolicyEdit,
    Pause,
    Refusing,
    NotSent,
    NotAuthorized,
    LostBefore,
    LostAfter,
    Late,
    Twice,
    ServerError,
    TooMany,
    Redirect,
    CutBody,
    OtherBody,
    GatewayConflict,
    Unreadable,
    WalletMissing,
    StaleBalance,
    RateMissing,
    OperatorClosed,
    Spent,
    PayoutFails,
    Hint,
    Asked,
    Said,
    Found,
    Accepted,
    PaidIn,
    Released,
    Forgotten,
}

/// What a disk does to a write.
pub const DISK: [Fault; 4] = [Fault::PowerCut, Fault::WriteError, Fault::SyncError, Fault::DiskFull];

impl Fault {
    pub const ALL: [Self; 40] = [
        Self::Crash,
        Self::PowerCut,
        Self::WriteError,
        Self::SyncError,
        Self::DiskFull,
        Self::BitFlip,
        Self::Wiped,
        Self::Restored,
        Self::SecondMachine,
        Self::SameState,
        Self::ClockStep,
        Self::PolicyEdit,
        Self::Pause,
        Self::Refusing,
        Self::NotSent,
        Self::NotAuthorized,
        Self::LostBefore,
        Self::LostAfter,
        Self::Late,
        Self::Twice,
        Self::ServerError,
        Self::TooMany,
        Self::Redirect,
        Self::CutBody,
        Self::OtherBody,
        Self::GatewayConflict,
        Self::Unreadable,
        Self::WalletMissing,
        Self::StaleBalance,
        Self::RateMissing,
        Self::OperatorClosed,
        Self::Spent,
        Self::PayoutFails,
        Self::Hint,
        Self::Asked,
        Self::Said,
        Self::Found,
        Self::PaidIn,
        Self::Released,
        Self::Forgotten,
    ];

    /// Those that can hit whatever the intents are doing.
    pub fn anywhere() -> Vec<Self> {
        Self::ALL.into_iter().filter(|fault| fault.is_anywhere()).collect()
    }

    /// Whether it can hit whatever the intents are doing.
    pub fn is_anywhere(self) -> bool {
        matches!(
            self,
            Self::Crash
                | Self::PowerCut
                | Self::WriteError
                | Self::SyncError
                | Self::DiskFull
                | Self::BitFlip
                | Self::Wiped
                | Self::Restored
                | Self::SecondMachine
                | Self::SameState
                | Self::ClockStep
                | Self::PolicyEdit
                | Self::Pause
                | Self::Unreadable
                | Self::WalletMissing
                | Self::Spent
                | Self::PaidIn
                | Self::Asked
        )
    }
}

/// Where the intents of a journal stand, the most doubtful one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Empty,
    Planned,
    Sending,
    InHand,
    Unknown,
    NeedsOperator,
    Ended,
}

impl Stage {
    pub const ALL: [Self; 7] =
        [Self::Empty, Self::Planned, Self::Sending, Self::InHand, Self::Unknown, Self::NeedsOperator, Self::Ended];
}

/// What an idle run would not reach.
pub const SOMETIMES: [&str; 24] = [
    "applied by KPay's reply",
    "applied by a 409",
    "applied by KPay's word on a payout",
    "rejected",
    "returned",
    "cancelled",
    "unknown",
    "needs_operator",
    "declined",
    "resolved",
    "applied after approvals",
    "applied by hand",
    "three parts in order",
    "a torn tail was cut",
    "damage was refused",
    "a slot was left out because of a clock",
    "a second daemon was refused",
    "a second daemon took over",
    "a person was called for a payout that KPay forgot",
    "a wallet was frozen by a fall",
    "a wallet was frozen by a rise",
    "a wallet that rose came back",
    "a wallet was released",
    "a move was stopped by a freeze",
];

/// Counts of one or many schedules.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    pub schedules: u64,
    pub steps: u64,
    pub sends: u64,
    pub records: u64,
    pub faults: BTreeMap<Fault, u64>,
    pub cells: BTreeMap<(Stage, Fault), u64>,
    pub sometimes: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub fn fault(&mut self, stage: Stage, fault: Fault) {
        *self.faults.entry(fault).or_default() += 1;
        *self.cells.entry((stage, fault)).or_default() += 1;
    }

    pub fn once(&mut self, what: &'static str) {
        *self.sometimes.entry(what).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.steps += other.steps;
        self.sends += other.sends;
        self.records += other.records;
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        for (cell, count) in &other.cells {
            *self.cells.entry(*cell).or_default() += count;
        }
        for (what, count) in &other.sometimes {
            *self.sometimes.entry(what).or_default() += count;
        }
    }

    /// What should have been reached and was not.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for fault in Fault::ALL {
            if !self.faults.contains_key(&fault) {
                missing.push(format!("fault {fault:?}"));
            }
            for stage in Stage::ALL.into_iter().filter(|_| fault.is_anywhere()) {
                if !self.cells.contains_key(&(stage, fault)) {
                    missing.push(format!("{stage:?} × {fault:?}"));
                }
            }
        }
        let absent = SOMETIMES.iter().filter(|what| !self.sometimes.contains_key(*what));
        missing.extend(absent.map(|what| format!("sometimes: {what}")));
        missing
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schedules, steps, sends, records, .. } = self;
        writeln!(f, "{schedules} schedules, {steps} steps, {sends} sends, {records} records")?;
        write!(f, "{:16} {:>9}", "fault", "in all")?;
        for stage in Stage::ALL {
            write!(f, " {:>13}", format!("{stage:?}"))?;
        }
        writeln!(f)?;
        for fault in Fault::ALL {
            write!(f, "{:16} {:>9}", format!("{fault:?}"), self.faults.get(&fault).unwrap_or(&0))?;
            for stage in Stage::ALL {
                write!(f, " {:>13}", self.cells.get(&(stage, fault)).unwrap_or(&0))?;
            }
            writeln!(f)?;
        }
        for what in SOMETIMES {
            writeln!(f, "sometimes: {what}: {}", self.sometimes.get(what).unwrap_or(&0))?;
        }
        Ok(())
    }
}
