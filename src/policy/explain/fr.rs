//! French, as a treasurer in Douala writes it. A policy is « la règle », a wallet « le portefeuille », a slot
//! « l'exécution ». Figures stand as French typography has them: groups parted by a narrow no-break space, a decimal
//! comma, a no-break space before the currency; high punctuation has its no-break space, too.

mod payout;
mod words;

use super::Words;
use super::facts::{Fact, Floor, Part, Topic};
use crate::model::listed;
use crate::model::{End, tame};
use crate::money::{Amount, Currency};
use crate::policy::compared::Compared;
use rust_decimal::Decimal;
use std::cmp::Ordering;
use words::{
    NB, NNB, Name, active, and, capital, clock, codes, dates_in_words, decimal, hour, money, name, or, ordinal,
    pairs_in_words, percent, runs, span,
};

pub(super) struct French;

impl Words for French {
    fn heading(&self, topic: Topic) -> &'static str {
        match topic {
            Topic::Status => "État",
            Topic::When => "Quand",
            Topic::What => "Ce qu'elle fait",
            Topic::Limits => "Plafonds",
            Topic::Exchange => "Devises",
            Topic::Approval => "Accord",
            Topic::Order => "Rang",
            Topic::Never => "Ce qu'elle ne fait jamais",
        }
    }

    fn sentence(&self, fact: &Fact<'_>) -> String {
        match fact {
            Fact::Off => format!("Désactivée{NB}: elle ne s'exécute pas tant que personne ne l'active. Ensuite{NB}:"),
            Fact::Live => format!("En service{NB}: ses virements sont réels."),
            Fact::Shadow => {
                format!("À l'essai, à blanc{NB}: elle annonce ce qu'elle virerait et ne vire rien.")
            }
            Fact::Canary { share, max } => {
                let most = match max.as_slice() {
                    [] => String::new(),
                    max => format!(", et au plus {} d'un portefeuille à l'autre par exécution", or(max)),
                };
                let share = percent(*share);
                format!(
                    "À l'essai, en petit{NB}: elle décide comme en service, puis ne vire que {share} de chaque montant{most}."
                )
            }
            Fact::Runs(schedule) => {
                format!("S'exécute {}, {}.", runs(schedule), clock(schedule.zone()))
            }
            Fact::NoRunOn(dates) => format!("Ne s'exécute pas {}.", dates_in_words(dates)),
            Fact::ClosedFor { countries, dates } => {
                let from = listed(&countries.iter().map(|it| Name::of(*it).de()).collect::<Vec<_>>(), "ou");
                let dates = dates_in_words(dates);
                format!("Aucun virement au départ ou à destination {from} {dates}.")
            }
            Fact::Active { from, until } => active(*from, *until),
            Fact::NotAfter(time) => {
                format!("Passé {} ce jour-là, rien n'est plus décidé ni envoyé pour la première fois.", hour(*time))
            }
            Fact::CatchUp(limit) => {
                format!(
                    "Une exécution manquée est rattrapée dans un délai de {}{NNB}; au-delà, elle est abandonnée.",
                    span(*limit)
                )
            }
            Fact::MinTransfer(least) => format!("Les montants inférieurs à {} ne partent pas.", or(least)),
            Fact::MaxTransfer(most) => {
                format!("Un virement ne dépasse pas {}{NNB}; un montant supérieur part en plusieurs fois.", or(most))
            }
            Fact::PerRun(most) => format!("Au plus {} par exécution, tous portefeuilles confondus.", and(most)),
            Fact::PerDay(most) => format!("Au plus {} par jour, tous portefeuilles confondus.", and(most)),
            Fact::RoundDown(step) => {
                format!("Les montants sont arrondis au multiple inférieur de {}{NNB}; le reste ne bouge pas.", or(step))
            }
            Fact::NoLimitPerRun(currencies) => {
                format!("Aucun plafond par exécution {}.", codes(currencies))
            }
            Fact::NoLimitPerDay(currencies) => format!("Aucun plafond par jour {}.", codes(currencies)),
            Fact::Priority(number) => format!(
                "Quand plusieurs règles tombent au même instant, le plus petit rang passe d'abord{NNB}; celle-ci a le rang \
                 {number}."
            ),
            what => what_it_does(what)
                .or_else(|| exchange(what))
                .or_else(|| approval(what))
                .or_else(|| never(what))
                .unwrap_or_default(),
        }
    }

    fn of_payout(&self, fact: &Fact<'_>) -> Option<String> {
        payout::sentence(fact)
    }

    fn floors_heading(&self) -> &'static str {
        "Réserves, valables pour toutes les règles et tous les envois manuels"
    }

    fn floor(&self, floor: &Floor) -> String {
        let (country, amount) = (Name::of(floor.wallet.country).le(), money(floor.amount, floor.wallet));
        let country = capital(&country);
        let Some((days, zone)) = floor.during else { return format!("{country} garde toujours au moins {amount}.") };
        let (from, until) = (ordinal(u32::from(days.from())), ordinal(u32::from(days.until())));
        let days = match days.from().cmp(&days.until()) {
            Ordering::Equal => format!("le {from} de chaque mois"),
            Ordering::Less => format!("du {from} au {until} de chaque mois"),
            Ordering::Greater => format!("du {from} de chaque mois au {until} du mois suivant"),
        };
        format!("{country} garde au moins {amount} {days}, {}.", clock(zone))
    }

    fn footer(&self, hash: &str) -> String {
        format!("Établi d'après les règles dont l'empreinte est {hash}.")
    }
}

