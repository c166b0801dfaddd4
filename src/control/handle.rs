//! Requests and what they do.

use crate::daemon::view::{ApprovalView, FxView, StatusView, TransferView};
use crate::daemon::{
    AcceptRequest, ApprovalRequest, Engine, EngineError, FindingRequest, MoveRequest, Moved, ReleaseRequest, WishError,
    doors::BankError,
};
use crate::intent::{Event, Tracked, Withdrawal};
use crate::journal;
use crate::model::{ApplicationId, Environment, ExternalId, Timestamp, tame};
use crate::plan::Plan;
use crate::plan::why::{Answer, Subject};
use serde::{Deserialize, Serialize};
use std::path::Path;
use tokio::task::block_in_place;

/// A request, and whose money the configuration of the command that makes it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// `kpay.environment`.
    pub environment: Environment,
    /// `kpay.application_id`, where it says one.
    pub application_id: Option<ApplicationId>,
    /// What is asked.
    pub request: Request,
}

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// `status`.
    Status,
    /// `plan`.
    Plan {
        /// `--at`.
        at: Option<Timestamp>,
        /// `--policy`.
        policy: Option<String>,
    },
    /// `why WALLET|LANE`.
    Why {
        /// What is asked about.
        subject: Subject,
        /// `--at`.
        at: Option<Timestamp>,
        /// `--policy`.
        policy: Option<String>,
    },
    /// `transfers list`.
    Transfers,
    /// `transfers show ID`.
    Transfer {
        /// The external id.
        external_id: String,
    },
    /// `payout verify-return`, once the address was found good: what KPay says of that payout.
    Confirm {
        /// The external id.
        external_id: String,
    },
    /// `transfers resolve ID`.
    Resolve {
        /// The finding.
        finding: FindingRequest,
    },
    /// `transfer FROM TO AMOUNT`.
    Move {
        /// What a person asks for.
        wish: MoveRequest,
    },
    /// `approve ID` and `reject ID`.
    Approve {
        /// Who says what.
        wish: ApprovalRequest,
    },
    /// `policies accept HASH`.
    AcceptPolicies {
        /// Who accepts what.
        wish: AcceptRequest,
    },
    /// `release WALLET`.
    Release {
        /// Who releases what.
        wish: ReleaseRequest,
    },
    /// `pause`.
    Pause {
        /// One policy, or everything.
        policy: Option<String>,
        /// Who.
        by: Option<String>,
    },
    /// `resume`.
    Resume {
        /// One policy, or everything.
        policy: Option<String>,
        /// Who.
        by: Option<String>,
    },
}

impl Request {
    /// Its name, for the log.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Plan { .. } => "plan",
            Self::Why { .. } => "why",
            Self::Transfers => "transfers list",
            Self::Transfer { .. } => "transfers show",
            Self::Confirm { .. } => "payout verify-return",
            Self::Resolve { .. } => "transfers resolve",
            Self::Move { wish } if wish.dry_run => "a dry run",
            Self::Move { .. } => "a move by hand",
            Self::Approve { .. } => "approve or reject",
            Self::AcceptPolicies { .. } => "policies accept",
            Self::Release { .. } => "release",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
        }
    }

    /// Whether anything is other afterwards: then the log says which user of the machine asked.
    #[must_use]
    pub fn changes_something(&self) -> bool {
        match self {
            Self::Status
            | Self::Plan { .. }
            | Self::Why { .. }
            | Self::Transfers
            | Self::Transfer { .. }
            | Self::Confirm { .. } => false,
            Self::Move { wish } => !wish.dry_run,
            Self::Resolve { .. }
            | Self::Approve { .. }
            | Self::AcceptPolicies { .. }
            | Self::Release { .. }
            | Self::Pause { .. }
            | Self::Resume { .. } => true,
        }
    }
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// The status.
    Status(Box<StatusView>),
    /// The plan.
    Plan(Plan),
    /// Why lanes move or do not.
    Why(Box<Answer>),
    /// All intents, oldest first.
    Transfers(Vec<TransferView>),
    /// One intent and its records.
    Transfer(Box<TransferStory>),
    /// What KPay says of a payout.
    Withdrawal(Box<Withdrawal>),
    /// What became of a move by hand.
    Moved(Moved),
    /// Done; a sentence for the person.
    Done(String),
    /// Not done.
    Failed {
        /// An exit code of CONTRACT 2.
        exit: u8,
        /// Why, and what to do.
        message: String,
    },
}

