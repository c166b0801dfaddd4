//! G1: redirects.

use super::middlebox::Trap;
use super::stage::{Scene, each};
use crate::played::row;
use crate::support::{API_KEY, SECRET_KEY};

// G1: redirect (301–308) to another host, port, scheme · never followed; POST → `unknown`. A trap server greps for key
// bytes.
#[test]
fn g01_redirects_are_never_followed() {
    let _row = row!();
    let targets = ["", "any:", "me:", "token:", "balances:"];
    let rows: Vec<_> = [301, 302, 303, 307, 308].iter().flat_map(|status| targets.map(|it| (*status, it))).collect();
    each(&rows, |(status, endpoint)| {
        let trap = Trap::set();
        let play = Scene::default().open();
        play.faults(&[&format!("{endpoint}redirect=http://{}/x:{status}@1", trap.address)]);
        play.once();
        play.settle(play.books().transfers.len(), 1);
        play.expect("GAB", "applied", "response");
        trap.is_empty_of(&[API_KEY, SECRET_KEY]);
    });
}

// The same to https, to a host of another name, and to a place without one.
#[test]
fn g01_nor_to_another_scheme_or_host() {
    let _row = row!();
    let trap = Trap::set();
    let port = trap.address.port();
    let places =
        [format!("https://127.0.0.1:{port}/"), format!("http://localhost:{port}/"), format!("//127.0.0.1:{port}/")];
    each(&places, |place| {
        let play = Scene::default().open();
        play.faults(&[&format!("redirect={place}:308")]);
        play.once().with_code(0);
        play.settle(1, 1);
    });
    trap.is_empty_of(&[API_KEY, SECRET_KEY]);
}
