//! The command line: one file per command. Data on stdout, talk on stderr, no meaning by colour.

mod approve;
mod check;
mod context;
mod demo;
mod drill;
mod exit;
mod explain;
mod exposure;
mod guard;
mod journal;
mod ledger;
mod manual;
mod once;
mod online;
mod output;
mod pause;
mod payout;
mod plan;
mod policies;
mod policy_commands;
mod release;
mod run;
mod sandbox;
mod schema;
mod simulate;
mod state;
mod status;
mod serve;
mod test_policies;
mod transfers;
mod verify;
mod verify_return;
mod why;

use crate::intent::Event;
use crate::journal::StoreError;
use clap::{Parser, Subcommand};
use exit::{CliError, Exit};
use ledger::LedgerError;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Where to begin, and what scripts need.
const AFTER_HELP: &str = "\
Begin with `treasuryd demo`: virtual money, no configuration.
Without -c, treasuryd.toml is looked for in $CONFIGURATION_DIRECTORY, then here,
then in /etc/treasuryd.

Exit codes: 0 done, 1 failed, 2 wrong usage, 75 something is unsettled or KPay
is away, 77 refused, 78 bad configuration or policy.";

/// Treasury daemon for KPay: sweeps wallets by policy, exactly once, keeps books.
#[derive(Debug, Parser)]
#[command(name = "treasuryd", version, propagate_version = true, disable_help_subcommand = true, after_help = AFTER_HELP)]
struct Cli {
    /// Configuration file [default: treasuryd.toml]
    #[arg(short, long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: sandbox, daemon and dashboard in one process, no set-up
    Demo(demo::Args),
    /// KPay's stand-in alone, for trials and drills
    Sandbox(sandbox::SandboxArgs),
    /// Play faults on this machine against the sandbox, and report
    Drill(drill::Args),
    /// Run the daemon until SIGTERM or Ctrl-C
    Run,
    /// Evaluate every due slot once, carry it out, and exit
    Once(once::Args),
    /// Show what would move now, and why not; sends and writes nothing
    Plan(plan::Args),
    /// Show why a wallet or lane moved or did not, and what would change that
    Why(why::Args),
    /// Find every mistake in configuration and policies
    Check(policy_commands::CheckArgs),
    /// Run the `tests:` blocks of the policy files
    Test(policy_commands::TestArgs),
    /// Say the policies in sentences, for sign-off; in English or French
    Explain(explain::Args),
    /// Show the most that each wallet can lose, whatever the balances do
    Exposure(exposure::Args),
    /// Run policies over a history, recorded or made up; replay the journal
    Simulate(simulate::Args),
    /// Print the JSON Schema of the policy file, for editors
    Schema,
    /// Show balances, next slots, open transfers and last problems
    Status(status::Args),
    /// List transfers, show one, record what you found out
    #[command(subcommand)]
    Transfers(transfers::Command),
    /// Move money from one wallet to another by hand, through the same guards
    Transfer(manual::Args),
    /// Pay out to a mobile-money account by hand, through the same guards
    Payout(payout::Args),
    /// Agree to a transfer that waits for approval
    Approve(approve::Args),
    /// Refuse a transfer that waits for approval: it is cancelled
    Reject(approve::Args),
    /// Let moves leave a frozen wallet again, once you have looked into it
    Release(release::Args),
    /// Stop all sending, or one policy's (kill switch)
    Pause(pause::Args),
    /// End a pause
    Resume(pause::Args),
    /// Accept changed policies that loosen a guard
    #[command(subcommand)]
    Policies(policies::Command),
    /// Export and check the books
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Check the journal
    #[command(subcommand)]
    Journal(journal::Command),
    /// Back the state up, check a copy
    #[command(subcommand)]
    State(state::Command),
}

/// Runs the program: reads the arguments, does what they say, and returns the exit code of CONTRACT 2.
#[must_use]
pub fn main() -> ExitCode {
    guard::keep_to_itself();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let is_help = !error.use_stderr();
            // Nothing is left to say where even the terminal is gone.
            let _ = error.print();
            return if is_help { Exit::Done } else { Exit::Usage }.into();
        }
    };
    let config = cli.config.as_deref();
    let done = match cli.command {
        Command::Sandbox(args) => return sandbox::run(args),
        command => dispatch(config, command),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            error.print();
            error.exit.into()
        }
    }
}

fn dispatch(config: Option<&Path>, command: Command) -> Result<Exit, CliError> {
    match command {
        // Taken before: it ends with an exit code of its own.
        Command::Sandbox(_) => Ok(Exit::Done),
        Command::Demo(args) => demo::run(&args),
        Command::Drill(args) => drill::run(&args),
        Command::Run => run::run(config),
        Command::Once(args) => once::run(config, &args),
        Command::Plan(args) => plan::run(config, &args),
        Command::Why(args) => why::run(config, &args),
        Command::Check(args) => policy_commands::check(config, &args),
        Command::Test(args) => policy_commands::test(config, &args),
        Command::Explain(args) => explain::run(config, &args),
        Command::Exposure(args) => exposure::run(config, &args),
        Command::Simulate(args) => simulate::run(config, &args),
        Command::Schema => policy_commands::schema(),
        Command::Status(args) => status::run(config, &args),
        Command::Transfers(command) => transfers::run(config, command),
        Command::Transfer(args) => manual::run(config, &args),
        Command::Payout(args) => payout::run(config, &args),
        Command::Approve(args) => approve::run(config, args, true),
        Command::Reject(args) => approve::run(config, args, false),
        Command::Release(args) => release::run(config, args),
        Command::Pause(args) => pause::run(config, args, true),
        Command::Resume(args) => pause::run(config, args, false),
        Command::Policies(command) => policies::run(config, command),
        Command::Ledger(command) => books(config, &command),
        Command::Journal(command) => journal::run(config, &command),
        Command::State(command) => state::run(config, &command),
    }
}

/// The books are read from the journal's files, beside whoever holds them.
fn books(config: Option<&Path>, command: &ledger::LedgerCommand) -> Result<Exit, CliError> {
    if matches!(command, ledger::LedgerCommand::Export(args) if args.writes_bytes_to_stdout())
        && std::io::stdout().is_terminal()
    {
        let told = "a workbook is no text for a terminal; name a file with -o FILE, or send it on with | or >";
        return Err(CliError::new(Exit::Usage, told));
    }
    let settings = context::settings(config)?;
    let records: Vec<Result<ledger::Record, StoreError>> = Vec::new();
    let mut out = std::io::stdout().lock();
    let result = if settings.state.exists() {
        let mut records = crate::journal::records(&settings.state)?.peekable();
        if let Some(Ok(first)) = records.peek()
            && let Event::Opened { identity, .. } = &first.event
        {
            context::belongs(&settings, identity)?;
        }
        let records = records.map(|record| record.map(|record| (record.seq, record.at, record.event)));
        ledger::run(command, records, &mut out)
    } else {
        ledger::run(command, records, &mut out)
    };
    match result {
        Ok(()) => Ok(Exit::Done),
        Err(LedgerError::Journal(error)) => Err(error.into()),
        Err(error @ LedgerError::EmptyRange { .. }) => Err(CliError::new(Exit::Usage, error)),
        Err(error) => Err(CliError::new(Exit::Failed, error)),
    }
}
