//! What people read: for each reason that applies today, the figures and what would change it.

use super::scene::Scene;
use crate::plan::Reason;
use std::collections::BTreeSet;

const SWEEP: &str = "wallets GAB=330000 CMR=0\npolicy p GAB:250000:100000 >CMR";

/// Scene, reason, detail, `would_move_if`.
const CASES: [(&str, Reason, &str, &str); 35] = [
    (
        "SWEEP cron=0_0_29_2_+MON",
        Reason::NotDue,
        "the schedule had no slot in the last eight years",
        "the schedule gets a slot within the next eight years",
    ),
    (
        "SWEEP\ndecided p S",
        Reason::AlreadyDone,
        "slot 2026-11-24T17:00:00Z is decided already",
        "the next slot, 2026-11-25T17:00:00Z, comes",
    ),
    (
        "SWEEP\nlane GAB>CMR S former moved",
        Reason::AlreadyDone,
        "slot 2026-11-24T17:00:00Z is decided for GAB>CMR already, by policy `former`",
        "the next slot, 2026-11-25T17:00:00Z, comes",
    ),
    (
        "SWEEP\ndecided p S+1d",
        Reason::Missed,
        "slot 2026-11-24T17:00:00Z is older than 2026-11-25T17:00:00Z, the last one this policy decided",
        "the next slot, 2026-11-25T17:00:00Z, comes",
    ),
    (
        "SWEEP\nlane GAB>CMR S+1d former kept",
        Reason::Missed,
        "slot 2026-11-24T17:00:00Z is older than 2026-11-25T17:00:00Z, the last one decided on GAB>CMR",
        "the next slot, 2026-11-25T17:00:00Z, comes",
    ),
    (
        "SWEEP catch=60\nat S+5401s",
        Reason::Missed,
        "slot 2026-11-24T17:00:00Z is 1h 30min 1s old, `catch_up` allows 1h",
        "the next slot, 2026-11-25T17:00:00Z, comes",
    ),
    (
        "SWEEP off",
        Reason::Disabled,
        "policy `p` is switched off (`enabled: false`)",
        "`enabled: true` is set and the next slot, 2026-11-25T17:00:00Z, comes",
    ),
    (
        "SWEEP\npause",
        Reason::Paused,
        "everything is paused by an operator",
        "`treasuryd resume` ends the pause and the next slot, 2026-11-25T17:00:00Z, comes",
    ),
    (
        "SWEEP\npause p",
        Reason::Paused,
        "policy `p` is paused by an operator",
        "`treasuryd resume p` ends the pause and the next slot, 2026-11-25T17:00:00Z, comes",
    ),
    (
        "SWEEP shadow",
        Reason::Shadow,
        "would send 230 000 XAF over GAB>CMR in 1 transfer",
        "`mode: live` is set for the policy",
    ),
    (
        "SWEEP holiday=2026-11-24",
        Reason::Holiday,
        "2026-11-24 is a holiday of the policy",
        "the next slot, 2026-11-25T17:00:00Z, comes",
    ),
    (
        "SWEEP\nwallets GAB=190000",
        Reason::BelowTrigger,
        "GAB has 190 000 XAF, not more than the 250 000 XAF of `above`",
        "more than 60 000 XAF arrives in GAB",
    ),
    (
        "SWEEP\nhold GAB>SEN=80000 unknown",
        Reason::BelowTrigger,
        "GAB has 250 000 XAF (330 000 XAF less 80 000 XAF on its way out), not more than the 250 000 XAF of `above`",
        "anything more arrives in GAB",
    ),
    (
        "SWEEP\nwallets GAB=-1250.5",
        Reason::BelowTrigger,
        "GAB has -1 250.5 XAF, not more than the 250 000 XAF of `above`; a negative balance is KPay's to explain",
        "more than 251 250.5 XAF arrives in GAB",
    ),
    (
        "SWEEP\nreserve GAB=500000",
        Reason::Reserve,
        "GAB has 330 000 XAF, all of it needed for its reserve of 500 000 XAF",
        "more than 170 000 XAF arrives in GAB, or its reserve is lowered",
    ),
    (
        "SWEEP min=500000",
        Reason::BelowMinimum,
        "230 000 XAF could leave GAB, less than the 500 000 XAF of `min_transfer`",
        "at least 270 000 XAF arrives in GAB",
    ),
    (
        "SWEEP min=230500 round=1000",
        Reason::BelowMinimum,
        "230 000 XAF could leave GAB, less than the 230 500 XAF of `min_transfer`",
        "at least 1 000 XAF arrives in GAB",
    ),
    (
        "wallets GAB=99 CMR=0\npolicy p GAB:0:0 >CMR",
        Reason::BelowMinimum,
        "99 XAF could leave GAB, less than the 100 XAF of KPay's smallest transfer",
        "at least 1 XAF arrives in GAB",
    ),
    (
        "wallets GAB=99 CMR=0\npolicy p GAB:0:0 >CMR round=500",
        Reason::BelowMinimum,
        "99 XAF could leave GAB, less than the 500 XAF of `round_down_to`",
        "at least 401 XAF arrives in GAB",
    ),
    (
        "SWEEP slot=4000 min=5000",
        Reason::LimitReached,
        "`max_per_slot` is 4 000 XAF and 0 XAF of it is used in this slot; 230 000 XAF wait in GAB",
        "the next slot comes, or `max_per_slot` is raised",
    ),
    (
        "SWEEP day=1000000\nused p XAF 2026-11-24 1000000",
        Reason::LimitReached,
        "`max_per_day` is 1 000 000 XAF and 1 000 000 XAF of it is used on the slot's day; 230 000 XAF wait in GAB",
        "a slot of another day comes, or `max_per_day` is raised",
    ),
    (
        "SWEEP\ncap XAF=1000000\ncapused XAF 2026-11-24 999950",
        Reason::LimitReached,
        "the configuration's `limits.max_per_day` is 1 000 000 XAF and 999 950 XAF of it is used today (UTC); 230 000 XAF wait in GAB",
        "a slot of the next UTC day comes, or `limits.max_per_day` is raised",
    ),
    (
        "SWEEP\ncap hour=0",
        Reason::LimitReached,
        "`limits.max_transfers_per_hour` is 0 and leaves room for 0 now; 230 000 XAF stays",
        "a slot comes once the last hour holds fewer transfers, or the cap is raised",
    ),
    (
        "wallets GAB=1000000000\npolicy p GAB:0:0 >CMR",
        Reason::LimitReached,
        "a lane gets at most 99 transfers in a slot; 10 000 000 XAF stays",
        "the next slot comes",
    ),
    (
        "wallets GAB=1000000\npolicy p GAB:0:0 >CMR max=1000",
        Reason::LimitReached,
        "a lane gets at most 99 transfers in a slot; 901 000 XAF stays",
        "the next slot comes, or `max_transfer` is raised",
    ),
    (
        "SWEEP\npolicy q GAB:0:0 >CMR prio=200",
        Reason::LaneTaken,
        "policy `p` comes first and moves money over GAB>CMR now",
        "`p` leaves GAB>CMR alone at the next slot, or this policy's `priority` is lower than its",
    ),
    (
        "SWEEP\nlane GAB>CMR S a moved\npolicy a off COG:0:0 >CMR",
        Reason::LaneTaken,
        "policy `a` moved money over GAB>CMR for slot 2026-11-24T17:00:00Z",
        "the next slot, 2026-11-25T17:00:00Z, comes",
    ),
    (
        "SWEEP\nhold GAB>CMR=230000 unknown",
        Reason::LaneOpen,
        "TRD-HOLD-0 over 230 000 XAF is still `unknown` and holds GAB>CMR",
        "TRD-HOLD-0 is settled before the next slot (`treasuryd transfers show TRD-HOLD-0`)",
    ),
    (
        "wallets CMR=0\npolicy p GAB:250000:100000 >CMR",
        Reason::WalletMissing,
        "KPay shows no wallet of GAB in XAF",
        "KPay shows the GAB wallet; it appears with the first payment received there",
    ),
    (
        "SWEEP\nproblem GAB `availableBalance` is not a number",
        Reason::WalletMissing,
        "KPay's reply about GAB could not be read: `availableBalance` is not a number",
        "KPay shows the GAB wallet in a form that can be read",
    ),
    (
        "wallets GAB/XOF=330000\npolicy p GAB:250000:100000 >CMR",
        Reason::WalletFrozen,
        "KPay shows GAB in XOF, but the policy expects XAF",
        "KPay shows GAB in XAF again; ask KPay what changed",
    ),
    (
        "SWEEP\noutflow GAB=330000 S-1h",
        Reason::BalanceStale,
        "GAB still shows 330 000 XAF, exactly what it had before our last transfer out of it",
        "a newer reading of GAB shows another balance; this slot stays open for it",
    ),
    (
        "SWEEP\noutflow GAB=500000 S+1h",
        Reason::BalanceStale,
        "the reading of GAB, 330 000 XAF, is older than our last transfer out of it",
        "a newer reading of GAB shows another balance; this slot stays open for it",
    ),
    (
        "wallets GAB=330000 SEN=0\npolicy p GAB:250000:100000 >SEN",
        Reason::FxNotAllowed,
        "GAB>SEN would change XAF into XOF, which the policy does not allow",
        "`fx: { allow: true }` is set for the policy",
    ),
    (
        "wallets GAB=330000 SEN=0\npolicy p GAB:250000:100000 >SEN fx",
        Reason::FxRateMissing,
        "KPay gave no usable rate from XAF to XOF",
        "KPay gives a fresh rate from XAF to XOF; this slot stays open for it",
    ),
];

