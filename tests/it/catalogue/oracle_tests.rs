//! The oracle must be able to object: a good play's evidence, spoilt in one place, is named by its invariant.

use super::oracle::{Evidence, violations};
use super::stage::Scene;
use crate::played::row;
use serde_json::json;
use treasuryd::money::Amount;

#[test]
fn h06_a_play_in_which_nothing_moved_is_red() {
    let _row = row!();
    let play = Scene::default().open();
    play.faults(&["message=400:no@always"]);
    play.once().with_code(0);
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| play.judge(1))).is_err());
}

#[test]
fn each_invariant_objects_to_its_own_violation() {
    let play = Scene::across().open();
    play.once().with_code(0);
    let good = play.evidence();
    assert_eq!(violations(&good), Vec::<String>::new());
    let check = |invariant: &str, spoil: &dyn Fn(&mut Evidence)| {
        let mut spoilt = good.clone();
        spoil(&mut spoilt);
        let found = violations(&spoilt);
        assert!(found.iter().any(|what| what.starts_with(invariant)), "{invariant}: {found:#?}");
    };
    let entry = |field: &'static str, text: &'static str| {
        move |it: &mut Evidence| drop(it.entries[0].insert(field.to_owned(), text.to_owned()))
    };
    check("I1", &|it| it.books.transfers.push(it.books.transfers[0].clone()));
    check("I3", &|it| it.transfers[0]["state"] = json!("rejected"));
    check("I4", &|it| it.requests.iter_mut().for_each(|request| request.body.push(' ')));
    check("I5", &|it| it.books.transfers.clear());
    check("I5", &entry("source_amount", "99999"));
    check("I9", &entry("exchange_rate", "1.01530"));
    check("I9", &entry("destination_amount", "1"));
    check("I9", &entry("rate_source", "pending"));
    check("I6", &|it| it.books.wallets.iter_mut().for_each(|wallet| wallet.balance = Amount::whole(99_999)));
    check("I8", &|it| it.entries.clear());
    check("I8", &|it| it.entries.push(it.entries[0].clone()));
    check("I10", &|it| it.per_minute = 3);
    check("I21", &|it| it.transfers[0]["state"] = json!("unknown"));
    check("I21", &|it| it.transfers[0]["attempts"] = json!(2));
    check("A20", &|it| it.requests.extend(it.requests.clone()));
}
