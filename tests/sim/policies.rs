//! The policies that are in force, with what the auditor believes of them: its own figures, not the reader's.

use std::sync::Arc;
use treasuryd::policy::{PolicySet, SourceFile, parse};

/// A set and the floors that it promises, by source.
pub struct Rules {
    pub set: Arc<PolicySet>,
    pub floors: &'static [(&'static str, i64)],
    /// The most that its one policy may send in a day.
    pub per_day: Option<i64>,
}

impl Rules {
    /// Whether others in their place are sure to loosen a guard; there may be more that do.
    pub fn is_loosened_by(&self, other: &Self) -> bool {
        let is_lower = |(source, floor): &(&str, i64)| other.floors.iter().any(|(of, now)| of == source && now < floor);
        self.floors.iter().any(is_lower) || (self.per_day.is_some() && other.per_day.is_none())
    }
}

const SWEEP: &str = "version: 1
policies:
  - name: home
    schedule: \"0 * * * *\"
    catch_up: 30m
    sweep: { from: [GAB, COG], into: CMR, above: 100_000 XAF }
";
const HIGHER: &str = "version: 1
policies:
  - name: home
    schedule: \"0 * * * *\"
    catch_up: 30m
    sweep: { from: [GAB, COG], into: CMR, above: 250_000 XAF }
";
const ABROAD: &str = "version: 1
policies:
  - name: west
    schedule: \"0 * * * *\"
    catch_up: 20m
    sweep: { from: [SEN], into: CMR, above: 100_000 XOF }
    fx: { allow: true }
  - name: home
    schedule: \"0 * * * *\"
    catch_up: 30m
    sweep: { from: [GAB], into: CMR, above: 100_000 XAF }
";
const LIMITED: &str = "version: 1
policies:
  - name: home
    schedule: \"0 * * * *\"
    catch_up: 30m
    sweep: { from: [GAB, COG], into: CMR, above: 100_000 XAF }
    limits: { max_per_day: 500_000 XAF }
";
const RENT: &str = "version: 1
beneficiaries:
  landlord: { provider: MTN_MOMO_CMR, phone: \"237653456789\" }
policies:
  - name: rent
    schedule: \"0 * * * *\"
    catch_up: 30m
    payout: { from: CMR, to: landlord, above: 300_000 XAF, keep: 200_000 XAF }
  - name: home
    schedule: \"0 * * * *\"
    catch_up: 30m
    sweep: { from: [COG], into: CMR, above: 100_000 XAF }
";
const WATCHED: &str = "version: 1
policies:
  - name: home
    schedule: \"0 * * * *\"
    catch_up: 30m
    sweep: { from: [GAB, COG], into: CMR, above: 100_000 XAF }
    approval: { above: 150_000 XAF, approvers: 2 }
";

const TWO_WAYS: &str = "version: 1
policies:
  - name: half
    schedule: \"0 * * * *\"
    catch_up: 30m
    sweep: { from: [GAB], into: CMR, above: 100_000 XAF, fraction: 50% }
  - name: home
    schedule: \"0 * * * *\"
    catch_up: 30m
    sweep: { from: [GAB], into: COG, above: 100_000 XAF }
";

/// All of them, read once.
pub fn all() -> Vec<Rules> {
    const HOME: &[(&str, i64)] = &[("GAB", 100_000), ("COG", 100_000)];
    let rules = |text: &str, floors, per_day| {
        let files = [SourceFile { path: "p.yaml".to_owned(), text: text.to_owned() }];
        let set = parse(&files).unwrap_or_else(|found| panic!("{found:?}")).set;
        Rules { set: Arc::new(set), floors, per_day }
    };
    vec![
        rules(SWEEP, HOME, None),
        rules(HIGHER, &[("GAB", 250_000), ("COG", 250_000)], None),
        rules(ABROAD, &[("SEN", 100_000), ("GAB", 100_000)], None),
        rules(LIMITED, HOME, Some(500_000)),
        rules(WATCHED, HOME, None),
        rules(RENT, &[("CMR", 200_000), ("COG", 100_000)], None),
        rules(TWO_WAYS, &[("GAB", 100_000)], None),
    ]
}
