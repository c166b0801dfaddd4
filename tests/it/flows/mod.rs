//! The contract's flows on the built binary, from the outside: `plan`, `once`, limits, people's commands, the books and
//! the daemon. The catalogue of faults is deliberately elsewhere; here a fault only sets the scene.

mod plan_json;
mod plan_quiet;
mod reasons;
mod reasons_state;
mod tools;