/// One intent with everything the journal says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferStory {
    /// As in the list.
    pub transfer: TransferView,
    /// Whose approval it waited or waits for; `None`: nobody's.
    pub approval: Option<ApprovalView>,
    /// The applied rate beside what it was compared with; `None` within one currency and while nobody gave it.
    pub fx: Option<FxView>,
    /// Its records, oldest first.
    pub history: Vec<StoryLine>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryLine {
    /// Journal sequence.
    pub seq: u64,
    /// Journal time.
    pub at: Timestamp,
    /// The event's name.
    pub event: String,
    /// What it said.
    pub detail: String,
}

/// Carries out a request of a command's, where its configuration is about the same money as the daemon's.
pub async fn answer(engine: &Engine, asked: Asked) -> Response {
    let Asked { environment, application_id, request } = asked;
    let ours = engine.environment();
    let known = engine.store().with_state(|state| state.identity.clone());
    let is_ours = known.as_ref().is_none_or(|known| known.is_of(environment, application_id.as_ref()));
    if environment == ours && is_ours {
        return handle(engine, request).await;
    }
    let whose = |environment: Environment, application: Option<&ApplicationId>| match application {
        Some(application) => format!("{environment} application {application}"),
        None => environment.to_string(),
    };
    let message = format!(
        "the daemon on the control socket works for {}, but the configuration says {}: nothing was done; use the daemon's \
         own configuration, or another control.socket",
        whose(ours, known.as_ref().map(|known| &known.application_id)),
        whose(environment, application_id.as_ref())
    );
    Response::Failed { exit: 77, message }
}

/// Carries out a request.
pub async fn handle(engine: &Engine, request: Request) -> Response {
    match request {
        Request::Status => Response::Status(Box::new(engine.status())),
        Request::Plan { at, policy } => plan(engine, at, policy.as_deref()).await,
        Request::Why { subject, at, policy } => match engine.explain(subject, at, policy.as_deref()).await {
            Ok(answer) => Response::Why(Box::new(answer)),
            Err(error) => not_planned(&error),
        },
        Request::Transfers => match block_in_place(|| engine.store().history(None)) {
            Ok(mut history) => {
                history.reverse();
                Response::Transfers(history.iter().map(TransferView::from).collect())
            }
            Err(error) => failed(77, &error),
        },
        Request::Transfer { external_id } => block_in_place(|| story(engine, &external_id)),
        Request::Confirm { external_id } => match engine.confirm(&external_id).await {
            Ok(said) => Response::Withdrawal(Box::new(said)),
            Err(error) => wish_failed(&error),
        },
        Request::Resolve { finding } => match engine.resolve(&finding).await {
            Ok(view) => Response::Done(format!("{} is {} now", view.external_id, view.state)),
            Err(error) => wish_failed(&error),
        },
        Request::Move { wish } => match engine.request(&wish).await {
            Ok(moved) => Response::Moved(moved),
            Err(error) => wish_failed(&error),
        },
        Request::Approve { wish } => done(engine.approve(&wish).await),
        Request::AcceptPolicies { wish } => done(engine.accept(&wish).await),
        Request::Release { wish } => done(engine.release(&wish).await),
        Request::Pause { policy, by } => done(engine.pause(policy, by).await),
        Request::Resume { policy, by } => done(engine.resume(policy, by).await),
    }
}

async fn plan(engine: &Engine, at: Option<Timestamp>, policy: Option<&str>) -> Response {
    match engine.preview(at, policy).await {
        Ok(plan) => Response::Plan(plan),
        Err(error) => not_planned(&error),
    }
}

fn not_planned(error: &EngineError) -> Response {
    match error {
        EngineError::Bank(BankError::Unavailable(text) | BankError::UsedUp(text)) => {
            Response::Failed { exit: 75, message: text.clone() }
        }
        error => failed(77, error),
    }
}

