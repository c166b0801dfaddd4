//! Every key of a policy file, once: the reader refuses what is not here, the JSON Schema lists what is.

/// Longer policy names make poor metrics and commands.
pub(super) const LONGEST_NAME: usize = 63;
/// More people than this never need to agree.
pub(super) const MOST_APPROVERS: u8 = 9;
/// Priorities run from 0 to this.
pub(super) const LARGEST_PRIORITY: i64 = 1_000_000;

/// A map of the file and the keys it may hold.
#[derive(Debug)]
pub(super) struct Shape {
    /// What it is, for messages: "a policy".
    pub name: &'static str,
    pub keys: &'static [Key],
}

#[derive(Debug)]
pub(super) struct Key {
    pub name: &'static str,
    pub need: Need,
    pub takes: Takes,
    /// One line for editors.
    pub about: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Must,
    May,
    /// The policy's kind: exactly one of them must be there.
    Kind,
}

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Takes {
    Version,
    Zone,
    Name,
    Text,
    Schedule,
    Wallet,
    Amount,
    /// One amount, or a map of amounts by currency.
    Amounts,
    AmountByWallet,
    Percent,
    PercentByWallet,
    Currency,
    /// `peg`, `last`, or a map of rates.
    Reference,
    /// A map of rates by pair of currencies.
    Rates,
    /// Why a lane gets nothing.
    Reason,
    /// A local date and time, or RFC 3339.
    Moment,
    Approvers,
    /// A list of people's names.
    People,
    Flag,
    Mode,
    Priority,
    Duration,
    Date,
    /// A time of day.
    Time,
    /// `24..2`.
    MonthDays,
    /// A list of dates, or a map of lists by country.
    Holidays,
    HolidaysByCountry,
    /// A map of amounts by wallet, or a list of maps of this shape.
    Reserves(&'static Shape),
    /// A zone, or a list of zones and wallets, each wallet a bare code or a map of this shape.
    Sources(&'static Shape),
    /// A list of wallets.
    Wallets,
    /// A map of [`BENEFICIARY`] by name.
    Beneficiaries,
    /// A [`BENEFICIARY`], or the name of one.
    Receiver,
    /// An operator's code.
    Provider,
    /// A phone number: digits only, international.
    Phone,
    /// A wallet, a beneficiary as plans show them, or the name of one.
    Destination,
    Map(&'static Shape),
    List(&'static Shape),
}

const fn must(name: &'static str, takes: Takes, about: &'static str) -> Key {
    Key { name, need: Need::Must, takes, about }
}

const fn may(name: &'static str, takes: Takes, about: &'static str) -> Key {
    Key { name, need: Need::May, takes, about }
}

const fn kind(name: &'static str, takes: Takes, about: &'static str) -> Key {
    Key { name, need: Need::Kind, takes, about }
}

pub(super) static FILE: Shape = Shape {
    name: "a policy file",
    keys: &[
        must("version", Takes::Version, "The version of the policy language: 1."),
        may("timezone", Takes::Zone, "IANA time zone of every schedule in the file, e.g. Africa/Douala; default UTC."),
        may(
            "reserves",
            Takes::Reserves(&RESERVE),
            "Floors that no policy may break: a map by wallet, or a list in which some hold on some days of the month only.",
        ),
        may(
            "holidays",
            Takes::HolidaysByCountry,
            "Local dates on which no lane from or to a country moves, in any policy.",
        ),
        may(
            "beneficiaries",
            Takes::Beneficiaries,
            "Who payouts go to, by name: { landlord: { provider: MTN_MOMO_CMR, phone: \"237653456789\" } }.",
        ),
        may("policies", Takes::List(&POLICY), "The policies."),
    ],
};

pub(super) static RESERVE: Shape = Shape {
    name: "a reserve",
    keys: &[
        must("wallet", Takes::Wallet, "The wallet."),
        must("amount", Takes::Amount, "What stays in it."),
        may("during", Takes::MonthDays, "Days of the month, both included, e.g. \"24..2\"; default: every day."),
    ],
};

pub(super) static POLICY: Shape = Shape {
    name: "a policy",
    keys: &[
        must("name", Takes::Name, "Kebab-case, unique over all files."),
        may("description", Takes::Text, "One line for people."),
        must(
            "schedule",
            Takes::Schedule,
            "Words (daily at 18:00) or cron: 5 fields (minute hour day month weekday), or 6 with seconds first.",
        ),
        kind(
            "sweep",
            Takes::Map(&SWEEP),
            "Each source that holds strictly more than `above` sends what is over `keep`, in the order written.",
        ),
        kind(
            "top_up",
            Takes::Map(&TOP_UP),
            "When the wallet holds strictly less than `below`, it is brought to `to` from the sources, in the order written.",
        ),
        kind(
            "rebalance",
            Takes::Map(&REBALANCE),
            "When a wallet's share of the whole is off by more than `tolerance` points, money moves to the weights.",
        ),
        kind(
            "payout",
            Takes::Map(&PAYOUT),
            "When the wallet holds strictly more than `above`, what is over `keep` is paid out.",
        ),
        may("limits", Takes::Map(&LIMITS), "Bounds on what the policy moves."),
        may("fx", Takes::Map(&FX), "Whether lanes between two currencies are allowed."),
        may("approval", Takes::Map(&APPROVAL), "Above which amount people must approve, and who."),
        may(
            "mode",
            Takes::Mode,
            "shadow: decide and report, never send; canary: send a small share; live, the default.",
        ),
        may(
            "canary",
            Takes::Map(&CANARY),
            "How little a canary moves; needed in `mode: canary`, without effect elsewhere.",
        ),
        may("enabled", Takes::Flag, "Default true; false: reported, never run."),
        may("priority", Takes::Priority, "Lower first; ties by name; default 100."),
        may(
            "catch_up",
            Takes::Duration,
            "A slot older than this is missed, e.g. 90s, 15m, 6h; default 6h, at most 24h.",
        ),
        may(
            "holidays",
            Takes::Holidays,
            "Local dates without a slot, YYYY-MM-DD; or by country, where only lanes from and to that country rest.",
        ),
        may("active", Takes::Map(&ACTIVE), "The local dates between which the policy works."),
        may("not_after", Takes::Time, "Local time after which nothing is decided or first sent, e.g. \"16:30\"."),
        may("tests", Takes::List(&TEST), "Examples that `treasuryd test` runs."),
    ],
};

pub(super) static ACTIVE: Shape = Shape {
    name: "`active`",
    keys: &[
        may("from", Takes::Date, "The first day, YYYY-MM-DD."),
        may("until", Takes::Date, "The last day, YYYY-MM-DD."),
    ],
};

pub(super) static SWEEP: Shape = Shape {
    name: "`sweep`",
    keys: &[
        must(
            "from",
            Takes::Sources(&SOURCE),
            "The wallets to sweep, in order; zone(CEMAC) or zone(UEMOA) is all of a zone.",
        ),
        may("except", Takes::Wallets, "Wallets that are left out of the zones under `from`."),
        must("into", Takes::Wallet, "The wallet that receives."),
        may("above", Takes::Amounts, "The trigger: strictly more than this; needed unless every source has its own."),
        may("keep", Takes::Amounts, "What stays; default: the same as `above`."),
        may("fraction", Takes::Percent, "Send this share of what is over `keep`, rounded down, instead of all of it."),
        may("fixed", Takes::Amounts, "Send exactly this, or nothing where less is over `keep`."),
    ],
};

pub(super) static SOURCE: Shape = Shape {
    name: "a source",
    keys: &[
        must("wallet", Takes::Wallet, "The wallet."),
        may("above", Takes::Amount, "Its own trigger."),
        may("keep", Takes::Amount, "What stays in it; default: the sweep's `keep`, else its `above`."),
    ],
};

pub(super) static TOP_UP: Shape = Shape {
    name: "`top_up`",
    keys: &[
        must("wallet", Takes::Wallet, "The wallet that is filled."),
        must("below", Takes::Amount, "The trigger: strictly less than this."),
        must("to", Takes::Amount, "The level it is brought to."),
        must(
            "from",
            Takes::Sources(&TOP_UP_SOURCE),
            "Where the money comes from, in order; zone(CEMAC) or zone(UEMOA) is all of a zone.",
        ),
        may("except", Takes::Wallets, "Wallets that are left out of the zones under `from`."),
    ],
};

pub(super) static TOP_UP_SOURCE: Shape = Shape {
    name: "a source of a top-up",
    keys: &[
        must("wallet", Takes::Wallet, "The wallet."),
        may("keep", Takes::Amount, "What stays in it, beside its reserve; default 0."),
    ],
};

pub(super) static REBALANCE: Shape = Shape {
    name: "`rebalance`",
    keys: &[
        must("weights", Takes::PercentByWallet, "Each wallet's share of the whole; together exactly 100%."),
        must("tolerance", Takes::Percent, "How many points a share may be off before money moves."),
        must("base", Takes::Currency, "The currency the wallets are compared in."),
    ],
};

pub(super) static PAYOUT: Shape = Shape {
    name: "`payout`",
    keys: &[
        must("from", Takes::Wallet, "The wallet that pays; another country than the operator's is fine."),
        must(
            "to",
            Takes::Receiver,
            "Who receives: { provider: MTN_MOMO_CMR, phone: \"237653456789\" }, or a beneficiary's name.",
        ),
        must("above", Takes::Amount, "The trigger: strictly more than this."),
        may("keep", Takes::Amount, "What stays; default: the same as `above`."),
    ],
};

pub(super) static BENEFICIARY: Shape = Shape {
    name: "a beneficiary",
    keys: &[
        must("provider", Takes::Provider, "The operator's code in KPay's list, e.g. MTN_MOMO_CMR."),
        must("phone", Takes::Phone, "Digits only, the country's code first, no +: \"237653456789\"."),
    ],
};

pub(super) static LIMITS: Shape = Shape {
    name: "`limits`",
    keys: &[
        may("min_transfer", Takes::Amounts, "The smallest amount worth moving over a lane."),
        may("max_transfer", Takes::Amounts, "The largest single transfer; larger amounts are split into parts."),
        may("max_per_slot", Takes::Amounts, "The most the policy moves in one slot, per source currency."),
        may("max_per_day", Takes::Amounts, "The most the policy moves on one local day, per source currency."),
        may("round_down_to", Takes::Amounts, "Amounts are multiples of this; the rest stays."),
    ],
};

pub(super) static FX: Shape = Shape {
    name: "`fx`",
    keys: &[
        may("allow", Takes::Flag, "Whether lanes between two currencies are allowed; default false."),
        may("max_spread", Takes::Percent, "How far KPay's rate may be from the reference, either way, e.g. 1.5%."),
        may(
            "reference",
            Takes::Reference,
            "What the rate is compared with: peg, last, or { XAF/XOF: 1 }; default: the peg, else the last applied rate.",
        ),
    ],
};

pub(super) static APPROVAL: Shape = Shape {
    name: "`approval`",
    keys: &[
        must("above", Takes::Amounts, "A lane's amount of one slot, all parts together, strictly above this waits."),
        may("approvers", Takes::Approvers, "How many people must approve; default 1."),
        may("from", Takes::People, "Who may approve; default: anybody."),
        may(
            "within",
            Takes::Duration,
            "From the slot on, 1m to 72h; what is not approved by then is cancelled; default: `catch_up`.",
        ),
    ],
};

pub(super) static CANARY: Shape = Shape {
    name: "`canary`",
    keys: &[
        must("share", Takes::Percent, "Of what would move if the policy were live, e.g. 1%."),
        may("max", Takes::Amounts, "The most that moves over one lane in one slot."),
    ],
};

pub(super) static TEST: Shape = Shape {
    name: "a test",
    keys: &[
        must("name", Takes::Text, "What the test shows; unique within the policy."),
        may("at", Takes::Moment, "When it plays: local \"2026-12-24 18:00\" or RFC 3339; default: the slot is due."),
        must("balances", Takes::AmountByWallet, "The wallets and what is available in them."),
        may("rates", Takes::Rates, "KPay's indicative rates, e.g. { XAF/XOF: 1.0153 }; default 1."),
        may("open", Takes::List(&OPEN), "Movements of ours that are under way."),
        must(
            "expect",
            Takes::List(&EXPECT),
            "Every transfer the policy must plan, and reasons of lanes that get nothing; an empty list: no transfer.",
        ),
    ],
};

pub(super) static OPEN: Shape = Shape {
    name: "an open movement",
    keys: &[
        must("from", Takes::Wallet, "The wallet debited."),
        must("to", Takes::Destination, "The wallet credited, or who is paid: a name, or MTN_MOMO_CMR:237653456789."),
        must("amount", Takes::Amount, "What leaves the source."),
    ],
};

pub(super) static EXPECT: Shape = Shape {
    name: "an expectation",
    keys: &[
        must("from", Takes::Wallet, "The wallet debited."),
        must("to", Takes::Destination, "The wallet credited, or who is paid: a name, or MTN_MOMO_CMR:237653456789."),
        may("amount", Takes::Amount, "What leaves the source over this lane, all parts together."),
        may("reason", Takes::Reason, "Why the lane gets nothing, or no more; instead of `amount`."),
    ],
};

/// Every shape, for looking up where a misplaced key belongs.
pub(super) static SHAPES: [&Shape; 18] = [
    &FILE,
    &POLICY,
    &SWEEP,
    &SOURCE,
    &TOP_UP,
    &TOP_UP_SOURCE,
    &REBALANCE,
    &PAYOUT,
    &BENEFICIARY,
    &LIMITS,
    &FX,
    &APPROVAL,
    &CANARY,
    &TEST,
    &EXPECT,
    &OPEN,
    &RESERVE,
    &ACTIVE,
];

impl Shape {
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}
