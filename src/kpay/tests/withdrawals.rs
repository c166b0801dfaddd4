//! Withdrawals over HTTP: the objects and requests of the seeds, refusals, cut and foreign replies, hosted pages.

use super::fixtures::{CANARY, client, payout_with_id};
use crate::intent::{Reply, Withdrawal, WithdrawalStatus};
use crate::kpay::{Client, GatewayPage, judge_withdrawal};
use crate::model::{Environment, Intent};
use mockito::{Matcher, Server};
use secrecy::ExposeSecret;

const WITHDRAW: &str = "/api/v1/payments/withdraw";
const MTN: &str = "MTN_MOMO_CMR:237653456789";

/// Seed `000_601ca0198b3a6b20`, "The Withdrawal Object", as it is.
const THE_OBJECT: &str = r#"{"id":"wdr_xyz456","reference":"KPAY-WD-20260514-XYZ456","providerReference":"f4401bd2-1568-4140-bf2d-eb77d2b2b639","status":"COMPLETED","amount":5000,"netAmount":4750,"feeAmount":250,"currency":"XAF","externalId":"WD-ORDER-98765","provider":"MTN_MOMO_CMR","country":"CMR","phoneNumber":"237653456789","isTest":true,"description":"Retrait commission — mai 2026","metadata":{"payoutCycle":"2026-05"},"createdAt":"2026-05-14T10:00:00.000Z","completedAt":"2026-05-14T10:01:45.000Z","failedAt":null,"failureReason":null}"#;
/// The same seed, the 201 to the USSD request.
const USSD: &str = r#"{"id":"wdr_xyz456","reference":"KPAY-WD-20260514-XYZ456","providerReference":"f4401bd2-1568-4140-bf2d-eb77d2b2b639","status":"PENDING","amount":5000,"netAmount":4750,"feeAmount":250,"currency":"XAF","externalId":"WD-ORDER-98765","provider":"MTN_MOMO_CMR","country":"CMR","phoneNumber":"237653456789","isTest":true,"message":"Retrait initié, transfert en cours auprès de l'opérateur."}"#;
/// The same seed, the 201 of the hosted page.
const HOSTED: &str = r#"{"id":"wdr_abc123","reference":"KPAY-WD-20260514-ABC123","externalId":"WD-ORD-001","status":"PENDING","mode":"GATEWAY","amount":5000,"netAmount":4750,"feeAmount":250,"currency":"XAF","gatewayUrl":"https://admin.kpay.site/gateway/gw_9aB3...","expiresAt":"2026-05-16T10:45:00.000Z","isTest":true,"message":"Redirect the beneficiary to gatewayUrl to enter withdrawal details."}"#;
/// Seed `001_609e41c91308fab3`, the 201 across countries.
const GABON: &str = r#"{"id":"wdr_abc789","reference":"KPAY-WD-20260623-ABC789","status":"PENDING","amount":10000,"netAmount":9500,"feeAmount":500,"currency":"XAF","isTest":true,"message":"Withdrawal request received. Processing via Mobile Money."}"#;
/// The same seed, the 201 across currencies.
const IVORY_COAST: &str = r#"{"id":"wdr_cross123","reference":"KPAY-WD-20260626-CROSS123","status":"PENDING","amount":50000,"netAmount":47500,"feeAmount":2500,"currency":"XAF","payoutCurrency":"XOF","payoutAmount":48211.75,"exchangeRate":1.0150,"isTest":true,"message":"Withdrawal request received. Processing via Mobile Money."}"#;

fn order() -> Intent {
    payout_with_id("CMR", MTN, "5000", "WD-ORDER-98765", "Retrait")
}

fn hosted() -> Intent {
    payout_with_id("CMR", "GATEWAY", "5000", "WD-ORD-001", "Retrait")
}

fn to_ivory_coast() -> Intent {
    payout_with_id("CMR", "MTN_MOMO_CIV:237653456789", "50000", "PAYOUT-CROSS-002", "Supplier payment")
}

async fn send(client: &Client, intent: &Intent) -> (Reply, Option<GatewayPage>) {
    client.send_withdrawal(client.clear_to_withdraw().await.unwrap(), intent, &|| true).await
}

