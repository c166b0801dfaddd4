//! The one table of all faults. The command line prints it (`--fault help`), errors end with its names, and a test parses every
//! example in it.

use std::fmt::Write as _;

/// One row: how it is written, one that works, and what it does.
pub(super) struct Row {
    pub(super) form: &'static str,
    pub(super) example: &'static str,
    pub(super) does: &'static str,
}

const fn row(form: &'static str, example: &'static str, does: &'static str) -> Row {
    Row { form, example, does }
}

pub(super) const ROWS: &[Row] = &[
    row("ok", "ok=2", "nothing: lets requests through before the next rule"),
    row("lost-before", "lost-before", "connection reset, nothing processed (webhook: never sent)"),
    row("lost-after-apply", "lost-after-apply=3", "processed, then reset without a byte of reply"),
    row(
        "http-NNN[-before|-after]",
        "http-500-after=2",
        "KPay's error envelope with that status, before or after processing",
    ),
    row("html-NNN[-before|-after]", "html-504-after", "the same as a gateway's HTML page"),
    row(
        "status=NNN[-before|-after]",
        "status=202-after",
        "any status from 200 to 999; 2xx after processing keeps the real body",
    ),
    row(
        "429[-after][=SECONDS|date[:SECONDS]|none|TEXT]",
        "429=2@3",
        "rate limited; Retry-After in seconds, as a date, absent, or TEXT as it stands (A|B: two headers)",
    ),
    row("401", "401", "the bearer token is forgotten: 401 (also `expired-token`)"),
    row("expired-token", "expired-token", "the same as 401"),
    row(
        "redirect=URL[:STATUS]",
        "redirect=http://127.0.0.1:9/x:302",
        "not processed, sent elsewhere with 301, 302, 303, 307 (default) or 308",
    ),
    row(
        "message=[STATUS:]TEXT",
        "message=500:go away",
        "not processed, refused with TEXT as the message (default 400)",
    ),
    row("hang", "hang", "processed, then no reply until the caller gives up (60 s at most)"),
    row("hang-before", "hang-before", "the same without processing"),
    row("late-apply=MILLIS", "late-apply=500", "reset now, processed so much later on the sandbox's clock"),
    row(
        "conflict-pending[=N]",
        "conflict-pending=2",
        "taken in and reset (a transfer or, with withdraw:, a payout); its money is held, its id answers 409 N times (default 1), then it is dropped unapplied",
    ),
    row("duplicate", "duplicate", "processed twice; the second answer is sent (webhook: sent twice)"),
    row("late=MILLIS", "late=2000", "a webhook alone: sent so much later on the sandbox's clock, after newer ones"),
    row("forged", "forged", "a webhook alone: signed with another secret"),
    row(
        "cut-body[=BYTES]",
        "cut-body=10",
        "processed; the body ends after so many bytes (default half) and the connection closes",
    ),
    row("empty-201", "empty-201", "processed; a success is answered 201 without a body"),
    row("html-201", "html-201", "processed; a success is answered 201 with an HTML page"),
    row("wrong-field=FIELD[:VALUE]", "wrong-field=externalId", "processed; one field of the 201 is changed"),
    row("slow=MILLIS", "slow=200", "processed; the reply waits"),
    row("slow-loris=MILLIS", "slow-loris=10", "processed; one byte of the reply every so often"),
    row("nested", "nested", "processed; the body is 200,000 nested arrays"),
    row("huge-body[=MIB]", "huge-body=8", "processed; so many MiB of blanks before the body (default 64)"),
    row("gzip-bomb[=MIB]", "gzip-bomb=8", "processed; a gzip body that inflates to so many MiB of blanks (default 64)"),
    row(
        "endless-headers",
        "endless-headers",
        "processed; header after header until the caller gives up (64 MiB at most)",
    ),
    row(
        "swap-reply",
        "swap-reply",
        "processed; answered with the reply to the transfer before it, as a desynchronised connection does",
    ),
    row("fee=PERCENT%", "fee=1%", "applied; an undocumented fee is debited on top (withdraw: taken instead of 5 %)"),
    row("rate-moves=RATE", "rate-moves=1.0200", "applied at this rate instead of the shown one"),
    row("stale-balance=K", "stale-balance=2", "balances as they were K readings ago"),
    row("drop-wallet=CCC", "drop-wallet=GAB", "the wallet is missing"),
    row("bad-balance=CCC:TEXT", "bad-balance=GAB:1e400", "TEXT, raw, in the place of its balance"),
    row("negative=CCC", "negative=GAB", "its balance is shown below zero"),
    row("swap-currency=CCC:XXX", "swap-currency=GAB:XOF", "its currency is shown as another"),
    row("duplicate-row=CCC", "duplicate-row=GAB", "the wallet stands there twice"),
    row("no-rate", "no-rate", "the exchange rate answers 404"),
    row("bad-rate=TEXT", "bad-rate=-1", "TEXT, raw, in the place of the rate"),
    row("inverted-rate", "inverted-rate", "the rate of the other direction"),
    row("env-flip", "env-flip", "`me` and the token name the other environment"),
    row("expires-in=JSON", "expires-in=1800", "JSON, raw, in the place of the token's expiresIn"),
];

const NOTES: &str = "\
Written [ENDPOINT:]NAME[=ARGS][@TIMES]. ENDPOINT: transfer, withdraw (the request), withdrawal (the look at one),
availability, balances (overview and balance), balance, overview, rate, token, me, identity (me and token), any of these, and
webhook (those that the sandbox sends); by default the one the fault is about, else transfer. TIMES: a count (default 1), `always`,
`every:N`, or `p:0.05` (by chance, from --seed). A fault without arguments takes TIMES after `=` as well: lost-after-apply=3.
Rules are asked in order; the first that is due is played alone. Requests refused for their keys or by the rate limit ask none.
";

/// All faults as a table for people.
#[must_use]
pub fn fault_table() -> String {
    let mut text = String::from(NOTES);
    for row in ROWS {
        // Writing into a String cannot fail.
        let _ = write!(text, "\n  {:<50} {}\n  {:<50} e.g. --fault '{}'", row.form, row.does, "", row.example);
    }
    text.push('\n');
    text
}

/// The forms alone, for an error.
pub(super) fn forms() -> String {
    ROWS.iter().map(|row| row.form).collect::<Vec<_>>().join(", ")
}