fn what_it_does(fact: &Fact<'_>) -> Option<String> {
    Some(match fact {
        Fact::Sweep { into, portion } => {
            let into = Name::of(into.country).le();
            let order = format!("dans cet ordre{NB}:");
            match portion {
                Part::All => {
                    format!(
                        "Vire vers {into} tout ce qui dépasse le solde à garder, depuis ces portefeuilles et {order}"
                    )
                }
                Part::Share(share) => format!(
                    "Vire vers {into} {} de ce qui dépasse le solde à garder, montant arrondi vers le bas, depuis ces \
                     portefeuilles et {order}",
                    percent(*share)
                ),
                Part::Fixed(amounts) => format!(
                    "Vire vers {into} exactement {} depuis chacun de ces portefeuilles, ou rien si moins que cela dépasse \
                     le solde à garder, {order}",
                    or(amounts)
                ),
            }
        }
        Fact::SweepSource { wallet, above, keep } => {
            let stays = if keep.is_positive() {
                let verb = if *keep < Amount::whole(2) { "reste" } else { "restent" };
                format!("{} y {verb}", money(*keep, *wallet))
            } else {
                "rien n'a besoin d'y rester".to_owned()
            };
            format!("{}, dès que son solde dépasse {}{NNB}; {stays}.", name(*wallet), money(*above, *wallet))
        }
        Fact::TopUp { wallet, below, to } => format!(
            "Dès que {} a moins de {}, virements en route compris, son solde est porté à {} depuis ces portefeuilles, dans \
             cet ordre{NB}:",
            Name::of(wallet.country).le(),
            money(*below, *wallet),
            money(*to, *wallet)
        ),
        Fact::TopUpSource { wallet, keep } if keep.is_positive() => {
            format!("{}, qui garde {}.", name(*wallet), money(*keep, *wallet))
        }
        Fact::TopUpSource { wallet, .. } => format!("{}, qui garde sa réserve et rien de plus.", name(*wallet)),
        Fact::TopUpShort => {
            "S'ils n'y suffisent pas ensemble, ce qu'ils ont est viré et ce qui manque est signalé.".to_owned()
        }
        Fact::Payout { source, to, name: called, part } => {
            let receiver = called.map_or_else(|| to.to_string(), |called| format!("{called} ({to})"));
            let of = |amount| money(amount, source.wallet);
            format!(
                "Quand {} a plus de {}, paie ce qui dépasse {} à {receiver}, en versements de {} au plus. Les frais de \
                 KPay sont prélevés sur chaque versement{NB}: le bénéficiaire reçoit moins.",
                Name::of(source.wallet.country).le(),
                of(source.above),
                of(source.keep),
                of(*part)
            )
        }
        Fact::Rebalance { base } => {
            format!("Maintient ces portefeuilles à ces parts de leur total, compté en {base}{NB}:")
        }
        Fact::Weight { wallet, share } => format!("{}{NB}: {}", name(*wallet), percent(*share)),
        Fact::Tolerance(points) => {
            let points = points.percent();
            let plural = if points < Decimal::TWO { "" } else { "s" };
            format!(
                "Dès qu'une part s'écarte de plus de {}{NB}point{plural}, l'argent est ramené à ces parts en aussi peu de \
                 virements que possible.",
                decimal(points)
            )
        }
        _ => return None,
    })
}

