//! What the program does about itself before it reads a secret: no core dumps, no looking into its memory by others of
//! its user, no secrets in its environment. Against root nothing of this helps.

use super::output;
use crate::settings::take_secrets_out_of_the_environment;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Guards the process. What the system refuses is told, and does not end the program: it is a second line.
pub fn keep_to_itself() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        output::talk(format_args!("treasuryd: core dumps could not be switched off: {error}"));
    }
    if let Err(error) = take_secrets_out_of_the_environment() {
        output::talk(format_args!(
            "treasuryd: the secrets in its environment could not be taken out of it: {error}; better keep them in files"
        ));
    }
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        output::talk(format_args!("treasuryd: its memory could not be closed to others of its user: {error}"));
    }
}