/// One attempt against a server that answers so; the reply, the page, and how many requests came.
async fn play(intent: &Intent, status: usize, body: &str) -> (Reply, Option<GatewayPage>) {
    let mut server = Server::new_async().await;
    let post = server.mock("POST", WITHDRAW).with_status(status).with_body(body).expect(1).create_async().await;
    let client = client(&server.url());
    let answer = send(&client, intent).await;
    post.assert_async().await;
    answer
}

async fn accepted(intent: &Intent, body: &str) -> Withdrawal {
    match play(intent, 201, body).await.0 {
        Reply::Accepted(withdrawal) => withdrawal,
        other => panic!("{body}: {other:?}"),
    }
}

/// id, status, fee, what arrived, rate, both references.
fn figures(it: &Withdrawal) -> String {
    let money = |money: Option<crate::money::Money>| {
        money.map_or("-".to_owned(), |it| format!("{} {}", it.amount.decimal(), it.currency))
    };
    let facts = &it.facts;
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    format!(
        "{} {} {} fee {} arrived {} at {} {} {}",
        it.kpay_id,
        it.status,
        facts.amount.decimal(),
        money(facts.fee),
        money(facts.credited),
        facts.exchange_rate.map_or("-".to_owned(), |rate| rate.to_string()),
        text(&facts.source_reference),
        text(&facts.destination_reference),
    )
}

