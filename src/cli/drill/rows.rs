//! The rows that are played, by their names in the fault catalogue.

use super::judge::{Stands, judge};
use super::stage::Stage;
use super::{hostile, plays};

/// How often `once` may be needed until nothing is open.
const MOST_RUNS: usize = 4;

/// 30,000 of Gabon's 130,000 into Cameroon.
const SWEEP: &str = "sweep: { from: [GAB], into: CMR, above: 100_000 XAF }";
/// 50,000 of Cameroon's 150,000 to a number; KPay completes it.
const PAYOUT: &str =
    "payout: { from: CMR, to: { provider: MTN_MOMO_CMR, phone: \"237653456789\" }, above: 100_000 XAF }";
/// To one that does not exist.
const PAYOUT_TO_NOBODY: &str =
    "payout: { from: CMR, to: { provider: MTN_MOMO_CMR, phone: \"237653456089\" }, above: 100_000 XAF }";
/// To one whose payout is under way until somebody ends it.
const PAYOUT_UNDER_WAY: &str =
    "payout: { from: CMR, to: { provider: MTN_MOMO_CMR, phone: \"237653456129\" }, above: 100_000 XAF }";

/// A row of the drill.
pub(super) struct Row {
    /// Its name in the fault catalogue.
    pub(super) id: &'static str,
    /// The fault, for people.
    pub(super) played: &'static str,
    /// What has to become of it, for people.
    pub(super) expected: &'static str,
    /// The rule of its one policy.
    pub(super) rule: &'static str,
    /// The sandbox's faults at its beginning.
    pub(super) faults: &'static [&'static str],
    /// How it goes.
    pub(super) how: How,
}

