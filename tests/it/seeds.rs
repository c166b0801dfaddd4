//! The seed's two scenarios over HTTP, with the seed's own figures.

use crate::support::Merchant;
use treasuryd::money::Amount;

#[test]
fn the_seeds_consolidation() {
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000), ("COG", 115_000)]);
    merchant.once().with_code(0);
    let books = merchant.books();
    let moved: Vec<_> =
        books.transfers.iter().map(|entry| (entry.from.to_string(), entry.amount.to_string())).collect();
    assert_eq!(books.transfers.len(), 2, "{moved:?}");
    assert!(moved.contains(&("GAB".to_owned(), "30000".to_owned())), "{moved:?}");
    assert!(moved.contains(&("COG".to_owned(), "15000".to_owned())), "{moved:?}");
    assert_eq!(merchant.holds("CMR"), Amount::whole(45_000));
    for transfer in merchant.transfers() {
        assert_eq!((&transfer["state"], &transfer["evidence"]), (&"applied".into(), &"response".into()));
        assert_eq!(transfer["exchange_rate"], "1");
    }
    merchant.once().with_code(0);
    assert_eq!(merchant.books().transfers.len(), 2, "the slot is decided once");
}

#[test]
fn the_seeds_transfer_to_senegal() {
    let merchant = Merchant::new(&[("CMR", 200_000), ("SEN", 0)]);
    merchant.policies(
        "version: 1
policies:
  - name: fund-senegal
    schedule: \"0 18 * * *\"
    sweep: { from: [CMR], into: SEN, above: 100_000 XAF }
    fx: { allow: true }
",
    );
    merchant.once().with_code(0);
    assert_eq!(merchant.holds("SEN"), Amount::whole(101_530));
    let transfer = merchant.transfers().remove(0);
    assert_eq!((&transfer["amount"], &transfer["exchange_rate"]), (&"100000".into(), &"1.0153".into()));
    assert_eq!((&transfer["credited"], &transfer["credited_currency"]), (&"101530".into(), &"XOF".into()));
    let csv = merchant.treasuryd(&["ledger", "export", "--format", "csv"]).with_code(0).stdout;
    let entry = csv.lines().nth(1).unwrap();
    assert!(entry.contains(",CMR,XAF,100000,SEN,XOF,101530,1.0153,1.0153,response,1.0153,"), "{entry}");
}
