//! What people read: for each reason that applies today, the figures and what would change it.

use super::scene::Scene;
use crate::plan::Reason;
use std::collections::BTreeSet;

const FILL: &str = "wallets SEN=150000 CIV=300000 CMR=1200000 BEN=0
    rate XAF/XOF=1.01
    policy p fx ^SEN:200000:500000 CMR:1000000 CIV:0";
const SWEEP: &str = "wallets GAB=330000 CMR=0\npolicy p GAB:250000:100000 >CMR";

/// Scene, reason, detail, `would_move_if`.
const CASES: [(&str, Reason, &str, &str); 59] = [
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
        "wallets GAB=105900 CMR=0\npolicy p GAB:100000:100000 >CMR min=5000 round=2000",
        Reason::BelowMinimum,
        "5 900 XAF could leave GAB, 4 000 XAF of it in multiples of `round_down_to`, less than the 5 000 XAF of \
         `min_transfer`",
        "at least 100 XAF arrives in GAB",
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
        "SWEEP\nfrozen GAB=120000 S-1h",
        Reason::WalletFrozen,
        "GAB is frozen since 2026-11-24T16:00:00Z: it fell by 120 000 XAF more than our own moves explain, from 500 000 XAF \
         to 380 000 XAF",
        "somebody who may (`treasuryd status` says who) looks into it and releases it: `treasuryd release GAB --by NAME \
         --note TEXT`",
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
    (
        "SWEEP share=50% min=120000",
        Reason::BelowMinimum,
        "115 000 XAF could leave GAB, less than the 120 000 XAF of `min_transfer`",
        "at least 10 000 XAF arrives in GAB",
    ),
    (
        "SWEEP fixed=240000",
        Reason::SourceShort,
        "GAB has 230 000 XAF over its floor, less than the 240 000 XAF of `fixed`",
        "at least 10 000 XAF arrives in GAB",
    ),
    (
        "SWEEP fixed=200000 min=200001",
        Reason::BelowMinimum,
        "the policy's amount is 200 000 XAF, less than the 200 001 XAF of `min_transfer`",
        "the policy's amount is at least 200 001 XAF",
    ),
    (
        "SWEEP fixed=200000 round=3000",
        Reason::BelowMinimum,
        "200 000 XAF cannot be sent to the last unit in transfers that KPay and `limits` allow",
        "the policy's `fixed` is a multiple of `round_down_to` and leaves no part under KPay's smallest transfer",
    ),
    (
        "SWEEP fixed=200000 slot=199999",
        Reason::LimitReached,
        "`max_per_slot` is 199 999 XAF and 0 XAF of it is used in this slot; 200 000 XAF wait in GAB",
        "the next slot comes, or `max_per_slot` is raised",
    ),
    (
        "wallets GAB=10000001 CMR=0\npolicy p GAB:0:0 >CMR min=10000001",
        Reason::BelowMinimum,
        "10 000 000 XAF could leave GAB, less than the 10 000 001 XAF of `min_transfer`",
        "at least 99 XAF arrives in GAB",
    ),
    (
        "SWEEP canary=0.01%",
        Reason::BelowMinimum,
        "a canary moves at most 23 XAF of the 230 000 XAF, less than the 100 XAF that can be sent",
        "`canary` allows at least 100 XAF, or `mode: live` is set for the policy",
    ),
    (
        "SWEEP\nreserve GAB=330000 during 24..2",
        Reason::Reserve,
        "GAB has 330 000 XAF, all of it needed for its reserve of 330 000 XAF",
        "anything more arrives in GAB, or its reserve is lowered",
    ),
    (
        "SWEEP\nhold GAB>CMR=230000 awaiting_approval",
        Reason::AwaitingApproval,
        "TRD-HOLD-0 over 230 000 XAF waits for approval and holds GAB>CMR",
        "TRD-HOLD-0 is approved or rejected before the next slot (`treasuryd approve TRD-HOLD-0`)",
    ),
    (
        "wallets GAB=330000 SEN=0\npolicy p GAB:250000:100000 >SEN fx spread=1.5%\nrate XAF/XOF=0.9847",
        Reason::FxSpread,
        "KPay's rate from XAF to XOF is 0.9847, 153 basis points under 1 (the peg to the euro); `max_spread` is 1.5%",
        "KPay's rate is from 0.985 to 1.015 at the next slot, or `max_spread` is raised",
    ),
    (
        "wallets GAB=330000 SEN=0\npolicy p GAB:250000:100000 >SEN fx spread=1% ref=XOF/XAF:0.8\nrate XAF/XOF=1.3",
        Reason::FxSpread,
        "KPay's rate from XAF to XOF is 1.3, 400 basis points over 1 ÷ 0.8 (written in the policy); `max_spread` is 1%",
        "KPay's rate times 0.8 is from 0.99 to 1.01 at the next slot, or `max_spread` is raised",
    ),
    (
        "wallets GAB=330000 KEN=0\npolicy p GAB:250000:100000 >KEN fx spread=1%\nrate XAF/KES=0.2215",
        Reason::FxRateMissing,
        "there is nothing to compare KPay's rate of 0.2215 from XAF to KES with",
        "a rate is written as the reference, e.g. `reference: { XAF/KES: 0.2215 }`",
    ),
    (
        "FILL\nwallets SEN=250000",
        Reason::BelowTrigger,
        "SEN has 250 000 XOF, not less than the 200 000 XOF of `below`",
        "more than 50 000 XOF leaves SEN",
    ),
    (
        "FILL\nhold BEN>SEN=50000 planned",
        Reason::BelowTrigger,
        "SEN has 200 000 XOF, counting 50 000 XOF on its way in, not less than the 200 000 XOF of `below`",
        "anything leaves SEN",
    ),
    (
        "FILL\nwallets CMR=9000000",
        Reason::BelowTrigger,
        "SEN needs nothing from CIV: the sources before it bring it to 500 000 XOF",
        "the sources before it give less, or `to` is raised",
    ),
    (
        "FILL\nwallets CIV=0",
        Reason::SourceShort,
        "CIV has 0 XOF, not more than the 0 XOF that stay in it",
        "anything more arrives in CIV",
    ),
    (
        "FILL\nwallets CIV=100000",
        Reason::SourceShort,
        "SEN still lacks 48 000 XOF that no source can give now",
        "more arrives in CMR or CIV",
    ),
    (
        "FILL\nreserve CIV=300000",
        Reason::Reserve,
        "CIV has 300 000 XOF, all of it needed for its reserve of 300 000 XOF",
        "anything more arrives in CIV, or its reserve is lowered",
    ),
    (
        "FILL\nwallets CMR=1346437",
        Reason::BelowMinimum,
        "99 XOF is all that SEN lacks, less than the 100 XOF of KPay's smallest transfer",
        "SEN lacks at least 100 XOF",
    ),
    (
        "FILL\nhold KEN>SEN=100 planned ?",
        Reason::FxRateMissing,
        "TRD-HOLD-0 is still on its way, and without a rate nobody knows what it brings into SEN",
        "TRD-HOLD-0 is settled (`treasuryd transfers show TRD-HOLD-0`); this slot stays open for it",
    ),
    (
        "FILL\ninflow SEN S+1h",
        Reason::BalanceStale,
        "the reading of SEN is older than our last transfer into it",
        "SEN is read again; this slot stays open for it",
    ),
    (
        "wallets CMR=500000 GAB=500000\npolicy p CMR:50% GAB:50% tol=5%",
        Reason::WithinTolerance,
        "GAB has its 50%, CMR has its 50%, and no share is off by more than 5% of the 1 000 000 XAF",
        "a share is off by more than 5%",
    ),
];

#[test]
fn every_reason_says_its_figures_and_its_remedy() {
    for (lines, reason, detail, would_move_if) in CASES {
        let scene = Scene::read(&lines.replace("SWEEP", SWEEP).replace("FILL", FILL));
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
        "awaiting_approval",
        "balance_stale",
        "below_minimum",
        "below_trigger",
        "disabled",
        "fx_not_allowed",
        "fx_rate_missing",
        "fx_spread",
        "holiday",
        "lane_open",
        "lane_taken",
        "limit_reached",
        "missed",
        "not_due",
        "paused",
        "reserve",
        "shadow",
        "source_short",
        "wallet_frozen",
        "wallet_missing",
        "within_tolerance",
    ];
    assert_eq!(told.into_iter().collect::<Vec<_>>(), applying);
}