/// How a row goes.
pub(super) enum How {
    /// `once` until nothing is open; the movement must be in that state after so many requests.
    Replies { state: &'static str, requests: usize, stands: Stands },
    /// By hand; what happened.
    Play(fn(&mut Stage<'_>) -> Result<String, String>),
}

const MOVED: Stands = Stands { moved: 1, paid: 0, called: 0 };

/// A transfer that is applied whatever came back, after so many requests.
const fn applied(
    id: &'static str,
    played: &'static str,
    expected: &'static str,
    faults: &'static [&'static str],
    requests: usize,
) -> Row {
    Row { id, played, expected, rule: SWEEP, faults, how: How::Replies { state: "applied", requests, stands: MOVED } }
}

const fn play(
    id: &'static str,
    played: &'static str,
    expected: &'static str,
    faults: &'static [&'static str],
    play: fn(&mut Stage<'_>) -> Result<String, String>,
) -> Row {
    Row { id, played, expected, rule: SWEEP, faults, how: How::Play(play) }
}

/// All of them, in the catalogue's order.
pub(super) const ROWS: &[Row] = &[
    applied(
        "a01",
        "a transfer's reply is lost after KPay applied it",
        "asked again with the same bytes; the 409 proves it; moved once",
        &["lost-after-apply"],
        2,
    ),
    Row {
        id: "a01",
        played: "a payout's reply is lost after KPay took it in hand",
        expected: "asked again with the same bytes; paid once; a person is called for its end",
        rule: PAYOUT,
        faults: &["withdraw:lost-after-apply"],
        how: How::Replies { state: "needs_operator", requests: 2, stands: Stands { moved: 0, paid: 1, called: 1 } },
    },
    play(
        "a02",
        "nobody listens at KPay's address",
        "exit 75 and nothing moved; moved once when it is back",
        &[],
        plays::away,
    ),
    applied(
        "a03",
        "the connection is cut before KPay took the transfer in",
        "asked again with the same bytes; moved once",
        &["lost-before"],
        2,
    ),
    applied(
        "a04",
        "the body of the success ends after 100 bytes",
        "no success, no failure; asked again; moved once",
        &["cut-body=100"],
        2,
    ),
    applied(
        "a05",
        "the success names another amount",
        "not believed; asked again; booked with our amount",
        &["wrong-field=amount"],
        2,
    ),
    applied("a06", "a success with an HTML page for a body", "not believed; asked again; moved once", &["html-201"], 2),
    applied(
        "a07",
        "503 after KPay applied it, then 504 with a gateway's HTML page",
        "never called failed; asked until the 409 proves it; moved once",
        &["http-503-after", "html-504-after"],
        3,
    ),
    applied(
        "a08",
        "500 twice before KPay applied it",
        "asked again until it succeeds; moved once",
        &["http-500-before=2"],
        3,
    ),
    play(
        "a09",
        "the reply is lost, KPay answers 503 to the rest, and treasuryd is started anew",
        "unknown until the 409 of a later start proves it; moved once",
        &["lost-after-apply", "http-503-before=always"],
        plays::restarted,
    ),
    play(
        "a10",
        "the id was used for another amount, by a state that is lost",
        "the 409 on a first attempt books nothing; a person is called",
        &[],
        plays::somebody_elses_id,
    ),
    play(
        "a11",
        "KPay still works on the transfer of a state that is lost: 409, and then it drops it",
        "the 409 on a first attempt books nothing; a person is called; no other id",
        &["conflict-pending=2"],
        plays::still_running,
    ),
    Row {
        id: "a14",
        played: "a payout is taken in hand, and fails at the operator",
        expected: "rejected with its money back, and not sent again",
        rule: PAYOUT_TO_NOBODY,
        faults: &[],
        how: How::Replies { state: "rejected", requests: 1, stands: Stands { moved: 0, paid: 0, called: 0 } },
    },
    applied(
        "a16",
        "the reply does not come within the time-out",
        "unknown, then asked again; moved once",
        &["hang"],
        2,
    ),
    applied(
        "a17",
        "headers without end, then a body without end",
        "cut off, no success, no failure; asked again; moved once",
        &["endless-headers", "huge-body"],
        3,
    ),
    Row {
        id: "a18",
        played: "a gateway on the way delivers the transfer twice",
        expected: "the 409 on a first attempt books nothing; a person is called; moved once",
        rule: SWEEP,
        faults: &["duplicate"],
        how: How::Replies { state: "needs_operator", requests: 1, stands: Stands { moved: 1, paid: 0, called: 1 } },
    },
    play(
        "b01",
        "429 twice, with a Retry-After of two seconds",
        "waits as long as it was told; moved once",
        &["429=2@2"],
        plays::told_to_wait,
    ),
    applied("b03", "429 after KPay applied it", "asked again under the same id; moved once", &["429-after=1"], 2),
    applied("b04", "401: the token has ended", "a new token, and the same bytes; moved once", &["401"], 2),
    play(
        "b06",
        "the keys are revoked while money moves",
        "a handful of requests and no more; it goes on once they are taken again",
        &[],
        hostile::revoked,
    ),
    play(
        "c05",
        "a wallet stands twice in KPay's answer",
        "nothing is decided on it; moved once when it is right again",
        &["balances:duplicate-row=GAB@always"],
        plays::misread,
    ),
    play(
        "c08",
        "a stranger takes money out of a wallet at KPay's own site",
        "the wallet is frozen; nothing new leaves it until the named person releases it",
        &[],
        hostile::emptied,
    ),
    play(
        "c09",
        "KPay shows a hundred times what a wallet holds",
        "not believed: nothing leaves the wallet until KPay shows what it holds again",
        &[],
        hostile::inflated,
    ),
    play(
        "d01",
        "kill -9 after KPay applied the transfer, before its reply",
        "asked again at the next start; moved once",
        &["hang"],
        plays::killed,
    ),
    play(
        "d01",
        "kill -9 while the request is under way and not yet applied",
        "asked again at the next start; moved once",
        &["hang-before"],
        plays::killed,
    ),
    Row {
        id: "d01",
        played: "kill -9 while KPay has a payout in hand",
        expected: "asked how it stands at the next start; sent once, paid once",
        rule: PAYOUT_UNDER_WAY,
        faults: &[],
        how: How::Play(plays::killed_in_hand),
    },
    play(
        "d03",
        "the state is wiped after a transfer, and fresh money comes in",
        "the slot moves nothing again; a person is called",
        &[],
        plays::wiped,
    ),
    play(
        "d05",
        "an old state is put back from its backup",
        "the slot that it forgot moves nothing again; a person is called",
        &[],
        plays::put_back,
    ),
    play(
        "d06",
        "a second treasuryd with a state of its own, after fresh money came in",
        "the same slot has the same id; the 409 calls a person there; moved once",
        &[],
        hostile::twin,
    ),
    play("d07", "a second treasuryd on one state", "it ends with 77; the first one goes on", &[], plays::second),
    play(
        "d10",
        "one bit of the journal is flipped",
        "77 for everything that could move money, until it is put right",
        &[],
        plays::flipped,
    ),
    play(
        "d13",
        "SIGTERM while a transfer is under way",
        "its reply is waited for and recorded; nothing new is sent; exit 0",
        &["slow=1000"],
        plays::terminated,
    ),
    play(
        "f02",
        "a policy file that is half written",
        "the old rules stay in force until it is whole",
        &[],
        plays::half_written,
    ),
    play(
        "f12",
        "a policy file that everybody may write to",
        "78 before KPay is asked; moved once when it is put right",
        &[],
        hostile::writable,
    ),
    play(
        "g01",
        "the transfer is answered with a redirect to another address",
        "not followed; asked again; moved once",
        &[],
        hostile::redirected,
    ),
    Row {
        id: "g11",
        played: "webhooks without signature, forged, too early, and twice, while KPay has a payout in hand",
        expected: "refused, or a hint to ask: only KPay's answer ends it; paid once",
        rule: PAYOUT_UNDER_WAY,
        faults: &[],
        how: How::Play(hostile::webhooks),
    },
    play(
        "h02",
        "the kill switch while money moves",
        "nothing is sent a second after `pause`, until `resume`",
        &[],
        plays::kill_switch,
    ),
];

/// Plays a row on its stage: what happened, or what was wrong.
pub(super) fn play_out(row: &Row, stage: &mut Stage<'_>) -> Result<String, String> {
    match &row.how {
        How::Replies { state, requests, stands } => {
            let found = settle(stage)?;
            let posts = stage.posts()?.len();
            if (found.as_str(), posts) != (*state, *requests) {
                return Err(format!("{found} after {posts} requests; expected was {state} after {requests}"));
            }
            let verdict = judge(stage, *stands)?;
            let times = match posts {
                1 => "once".to_owned(),
                2 => "twice".to_owned(),
                more => format!("{more} times"),
            };
            Ok(format!("{found}, asked {times}; {verdict}"))
        }
        How::Play(play) => play(stage),
    }
}

/// `once` until the one movement there is has ended, or a person's; its state.
fn settle(stage: &mut Stage<'_>) -> Result<String, String> {
    for _ in 0..MOST_RUNS {
        let ended = stage.once()?;
        let intents = stage.intents()?;
        let [one] = &intents[..] else {
            let said = crate::model::tame(ended.stderr.trim(), 200);
            return Err(format!("{} movements were decided, and not one: {said}", intents.len()));
        };
        if !["planned", "sending", "unknown"].contains(&one.state.as_str()) {
            return Ok(one.state.clone());
        }
    }
    Err(format!("still open after {MOST_RUNS} runs"))
}

#[cfg(test)]
mod tests {
    use super::super::stage::Grounds;
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_rows_are_in_order_and_their_faults_can_be_played() {
        let ids: Vec<&str> = ROWS.iter().map(|row| row.id).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        for fault in ROWS.iter().flat_map(|row| row.faults) {
            let rule: Result<crate::sandbox::Rule, _> = fault.parse();
            assert!(rule.is_ok(), "{fault}");
        }
        let told: std::collections::BTreeSet<&str> = ROWS.iter().map(|row| row.played).collect();
        assert_eq!(told.len(), ROWS.len(), "each row says what it plays");
    }

    /// Programs in treasuryd's place: one says that all is well and does nothing, the other refuses everything.
    #[test]
    fn no_row_holds_for_a_program_that_moves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        for (name, script) in [("idle", "#!/bin/sh\necho '[]'\n"), ("stubborn", "#!/bin/sh\nexit 77\n")] {
            let program = folder.path().join(name);
            std::fs::write(&program, script).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
            let stop = tokio::sync::watch::channel(false).1;
            let grounds = Grounds { program: &program, runtime: runtime.handle(), stop };
            for row in ROWS {
                let mut stage = Stage::open(&grounds, row).unwrap();
                let happened = play_out(row, &mut stage);
                assert!(happened.is_err(), "{}, {}: {happened:?}", row.id, row.played);
            }
        }
    }
}