fn story(engine: &Engine, external_id: &str) -> Response {
    let id = ExternalId::from_text(external_id);
    let tracked = match engine.store().find(&id) {
        Ok(Some(tracked)) => tracked,
        Ok(None) => {
            let shown = tame(external_id, 60);
            let message = format!("there is no transfer {shown}; see `treasuryd transfers list`");
            return Response::Failed { exit: 1, message };
        }
        Err(error) => return failed(77, &error),
    };
    match story_of(engine.store().dir(), &tracked) {
        Ok(story) => Response::Transfer(Box::new(story)),
        Err(error) => failed(77, &error),
    }
}

/// An intent with everything the journal in `dir` says of it.
///
/// # Errors
/// [`journal::StoreError`] where the journal cannot be read.
pub fn story_of(dir: &Path, tracked: &Tracked) -> Result<TransferStory, journal::StoreError> {
    let history = lines_of(journal::records(dir)?, &tracked.intent.external_id)?;
    Ok(TransferStory {
        transfer: TransferView::from(tracked),
        approval: ApprovalView::of(tracked),
        fx: FxView::of(tracked),
        history,
    })
}

fn lines_of(
    records: impl Iterator<Item = Result<journal::Record, journal::StoreError>>,
    id: &ExternalId,
) -> Result<Vec<StoryLine>, journal::StoreError> {
    let mut lines = Vec::new();
    for record in records {
        let record = record?;
        if let Some((event, detail)) = line_of(&record.event, id) {
            lines.push(StoryLine { seq: record.seq, at: record.at, event: event.to_owned(), detail });
        }
    }
    Ok(lines)
}

fn line_of(event: &Event, id: &ExternalId) -> Option<(&'static str, String)> {
    if let Event::Decided { policy, intents, .. } = event {
        let intent = intents.iter().find(|intent| intent.external_id == *id)?;
        let amount = intent.amount.grouped();
        let detail = format!("{amount} {} over {} by policy {policy}", intent.currency(), intent.lane);
        return Some(("decided", detail));
    }
    if let Event::Requested { key, by, intents, .. } = event {
        let intent = intents.iter().find(|intent| intent.external_id == *id)?;
        let amount = intent.amount.grouped();
        let by = by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        let detail = format!("{amount} {} over {} by hand with key {key}{by}", intent.currency(), intent.lane);
        return Some(("requested", detail));
    }
    if event.external_id() != Some(id) {
        return None;
    }
    Some(match event {
        Event::Attempted { attempt, .. } => ("attempted", format!("attempt {attempt}")),
        Event::NotSent { detail, .. } => ("not_sent", detail.clone()),
        Event::Unknown { detail, .. } => ("unknown", detail.clone()),
        Event::Accepted { withdrawal, .. } => {
            ("accepted", format!("KPay has it in hand ({}): {}", withdrawal.kpay_id, withdrawal.status.word()))
        }
        Event::Followed { withdrawal, .. } => ("followed", format!("KPay says {}", withdrawal.status.word())),
        Event::Returned { detail, .. } => ("returned", detail.clone()),
        Event::Applied { evidence, .. } => ("applied", format!("known by {}", evidence.word())),
        Event::Rejected { detail, .. } => ("rejected", detail.clone()),
        Event::NeedsOperator { detail, .. } => ("needs_operator", detail.clone()),
        Event::Cancelled { detail, .. } => ("cancelled", detail.clone()),
        Event::Approved { by, note, .. } => ("approved", by_whom(by, note)),
        Event::Declined { by, note, .. } => ("declined", by_whom(by, note)),
        Event::Resolved { by, note, .. } => ("resolved", format!("by {by}: {note}")),
        _ => return None,
    })
}

fn by_whom(by: &str, note: &str) -> String {
    if note.is_empty() { format!("by {by}") } else { format!("by {by}: {note}") }
}

fn done(result: Result<String, WishError>) -> Response {
    match result {
        Ok(text) => Response::Done(text),
        Err(error) => wish_failed(&error),
    }
}

/// How a wish that was not carried out is told.
#[must_use]
pub fn wish_failed(error: &WishError) -> Response {
    let exit = match error {
        WishError::NotFound(_) => 1,
        WishError::Incomplete(_) => 2,
        WishError::Engine(EngineError::Bank(BankError::Unavailable(_) | BankError::UsedUp(_))) => 75,
        WishError::Refused(_) | WishError::Engine(_) => 77,
    };
    failed(exit, error)
}

fn failed(exit: u8, error: &dyn std::error::Error) -> Response {
    Response::Failed { exit, message: error.to_string() }
}