#[tokio::test]
async fn the_seeds_replies_are_read_digit_for_digit() {
    let check = async |intent: Intent, body: &str, expected: &str| {
        let read = accepted(&intent, body).await;
        assert_eq!(figures(&read), expected);
        assert_eq!((&read.strange, read.failure.as_str()), (&None, ""));
        assert_eq!(read.facts.kpay_id.as_deref(), Some(read.kpay_id.as_str()));
    };
    let same = "5000 fee 250 XAF arrived 4750 XAF at - KPAY-WD-20260514-XYZ456 f4401bd2-1568-4140-bf2d-eb77d2b2b639";
    check(order(), USSD, &format!("wdr_xyz456 PENDING {same}")).await;
    check(order(), THE_OBJECT, &format!("wdr_xyz456 COMPLETED {same}")).await;
    let expected = "wdr_abc123 PENDING 5000 fee 250 XAF arrived 4750 XAF at - KPAY-WD-20260514-ABC123 -";
    check(hosted(), HOSTED, expected).await;
    let gabon = payout_with_id("CMR", "ORANGE_GAB:237653456789", "10000", "PAYOUT-CROSS-001", "Supplier");
    let expected = "wdr_abc789 PENDING 10000 fee 500 XAF arrived 9500 XAF at - KPAY-WD-20260623-ABC789 -";
    check(gabon, GABON, expected).await;
    let expected = "wdr_cross123 PENDING 50000 fee 2500 XAF arrived 48211.75 XOF at 1.0150 KPAY-WD-20260626-CROSS123 -";
    check(to_ivory_coast(), IVORY_COAST, expected).await;
    // The withdrawals page calls `currency` the operator's; what is paid out shows that the figures are the wallet's.
    check(to_ivory_coast(), &IVORY_COAST.replace(r#""XAF""#, r#""XOF""#), expected).await;
}

#[tokio::test]
async fn the_documented_requests_go_out_once_with_the_keys() {
    for (intent, body, expected) in [
        (
            order(),
            USSD,
            r#"{"amount":5000,"provider":"MTN_MOMO_CMR","phoneNumber":"237653456789","externalId":"WD-ORDER-98765","description":"Retrait"}"#,
        ),
        (
            hosted(),
            HOSTED,
            r#"{"amount":5000,"sourceCountry":"CMR","returnUrl":"https://monsite.com/return","externalId":"WD-ORD-001","description":"Retrait"}"#,
        ),
        (
            to_ivory_coast(),
            IVORY_COAST,
            r#"{"amount":50000,"provider":"MTN_MOMO_CIV","phoneNumber":"237653456789","sourceCountry":"CMR","externalId":"PAYOUT-CROSS-002","description":"Supplier payment"}"#,
        ),
    ] {
        let mut server = Server::new_async().await;
        let post = server
            .mock("POST", WITHDRAW)
            .match_header("X-API-Key", Matcher::Exact(format!("kpay_test_{CANARY}")))
            .match_header("X-Secret-Key", Matcher::Exact(format!("sk_test_{CANARY}")))
            .match_header("Authorization", Matcher::Missing)
            .match_header("Content-Type", "application/json")
            .match_body(Matcher::Exact(expected.to_owned()))
            .with_status(201)
            .with_body(body)
            .expect(1)
            .create_async()
            .await;
        let (reply, _) = send(&client(&server.url()), &intent).await;
        assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
        post.assert_async().await;
    }
}

#[tokio::test]
async fn every_status_is_sorted_and_nothing_is_sent_twice() {
    for status in
        [200, 201, 202, 204, 301, 302, 307, 308, 400, 401, 403, 404, 408, 409, 418, 422, 425, 429, 500, 502, 503, 504]
    {
        let (reply, page) = play(&order(), status, r#"{"message":"m"}"#).await;
        let fits = match status {
            400 | 403 | 404 | 422 => matches!(reply, Reply::Refused { .. }),
            401 => matches!(reply, Reply::NotAuthorized { .. }),
            409 => matches!(reply, Reply::Conflict { .. }),
            _ => matches!(reply, Reply::Lost { .. }),
        };
        assert!(fits && page.is_none(), "{status}: {reply:?}");
    }
    for (status, body) in [(409, "<html>Conflict</html>"), (400, "<html>"), (422, ""), (404, "no such page")] {
        let (reply, _) = play(&order(), status, body).await;
        assert!(matches!(reply, Reply::Lost { .. }), "{status} {body}: {reply:?}");
    }
    assert!(matches!(play(&order(), 409, "").await.0, Reply::Conflict { .. }));
}

#[tokio::test]
async fn i03_foreign_and_broken_replies_prove_nothing() {
    for length in [0, 1, 100, USSD.len() - 1] {
        let (reply, _) = play(&order(), 201, &USSD[..length]).await;
        assert!(matches!(reply, Reply::Lost { .. }), "{length}: {reply:?}");
    }
    for (from, to) in [
        ("WD-ORDER-98765", "WD-ORDER-98766"),
        ("MTN_MOMO_CMR", "ORANGE_CMR"),
        ("237653456789", "237653456129"),
        (r#""amount":5000"#, r#""amount":5001"#),
        (r#""amount":5000"#, r#""amount":5e3"#),
        (r#""amount":5000,"#, ""),
        ("XAF", "XOF"),
        (r#""isTest":true"#, r#""isTest":false"#),
        ("wdr_xyz456", ""),
        ("wdr_xyz456", "../token"),
        ("wdr_xyz456", "wdr?x"),
        (r#""id":"wdr_xyz456","#, ""),
        (r#""id":"wdr_xyz456""#, r#""id":"wdr_xyz456","id":"wdr_xyz457""#),
        (r#""status":"PENDING","#, ""),
        (r#""status":"PENDING""#, r#""status":"PENDING","mode":"GATEWAY""#),
    ] {
        let body = USSD.replacen(from, to, 1);
        assert_ne!(body, USSD);
        let (reply, _) = play(&order(), 201, &body).await;
        assert!(matches!(reply, Reply::Lost { .. }), "{body}: {reply:?}");
    }
    let long = USSD.replace("wdr_xyz456", &"a".repeat(65));
    assert!(matches!(play(&order(), 201, &long).await.0, Reply::Lost { .. }));
    assert_eq!(accepted(&order(), &USSD.replace("wdr_xyz456", &"a".repeat(64))).await.kpay_id.len(), 64);
    assert!(accepted(&order(), &USSD.replace("\"2376", "\"+2376")).await.strange.is_none());
}

#[tokio::test]
async fn an_unknown_word_is_not_final_and_a_failure_says_why() {
    let word = accepted(&order(), &USSD.replace("PENDING", "SUBMITTED")).await;
    assert_eq!(word.status, WithdrawalStatus::Other("SUBMITTED".to_owned()));
    let failed = USSD.replace(r#""status":"PENDING""#, r#""status":"FAILED","failureReason":"RECIPIENT_NOT_FOUND""#);
    let failed = accepted(&order(), &failed).await;
    assert_eq!((failed.status, failed.failure.as_str()), (WithdrawalStatus::Failed, "RECIPIENT_NOT_FOUND"));
}

#[tokio::test]
async fn fee_and_net_that_do_not_add_up_are_taken_as_kpay_gives_them() {
    let read = accepted(&order(), &USSD.replacen("4750", "4751", 1)).await;
    assert_eq!(read.strange, None);
    assert_eq!(read.facts.credited.map(|money| money.amount.to_string()).as_deref(), Some("4751"));
    assert_eq!(read.facts.fee.map(|money| money.amount.to_string()).as_deref(), Some("250"));
}

#[tokio::test]
async fn figures_that_cannot_be_ours_are_strange() {
    let check = async |intent: Intent, good: &str, from: &str, to: &str, expected: &str| {
        let body = good.replacen(from, to, 1);
        assert_ne!(body, good);
        let read = accepted(&intent, &body).await;
        assert!(read.strange.as_deref().is_some_and(|it| it.contains(expected)), "{body}: {:?}", read.strange);
    };
    check(order(), USSD, "4750", "5001", "netAmount is 5001").await;
    check(order(), USSD, "4750", "0", "netAmount is 0").await;
    check(order(), USSD, ":250", ":-250", "feeAmount is -250").await;
    check(order(), USSD, r#""isTest""#, r#""payoutCurrency":"XOF","isTest""#, "payoutCurrency is `XOF`").await;
    check(order(), USSD, r#""isTest""#, r#""payoutAmount":5001,"isTest""#, "payoutAmount is 5001").await;
    check(order(), USSD, r#""isTest""#, r#""exchangeRate":1.01,"isTest""#, "within one currency").await;
    check(to_ivory_coast(), IVORY_COAST, "1.0150", "0", "exchangeRate cannot be").await;
    check(to_ivory_coast(), IVORY_COAST, "48211.75", "0", "payoutAmount is 0").await;
    let operators = IVORY_COAST.replace(r#""currency":"XAF""#, r#""currency":"XOF""#);
    check(to_ivory_coast(), &operators, "48211.75", "47500", "figures are in XOF, not in XAF").await;
    check(to_ivory_coast(), &operators, r#""payoutAmount":48211.75,"#, "", "figures are in XOF, not in XAF").await;
    // Nothing is made up: what arrives is not known where only the source's figures are given.
    let bare = IVORY_COAST.replace(r#""payoutCurrency":"XOF","payoutAmount":48211.75,"exchangeRate":1.0150,"#, "");
    let bare = accepted(&to_ivory_coast(), &bare).await;
    assert_eq!((bare.strange, bare.facts.credited, bare.facts.exchange_rate), (None, None, None));
}

#[tokio::test]
async fn a_hosted_page_is_passed_on_from_our_host_only_and_never_shown() {
    let mut server = Server::new_async().await;
    let own = format!("{}/gateway/gw_9aB3", server.url());
    let body = HOSTED.replace("https://admin.kpay.site/gateway/gw_9aB3...", &own);
    server.mock("POST", WITHDRAW).with_status(201).with_body(&body).create_async().await;
    server.mock("GET", "/api/v1/payments/withdraw/wdr_abc123").with_body(&body).create_async().await;
    let client = client(&server.url());
    let (reply, page) = send(&client, &hosted()).await;
    let (asked, again) = client.withdrawal(&hosted(), "wdr_abc123").await.unwrap();
    assert!(!format!("{reply:?} {asked:?} {page:?}").contains("gw_"), "{reply:?} {page:?}");
    for page in [page, again] {
        let page = page.unwrap();
        assert_eq!(page.url.expose_secret(), own);
        assert_eq!(page.expires_at.unwrap().to_rfc3339(), "2026-05-16T10:45:00+00:00");
    }
    // A page of another host is dropped, the withdrawal stands.
    let (reply, page) = play(&hosted(), 201, &HOSTED.replace("admin.kpay.site", "evil.example")).await;
    assert!(matches!(reply, Reply::Accepted(_)) && page.is_none(), "{reply:?}");
}

#[tokio::test]
async fn g04_neither_keys_nor_pages_are_in_what_is_said() {
    let page = "https://admin.kpay.site/gateway/gw_9aB3";
    let keys = format!("kpay_test_{CANARY} sk_test_{CANARY}");
    for status in [200, 201, 204, 302, 400, 401, 403, 409, 422, 429, 500] {
        for body in [
            format!(r#"{{"message":"see {page} {keys}"}}"#),
            format!(r#"{{"message":"see HTTPS:\/\/admin.kpay.site\/gateway\/gw_9aB3 {keys}"}}"#),
            format!(r#"{{"gatewayUrl":"{page}","id":"{keys}"#),
            HOSTED.replace("WD-ORD-001", page),
            HOSTED.replace("wdr_abc123", page),
            HOSTED.replace("PENDING", page),
            HOSTED.replace("KPAY-WD-20260514-ABC123", page),
            HOSTED.replace(r#""isTest""#, &format!(r#""payoutCurrency":"{page}","failureReason":"{page}","isTest""#)),
            HOSTED.replace(r#""XAF""#, &format!(r#""{page}""#)),
            HOSTED.replace(":5000", &format!(r#":"{page}""#)),
        ] {
            let mut server = Server::new_async().await;
            let path = "/api/v1/payments/withdraw/wdr_abc123";
            server.mock("POST", WITHDRAW).with_status(status).with_body(&body).create_async().await;
            server.mock("GET", path).with_status(status).with_body(&body).create_async().await;
            let client = client(&server.url());
            let asked = client.withdrawal(&hosted(), "wdr_abc123").await;
            let (reply, _) = send(&client, &hosted()).await;
            let text = match &asked {
                Ok((withdrawal, _)) => format!("{withdrawal:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            let said = format!("{reply:?} {text}");
            assert!(!said.contains("gw_") && !said.contains(CANARY), "{status} {body}: {said}");
        }
    }
}

/// Masking the number must not repair a body into JSON: what is no UTF-8 is not KPay's, and refuses nothing.
#[test]
fn a_refusal_that_is_no_utf8_is_no_refusal() {
    for status in [400, 403, 404, 422] {
        let reply = judge_withdrawal(&order(), Environment::Sandbox, status, b"{\"message\":\"237653456789 \xd4\"}");
        assert!(matches!(&reply, Reply::Lost { detail } if detail.contains("237…789")), "{status} {reply:?}");
    }
}

/// KPay's words go to logs and to the journal: a number that we sent is masked in them, wherever they are cut.
#[tokio::test]
async fn g04_a_beneficiarys_number_is_masked_in_kpays_words() {
    let check = async |status: usize, said: &str, expected: &str| {
        let told = format!("{:?}", play(&order(), status, said).await);
        assert!(!told.contains("653456789") && !told.contains("23765345"), "{status} {told}");
        assert!(told.contains(expected), "{status} {told}");
    };
    let message = |text: &str| format!(r#"{{"message":"{text}"}}"#);
    for status in [400, 401, 403, 404, 409, 422, 500] {
        check(status, &message("the number 237653456789 is not MTN's"), "the number 237…789 is not MTN's").await;
    }
    check(422, &message("+237653456789 has no account"), "+237…789 has no account").await;
    check(422, &message("653456789: unknown subscriber"), "237…789: unknown subscriber").await;
    check(500, "<p>237653456789 failed</p>", "<p>237…789 failed</p>").await;
    // Where the text is cut, no half of a number is left of it.
    check(400, &message(&format!("{} 237653456789", "x".repeat(191))), "xxx 237…789").await;
    // The figures of others are not ours to change.
    let other = play(&order(), 422, &message("ask 237699000000")).await;
    assert!(format!("{other:?}").contains("ask 237699000000"), "{other:?}");
    let failed = THE_OBJECT.replace(r#""failureReason":null"#, r#""failureReason":"237653456789 is barred""#);
    assert_eq!(accepted(&order(), &failed.replace("COMPLETED", "FAILED")).await.failure, "237…789 is barred");
}

#[tokio::test]
async fn how_a_withdrawal_stands_is_asked_by_its_id() {
    let mut server = Server::new_async().await;
    let get = server
        .mock("GET", "/api/v1/payments/withdraw/wdr_xyz456")
        .match_header("X-API-Key", Matcher::Exact(format!("kpay_test_{CANARY}")))
        .match_header("X-Secret-Key", Matcher::Exact(format!("sk_test_{CANARY}")))
        .match_header("Authorization", Matcher::Missing)
        .with_body(THE_OBJECT)
        .expect(1)
        .create_async()
        .await;
    let client = client(&server.url());
    let (read, page) = client.withdrawal(&order(), "wdr_xyz456").await.unwrap();
    assert_eq!((read.status, page.is_none()), (WithdrawalStatus::Completed, true));
    get.assert_async().await;
    for id in ["", "..", "../me", "a/b", "a?b", "a b", &"a".repeat(65)] {
        assert!(client.withdrawal(&order(), id).await.is_err(), "{id}");
    }

    let check = async |status: usize, body: String, refused: bool| {
        let mut server = Server::new_async().await;
        let path = "/api/v1/payments/withdraw/wdr_xyz456";
        server.mock("GET", path).with_status(status).with_body(&body).create_async().await;
        let error = super::fixtures::client(&server.url()).withdrawal(&order(), "wdr_xyz456").await.unwrap_err();
        assert_eq!(error.is_refused(), refused, "{status} {body}: {error}");
    };
    check(200, THE_OBJECT.replace("wdr_xyz456", "wdr_xyz457"), false).await;
    check(200, THE_OBJECT.replace("98765", "98766"), false).await;
    check(200, THE_OBJECT.replace("5000", "6000"), false).await;
    check(200, THE_OBJECT[..200].to_owned(), false).await;
    for (status, refused) in [(301, false), (401, true), (403, true), (404, false), (429, false), (500, false)] {
        check(status, "{}".to_owned(), refused).await;
    }
}

/// A webhook's hint is asked about by KPay's id alone: an answer without our id is ours only where all else fits.
#[tokio::test]
async fn an_answer_without_our_id_must_fit_in_everything_else() {
    let without = THE_OBJECT.replace(r#""externalId":"WD-ORDER-98765","#, "");
    assert_ne!(without, THE_OBJECT);
    for (from, to, is_ours) in [
        ("", "", true),
        (r#""amount":5000"#, r#""amount":5001"#, false),
        ("237653456789", "237653456780", false),
        (r#""provider":"MTN_MOMO_CMR""#, r#""provider":"ORANGE_CMR""#, false),
        (r#""currency":"XAF""#, r#""currency":"KES""#, false),
        (r#""isTest":true"#, r#""isTest":false"#, false),
        ("wdr_xyz456", "wdr_other", false),
    ] {
        let mut server = Server::new_async().await;
        let path = format!("{WITHDRAW}/wdr_xyz456");
        server.mock("GET", path.as_str()).with_body(without.replacen(from, to, 1)).create_async().await;
        let answer = client(&server.url()).withdrawal(&order(), "wdr_xyz456").await;
        assert_eq!(answer.is_ok(), is_ours, "{from} {to}: {answer:?}");
    }
}

#[tokio::test]
async fn i04_nothing_leaves_that_is_not_the_intents_or_may_not() {
    let mut server = Server::new_async().await;
    let post = server.mock("POST", WITHDRAW).expect(0).create_async().await;
    let client = client(&server.url());
    let mut wrong = order();
    wrong.body = wrong.body.replace("5000", "50000");
    assert!(matches!(send(&client, &wrong).await.0, Reply::NotSent { .. }));
    let leave = client.clear_to_withdraw().await.unwrap();
    assert!(matches!(client.send_withdrawal(leave, &order(), &|| false).await.0, Reply::NotSent { .. }));
    post.assert_async().await;
    let nobody = super::fixtures::client("http://127.0.0.1:1");
    assert!(matches!(send(&nobody, &order()).await.0, Reply::NotSent { .. }));
}

#[tokio::test]
async fn b01_a_pause_that_kpay_asks_for_voids_the_leave() {
    let mut server = Server::new_async().await;
    let post = server.mock("POST", WITHDRAW).with_status(429).with_header("Retry-After", "2").expect(1);
    let post = post.create_async().await;
    let client = client(&server.url());
    let early = client.clear_to_withdraw().await.unwrap();
    assert!(matches!(send(&client, &order()).await.0, Reply::Lost { .. }));
    assert!(matches!(client.send_withdrawal(early, &order(), &|| true).await.0, Reply::NotSent { .. }));
    post.assert_async().await;
}

#[tokio::test]
async fn b07_a_reply_of_the_other_environment_is_not_ours() {
    assert!(matches!(play(&order(), 201, &USSD.replace("true", "false")).await.0, Reply::Lost { .. }));
    let without = USSD.replace(r#""isTest":true,"#, "");
    assert!(accepted(&order(), &without).await.strange.is_none());
}
