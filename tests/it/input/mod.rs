//! Wrong, odd and hostile input on the built binary: one clear sentence, the contract's exit code, nothing sent,
//! nothing lost; nothing that comes from outside reaches a screen, a log or a page as it came; keys reach none at all.

mod check_command;
mod configuration;
mod hostile_policies;
mod hostile_provider;
mod keys;
mod memory;
mod odd_arguments;
mod proxies;
mod replies;
mod scene;
mod secrets;
mod sign_off;
mod state;
mod surface;
mod texts;
mod usage;
