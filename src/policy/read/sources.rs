//! `from` and `except`: wallets one by one, and whole zones.

use super::tree::{Node, Value};
use super::walk::{Field, Fields};
use crate::model::{Lane, WalletId, tame};
use crate::money::{Country, Zone};
use crate::policy::findings::{Findings, Place, one_of, quoted};
use crate::policy::keys::Shape;
use crate::policy::suggest::nearest;

/// A wallet that money is taken from, and what is written beside it.
#[derive(Debug)]
pub struct Item<'n> {
    pub wallet: WalletId,
    /// Where it, or its zone, is named.
    pub place: Place,
    /// What is written for this wallet alone.
    pub own: Option<Fields<'n>>,
}

/// Which wallets `from` names, and where they send to.
pub struct Listed<'n> {
    pub from: Field<'n>,
    pub except: Option<Field<'n>>,
    /// Left out of a zone by itself.
    pub destination: Option<WalletId>,
    /// A source that is a map.
    pub shape: &'static Shape,
}

/// What one entry of `from` stands for.
enum Named<'n> {
    Wallet(Item<'n>),
    Zone(Zone, Place),
}

impl<'n> Listed<'n> {
    /// Each wallet once, in the order written; those of a zone in the order of KPay's table.
    pub fn read(&self, findings: &mut Findings) -> Vec<Item<'n>> {
        let named = self.named(findings);
        let except = self.except(findings, &named);
        let mut items: Vec<Item<'n>> = Vec::new();
        for one in named {
            let found: Vec<Item<'n>> = match one {
                Named::Wallet(item) => vec![item],
                Named::Zone(zone, place) => {
                    let wallets = zone.countries().filter_map(WalletId::of);
                    let left = wallets.filter(|wallet| Some(*wallet) != self.destination && !except.contains(wallet));
                    let left: Vec<Item<'n>> = left.map(|wallet| Item { wallet, place, own: None }).collect();
                    if left.is_empty() {
                        let message = format!("zone({}) leaves no wallet to take from", zone.word());
                        findings.error(
                            place,
                            "empty-zone",
                            message,
                            "take the zone out, or leave fewer wallets out of it",
                        );
                    }
                    left
                }
            };
            for item in found {
                if items.iter().any(|other| other.wallet == item.wallet) {
                    let message = format!("{} is a source of this policy already", item.wallet);
                    let hint = "name each wallet once; a wallet beside its own zone is left out of that with `except`";
                    findings.error_once(item.place, "duplicate-source", message, hint);
                } else {
                    items.push(item);
                }
            }
        }
        items
    }

    fn named(&self, findings: &mut Findings) -> Vec<Named<'n>> {
        let node = self.from.node;
        if let Value::Scalar(text) = &node.value {
            if looks_like_zone(text) {
                return findings.zone_named(text, node.place, true).into_iter().collect();
            }
            let hint = format!("write a list, even for one wallet: from: [{}]", tame(text, 20));
            findings.error(node.place, "wrong-type", "`from` must be a list of wallets, not a single value", hint);
            return Vec::new();
        }
        let Some(items) = findings.items(node, "`from`") else { return Vec::new() };
        if items.is_empty() {
            findings.error(node.place, "empty-list", "`from` names no wallet", "name at least one: from: [GAB]");
        }
        items.iter().filter_map(|item| self.source(findings, item)).collect()
    }

    /// A zone, a bare code, or a map of the shape.
    fn source(&self, findings: &mut Findings, node: &'n Node) -> Option<Named<'n>> {
        match &node.value {
            Value::Scalar(text) if looks_like_zone(text) => findings.zone_named(text, node.place, false),
            Value::Map(_) => {
                let fields = findings.fields(node, self.shape)?;
                let named = fields.get("wallet")?;
                let wallet = findings.wallet(named.node, "`wallet`")?;
                Some(Named::Wallet(Item { wallet, place: named.node.place, own: Some(fields) }))
            }
            _ => {
                let wallet = findings.wallet(node, "a source")?;
                Some(Named::Wallet(Item { wallet, place: node.place, own: None }))
            }
        }
    }

    /// The wallets to leave out of zones: each must be in one.
    fn except(&self, findings: &mut Findings, named: &[Named<'_>]) -> Vec<WalletId> {
        let Some(field) = self.except else { return Vec::new() };
        if let Value::Scalar(text) = &field.node.value {
            let hint = format!("write a list, even for one wallet: except: [{}]", tame(text, 20));
            findings.error(
                field.node.place,
                "wrong-type",
                "`except` must be a list of wallets, not a single value",
                hint,
            );
            return Vec::new();
        }
        let mut wallets = Vec::new();
        for node in findings.items(field.node, "`except`").unwrap_or_default() {
            let Some(wallet) = findings.wallet(node, "a wallet of `except`") else { continue };
            let in_zone = |one: &Named<'_>| matches!(one, Named::Zone(zone, _) if wallet.country.zone() == *zone);
            if !named.iter().any(in_zone) {
                let message = format!("{wallet} is in no zone of `from`, so there is nothing to leave it out of");
                let hint = "`except` stands beside zones: from: zone(CEMAC), except: [COG]; else take it out of `from`";
                findings.error(node.place, "bad-except", message, hint);
            } else if wallets.contains(&wallet) {
                findings.error(
                    node.place,
                    "bad-except",
                    format!("{wallet} is left out twice"),
                    "name each wallet once",
                );
            } else {
                wallets.push(wallet);
            }
        }
        wallets
    }
}

impl Findings {
    /// A zone by its text, which stands `alone` or in a list.
    fn zone_named(&mut self, text: &str, place: Place, alone: bool) -> Option<Named<'static>> {
        let zone = Zone::NAMED.into_iter().find(|zone| text == format!("zone({})", zone.word()));
        if zone.is_none() {
            let words = || Zone::NAMED.into_iter().map(Zone::word);
            let inner: String = text.chars().skip(4).filter(char::is_ascii_alphabetic).take(40).collect();
            let country = inner.to_ascii_uppercase().parse::<Country>().ok().filter(|it| Country::ALL.contains(it));
            let hint = match (country, nearest(&inner, words())) {
                (Some(country), _) if alone => format!("{country} is a country: write [{country}]"),
                (Some(country), _) => format!("{country} is a country: write {country}"),
                (None, Some(meant)) => format!("write zone({meant})"),
                (None, None) => format!("write {}", one_of(words().map(|word| format!("zone({word})")))),
            };
            self.error(place, "unknown-zone", format!("{} is not a zone", quoted(text)), hint);
        }
        zone.map(|zone| Named::Zone(zone, place))
    }
}

/// `zone(CEMAC)`, however it is spelt.
fn looks_like_zone(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("zone"))
}

/// Lanes from each source to the destination.
pub fn lanes(items: &[Item<'_>], to: WalletId) -> Vec<(Lane, Place)> {
    items.iter().map(|item| (Lane::between(item.wallet, to), item.place)).collect()
}

/// A wallet that would send to itself.
pub fn refuse_own_source(findings: &mut Findings, lanes: &[(Lane, Place)]) {
    for (lane, place) in lanes.iter().filter(|(lane, _)| lane.from == lane.to) {
        let message = format!("{} is source and destination of this policy", lane.from);
        findings.error(*place, "same-wallet", message, "take it out of `from`, or name another destination");
    }
}