#[test]
fn every_reason_says_its_figures_and_its_remedy() {
    for (lines, reason, detail, would_move_if) in CASES {
        let scene = Scene::read(&lines.replace("SWEEP", SWEEP));
        let plan = scene.plan();
        scene.assert_sound(&plan);
        let skip = plan.policies.iter().flat_map(|policy| &policy.skipped).next_back().unwrap();
        assert_eq!(skip.reason, reason, "{lines}");
        assert_eq!((skip.detail.as_str(), skip.would_move_if.as_str()), (detail, would_move_if), "{lines}");
    }
}

/// The reasons that the present policies and the present records can give.
#[test]
fn every_reason_that_applies_has_a_case() {
    let told: BTreeSet<&str> = CASES.iter().map(|(_, reason, _, _)| reason.word()).collect();
    let applying = [
        "already_done",
        "balance_stale",
        "below_minimum",
        "below_trigger",
        "disabled",
        "fx_not_allowed",
        "fx_rate_missing",
        "holiday",
        "lane_open",
        "lane_taken",
        "limit_reached",
        "missed",
        "not_due",
        "paused",
        "reserve",
        "shadow",
        "wallet_frozen",
        "wallet_missing",
    ];
    assert_eq!(told.into_iter().collect::<Vec<_>>(), applying);
}
