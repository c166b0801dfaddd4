//! The contract's words in plain English. A word this program does not know is shown as it is.

use super::format::outside;

/// How loud a word is; the name of its class in the style sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Quiet,
    Good,
    Warn,
    Bad,
}

impl Tone {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A word with its tone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Badge {
    pub(super) word: String,
    pub(super) class: &'static str,
}

impl Badge {
    pub(super) fn new(word: &str, tone: Tone) -> Self {
        Self { word: word.to_owned(), class: tone.class() }
    }
}

/// An outcome of CONTRACT 1.
pub(super) fn outcome(state: &str) -> Badge {
    let (word, tone) = match state {
        "planned" => ("planned", Tone::Quiet),
        "awaiting_approval" => ("waits for approval", Tone::Warn),
        "sending" => ("sending", Tone::Quiet),
        "applied" => ("applied", Tone::Good),
        "rejected" => ("refused", Tone::Quiet),
        "unknown" => ("unknown", Tone::Warn),
        "needs_operator" => ("needs a person", Tone::Bad),
        "cancelled" => ("cancelled", Tone::Quiet),
        other => return Badge::new(&outside(other), Tone::Warn),
    };
    Badge::new(word, tone)
}

/// What an open outcome means for the money.
pub(super) fn meaning(state: &str) -> &'static str {
    match state {
        "planned" => "Decided and written down; nothing has been sent yet.",
        "awaiting_approval" => "Decided, but over the amount that needs a second person. Nothing has been sent.",
        "sending" => "An attempt is under way.",
        "unknown" => {
            "Nobody knows yet whether money moved; treasuryd keeps asking. Until it knows, the amount and the lane \
             are held. There is nothing to do, and nothing to send by hand."
        }
        "needs_operator" => "Only a person can tell whether money moved. Nothing is booked until then.",
        "applied" => {
            "Its money moved and it holds nothing, but the reply was lost: the books lack its rate and what arrived."
        }
        _ => "",
    }
}

/// How it is known that money moved.
pub(super) fn evidence(word: &str) -> String {
    match word {
        "response" => "KPay confirmed it".to_owned(),
        "conflict" => "KPay already had this id (409)".to_owned(),
        "status" => "KPay's status of the withdrawal".to_owned(),
        "balance" => "the balance shows it".to_owned(),
        "operator" => "recorded by a person".to_owned(),
        other => outside(other),
    }
}

/// A reason of CONTRACT 6, its underscores as spaces.
pub(super) fn reason(word: &str) -> String {
    let text = word.replace('_', " ");
    text.strip_prefix("fx ").map_or_else(|| text.clone(), |rest| format!("FX {rest}"))
}