fn exchange(fact: &Fact<'_>) -> Option<String> {
    Some(match fact {
        Fact::OneCurrency(currency) => format!("L'argent reste en {currency}."),
        Fact::Changes(pairs) => {
            format!(
                "L'argent change de devise en route, au taux de KPay du moment{NB}: {}.",
                pairs_in_words(pairs, "et")
            )
        }
        Fact::ChangeForbidden(pairs) => {
            format!("Rien ne part là où l'argent changerait de devise{NB}: {}.", pairs_in_words(pairs, "et"))
        }
        Fact::AnyRate => format!("Le taux de KPay n'est comparé à rien{NB}: tout taux est accepté."),
        Fact::Spread { most, pair: (from, to), against } => {
            let off = format!(
                "Rien ne part tant que le taux de KPay de {from} en {to} s'écarte de plus de {}",
                percent(*most)
            );
            let one =
                |from: &Currency, rate: Decimal, to: &Currency| format!("(1{NB}{from} = {}{NB}{to})", decimal(rate));
            match against {
                Compared::Peg => {
                    format!("{off} de la parité fixe avec l'euro {}.", one(from, Decimal::ONE, to))
                }
                Compared::Written(rate) => format!("{off} du taux inscrit ici {}.", one(from, rate.decimal(), to)),
                Compared::WrittenInverse(rate) => {
                    format!("{off} du taux inscrit ici {}.", one(to, rate.decimal(), from))
                }
                Compared::Last => {
                    format!("{off} du dernier taux appliqué{NNB}; tant qu'il n'y en a pas, rien ne part.")
                }
                Compared::Nothing => {
                    format!("Il n'y a rien à quoi comparer le taux de KPay de {from} en {to}{NB}: rien ne part.")
                }
            }
        }
        _ => return None,
    })
}

fn approval(fact: &Fact<'_>) -> Option<String> {
    Some(match fact {
        Fact::Approval { above, approvers, from } => {
            let who = whose(*approvers, from);
            format!(
                "Au-delà de {} d'un portefeuille à l'autre en une exécution, le virement attend l'accord {who}.",
                or(above)
            )
        }
        Fact::ApprovedWithin(limit) => {
            format!("Sans accord dans un délai de {} après l'heure prévue, il est annulé.", span(*limit))
        }
        Fact::NoApproval(currencies) => {
            format!("Aucun montant {} n'a besoin d'un accord.", codes(currencies))
        }
        _ => return None,
    })
}

/// Whose approval it takes.
fn whose(approvers: u8, from: &[String]) -> String {
    let from: Vec<String> = from.iter().map(|name| tame(name, 60)).collect();
    match (from.len(), approvers) {
        (0, 1) => "d'une personne".to_owned(),
        (0, many) => format!("de {many} personnes différentes"),
        (1, _) => format!("d'une seule personne{NB}: {}", from[0]),
        (2, 2) => format!("des deux personnes que voici{NB}: {}", listed(&from, "et")),
        (all, many) if all == usize::from(many) => {
            format!("des {many} personnes que voici{NB}: {}", listed(&from, "et"))
        }
        (_, 1) => format!("d'une personne parmi {}", listed(&from, "et")),
        (_, many) => format!("de {many} personnes parmi {}", listed(&from, "et")),
    }
}

fn never(fact: &Fact<'_>) -> Option<String> {
    Some(match fact {
        Fact::NeverElsewhere(ends) if ends.iter().any(|end| end.payee.is_some()) => {
            let paid: Vec<String> = ends.iter().map(End::to_string).collect();
            format!("Elle ne paie jamais personne d'autre que {}.", listed(&paid, "ou"))
        }
        Fact::NeverElsewhere(wallets) => {
            let to: Vec<String> = wallets.iter().map(|wallet| Name::of(wallet.country).le()).collect();
            format!("Elle n'envoie jamais d'argent ailleurs que vers {}.", listed(&to, "ou"))
        }
        Fact::NeverBelow(kept) => {
            let kept: Vec<String> = kept
                .iter()
                .map(|(wallet, keep)| format!("{} sous {}", Name::of(wallet.country).le(), money(*keep, *wallet)))
                .collect();
            format!("Elle ne fait jamais descendre {}.", listed(&kept, "ni"))
        }
        Fact::NeverBelowReserve => "Elle ne fait jamais descendre un portefeuille sous sa réserve.".to_owned(),
        Fact::NeverChanges => "Elle ne convertit jamais l'argent d'une devise en une autre.".to_owned(),
        Fact::NeverOnItsWay => "Elle ne dépense jamais l'argent qui est encore en route.".to_owned(),
        Fact::NeverTwice => "Elle ne fait jamais deux fois le même virement.".to_owned(),
        Fact::NeverSends => "Tant qu'il en est ainsi, elle ne vire jamais rien.".to_owned(),
        _ => return None,
    })
}
