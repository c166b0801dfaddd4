//! What a policy that pays somebody out says in other words: it makes « des versements » to « un bénéficiaire », no
//! « virements » from one wallet to another.

use super::whose;
use super::words::{NB, NNB, Name, dates_in_words, or, percent};
use crate::model::listed;
use crate::policy::explain::facts::Fact;

/// `None` where the sentence is the one of every policy.
pub(super) fn sentence(fact: &Fact<'_>) -> Option<String> {
    Some(match fact {
        Fact::Live => format!("En service{NB}: ses versements sont réels."),
        Fact::Shadow => format!("À l'essai, à blanc{NB}: elle annonce ce qu'elle paierait et ne paie rien."),
        Fact::Canary { share, max } => {
            let most = match max.as_slice() {
                [] => String::new(),
                max => format!(", et au plus {} au bénéficiaire par exécution", or(max)),
            };
            let share = percent(*share);
            format!(
                "À l'essai, en petit{NB}: elle décide comme en service, puis ne paie que {share} de chaque montant{most}."
            )
        }
        Fact::ClosedFor { countries, dates } => {
            let from = listed(&countries.iter().map(|it| Name::of(*it).de()).collect::<Vec<_>>(), "ou");
            format!("Aucun versement au départ ou à destination {from} {}.", dates_in_words(dates))
        }
        Fact::MinTransfer(least) => format!("Les montants inférieurs à {} ne sont pas versés.", or(least)),
        Fact::MaxTransfer(most) => {
            format!("Un versement ne dépasse pas {}{NNB}; un montant supérieur est payé en plusieurs fois.", or(most))
        }
        Fact::PerRun(most) => format!("Au plus {} par exécution, frais de KPay compris.", or(most)),
        Fact::PerDay(most) => format!("Au plus {} par jour, frais de KPay compris.", or(most)),
        Fact::Approval { above, approvers, from } => {
            let who = whose(*approvers, from);
            format!("Au-delà de {} au bénéficiaire en une exécution, le versement attend l'accord {who}.", or(above))
        }
        Fact::NeverTwice => "Elle ne fait jamais deux fois le même versement.".to_owned(),
        Fact::NeverSends => "Tant qu'il en est ainsi, elle ne paie jamais personne.".to_owned(),
        _ => return None,
    })
}
