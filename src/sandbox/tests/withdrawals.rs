//! Withdrawals: the seeds' samples, every documented refusal, every test number, and where the money is meanwhile.

use super::*;
use crate::sandbox::OperatorStatus;

const OVER: Duration = Duration::from_secs(3);

fn all_rates() -> SandboxSettings {
    let mut settings = settings();
    for currency in ["XOF", "KES", "CDF", "UGX", "RWF", "SLE", "ZMW"] {
        settings.rates.insert(("XAF".parse().unwrap(), currency.parse().unwrap()), "2".parse().unwrap());
    }
    settings
}

/// The reply without what differs from run to run.
fn fixed(reply: &Value) -> Value {
    let mut reply = reply.clone();
    for field in ["id", "reference", "providerReference", "gatewayUrl", "expiresAt", "createdAt", "completedAt"] {
        if let Some(value) = reply.get_mut(field).filter(|value| value.is_string()) {
            *value = json!("…");
        }
    }
    reply
}

#[tokio::test]
async fn the_seeds_samples() {
    let mut settings = settings();
    settings.rates.insert(("XAF".parse().unwrap(), "XOF".parse().unwrap()), "1.0150".parse().unwrap());
    let kit = Kit::start(settings).await;
    let check = async |body: Value, expected: Value| {
        let reply = kit.withdraw(&body).await;
        assert_eq!((reply.status.as_u16(), fixed(&reply.json())), (201, expected), "{body}");
    };
    let short = "Withdrawal request received. Processing via Mobile Money.";
    check(
        json!({"amount":5000,"provider":"MTN_MOMO_CMR","phoneNumber":"237653456789","externalId":"WD-ORDER-98765"}),
        json!({
            "id":"…","reference":"…","providerReference":"…","status":"PENDING","amount":5000,"netAmount":4750,
            "feeAmount":250,"currency":"XAF","externalId":"WD-ORDER-98765","provider":"MTN_MOMO_CMR","country":"CMR",
            "phoneNumber":"237653456789","isTest":true,
            "message":"Retrait initié, transfert en cours auprès de l'opérateur."
        }),
    )
    .await;
    check(
        json!({"amount":10000,"provider":"ORANGE_GAB","phoneNumber":"237653456789","sourceCountry":"CMR"}),
        json!({
            "id":"…","reference":"…","status":"PENDING","amount":10000,"netAmount":9500,"feeAmount":500,"currency":"XAF",
            "isTest":true,"message":short
        }),
    )
    .await;
    check(
        json!({"amount":50000,"provider":"MTN_MOMO_CIV","phoneNumber":"237653456789","sourceCountry":"CMR"}),
        json!({
            "id":"…","reference":"…","status":"PENDING","amount":50000,"netAmount":47500,"feeAmount":2500,"currency":"XAF",
            "payoutCurrency":"XOF","payoutAmount":48212.5,"exchangeRate":1.0150,"isTest":true,"message":short
        }),
    )
    .await;
    check(
        json!({"amount":5000,"externalId":"WD-ORD-001","returnUrl":"https://monsite.com/return"}),
        json!({
            "id":"…","reference":"…","externalId":"WD-ORD-001","status":"PENDING","mode":"GATEWAY","amount":5000,
            "netAmount":4750,"feeAmount":250,"currency":"XAF","gatewayUrl":"…","expiresAt":"…","isTest":true,
            "message":"Redirect the beneficiary to gatewayUrl to enter withdrawal details."
        }),
    )
    .await;
}

#[tokio::test]
async fn the_object_is_followed_by_its_id() {
    let kit = Kit::start(settings()).await;
    let mut body = ussd("MTN_MOMO_CMR", "237653456789", 5000, "one");
    body["metadata"] = json!({"payoutCycle": "2026-05"});
    let id = kit.withdraw(&body).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/payments/withdraw/{id}");
    assert_eq!(kit.get(&path).await.json()["completedAt"], Value::Null);
    kit.handle.advance(Duration::from_millis(1_500));
    assert_eq!(kit.get(&path).await.json()["status"], "PROCESSING");
    kit.handle.advance(OVER);
    let expected = json!({
        "id":"…","reference":"…","providerReference":"…","status":"COMPLETED","amount":5000,"netAmount":4750,"feeAmount":250,
        "currency":"XAF","externalId":"one","provider":"MTN_MOMO_CMR","country":"CMR","phoneNumber":"237653456789",
        "isTest":true,"metadata":{"payoutCycle":"2026-05"},"createdAt":"…","completedAt":"…","failedAt":null,
        "failureReason":null
    });
    assert_eq!(fixed(&kit.get(&path).await.json()), expected);
    assert_eq!(kit.get("/api/v1/payments/withdraw/wdr_none").await.status, 404);
    let foreign = kit.keyed(Method::GET, &path, "kpay_live_a", "sk_live_b");
    assert_eq!(kit.send(foreign).await.unwrap().status, 403);
    assert_eq!(kit.send(kit.request(Method::GET, &path)).await.unwrap().status, 401);
}

#[tokio::test]
async fn every_documented_refusal_reserves_nothing() {
    let kit =
        Kit::start(SandboxSettings { operators: [("ORANGE_CMR".into(), OperatorStatus::Closed)].into(), ..settings() })
            .await;
    let with = |field: &str, value: Value| {
        let mut body = ussd("MTN_MOMO_CMR", "237653456789", 5000, "x");
        body[field] = value;
        body
    };
    let cases = [
        (with("amount", json!(99)), 400, "invalid"),
        (with("amount", json!(500_001)), 400, "invalid"),
        (with("amount", json!("5000")), 400, "invalid"),
        (with("amount", json!(5000.5)), 400, "invalid"),
        (with("provider", json!("MTN")), 400, "invalid"),
        (with("provider", json!("MTN_FRA")), 400, "invalid"),
        (with("provider", Value::Null), 400, "invalid"),
        (with("phoneNumber", Value::Null), 400, "invalid"),
        (with("phoneNumber", json!("+237653456789")), 400, "invalid"),
        (with("returnUrl", json!("https://a.example/")), 400, "invalid"),
        (with("cancelUrl", json!("https://a.example/")), 400, "invalid"),
        (with("externalId", json!("")), 400, "invalid"),
        (json!({"amount":5000}), 400, "invalid"),
        (with("amount", json!(100_001)), 422, "short"),
        (with("sourceCountry", json!("KEN")), 404, "no_wallet"),
        (with("sourceCountry", json!("FRA")), 404, "no_wallet"),
        (with("provider", json!("MPESA_KEN")), 400, "no_rate"),
        (with("provider", json!("ORANGE_CMR")), 500, "operator_closed"),
    ];
    let count = cases.len();
    for (body, status, reason) in cases {
        let reply = kit.withdraw(&body).await;
        assert_eq!(reply.status.as_u16(), status, "{body}: {}", reply.text);
        assert_eq!(kit.handle.requests().last().unwrap().refused.as_deref(), Some(reason), "{body}");
    }
    let books = kit.books();
    assert_eq!((books.withdrawals.len(), books.refused.len()), (0, count));
    assert_eq!(kit.held(), ("100000".into(), "0".into()));
    let keyless = kit.request(Method::POST, "/api/v1/payments/withdraw").json(&with("amount", json!(5000)));
    assert_eq!(kit.send(keyless).await.unwrap().status, 401);
    assert_eq!(kit.withdraw(&with("amount", json!(5000))).await.status, 201, "a refused id can be used again");
}

#[tokio::test]
async fn the_number_decides() {
    let kit = Kit::start(all_rates()).await;
    let mut round = 0;
    let mut check = async |provider: &str, phone: &str, status: PayoutStatus, reason: Option<&str>| {
        round += 1;
        kit.handle.deposit(Country::CMR, Amount::whole(5000)).unwrap();
        let id = format!("n-{round}");
        assert_eq!(kit.pay(provider, phone, &id).await.status, 201, "{provider} {phone}");
        kit.handle.advance(OVER);
        assert_eq!(kit.end_of(&id), (status, reason.map(str::to_owned)), "{provider} {phone}");
    };
    let (done, open, failed) = (PayoutStatus::Completed, PayoutStatus::Pending, PayoutStatus::Failed);
    let (nobody, unspecified) = (Some("RECIPIENT_NOT_FOUND"), Some("UNSPECIFIED_FAILURE"));
    for (provider, prefix) in [
        ("MTN_MOMO_CMR", "237653456"),
        ("MOOV_BEN", "22951345"),
        ("ORANGE_CIV", "2250503456"),
        ("AIRTEL_COD", "243813456"),
        ("MTN_MOMO_COG", "242053456"),
        ("AIRTEL_RWA", "250733456"),
        ("MTN_MOMO_UGA", "256753456"),
        ("MPESA_KEN", "254703456"),
        ("ZAMTEL_ZMB", "260973456"),
    ] {
        check(provider, &format!("{prefix}789"), done, None).await;
        check(provider, &format!("{prefix}129"), open, None).await;
        check(provider, &format!("{prefix}089"), failed, nobody).await;
        check(provider, &format!("{prefix}119"), failed, unspecified).await;
    }
    check("ORANGE_SEN", "221763456789", done, None).await;
    check("ORANGE_SEN", "221763456129", open, None).await;
    check("ORANGE_SEN", "221763456119", failed, unspecified).await;
    check("AIRTEL_GAB", "24174345678", done, None).await;
    check("AIRTEL_GAB", "24174345128", open, None).await;
    check("AIRTEL_GAB", "24174345088", failed, nobody).await;
    check("AIRTEL_GAB", "24174345118", failed, unspecified).await;
    check("ORANGE_SLE", "23276123456", done, None).await;
    check("MPESA_KEN", "254703456099", failed, Some("WALLET_LIMIT_REACHED")).await;
    check("MTN_MOMO_UGA", "256753456099", failed, Some("WALLET_LIMIT_REACHED")).await;
    check("MPESA_KEN", "254703456109", failed, Some("RECIPIENT_LIMIT_REACHED")).await;
    check("MTN_MOMO_CMR", "237699999999", done, None).await;
    check("MTN_MOMO_CMR", "237653456099", done, None).await;
}

#[tokio::test]
async fn the_amount_is_reserved_then_leaves_or_comes_back() {
    let kit = Kit::start(settings()).await;
    for (phone, during, after) in [
        ("237653456789", ("100000", "5000"), ("95000", "0")),
        ("237653456089", ("95000", "5000"), ("95000", "0")),
        ("237653456129", ("95000", "5000"), ("95000", "5000")),
    ] {
        kit.pay("MTN_MOMO_CMR", phone, phone).await;
        assert_eq!(kit.held(), (during.0.into(), during.1.into()), "{phone}");
        kit.handle.advance(OVER);
        assert_eq!(kit.held(), (after.0.into(), after.1.into()), "{phone}");
    }
    assert!(kit.overview().await.text.contains(r#""balance":95000,"reservedBalance":5000,"availableBalance":90000"#));
    assert_eq!(kit.withdraw(&ussd("MTN_MOMO_CMR", "237653456789", 90_001, "more")).await.status, 422);
    assert!(kit.handle.end_withdrawal("237653456129", Some("BY_HAND")) && !kit.handle.end_withdrawal("none", None));
    assert_eq!(kit.held(), ("95000".into(), "0".into()));
}

#[tokio::test]
async fn an_id_is_free_again_once_its_withdrawal_has_failed() {
    let kit = Kit::start(settings()).await;
    for (phone, later) in [("237653456789", 409), ("237653456089", 201), ("237653456129", 409)] {
        kit.pay("MTN_MOMO_CMR", phone, phone).await;
        let taken = kit.pay("MTN_MOMO_CMR", phone, phone).await;
        assert_eq!(taken.status, 409, "{phone} under way");
        assert_eq!(taken.json()["message"], "A withdrawal with this externalId already exists");
        kit.handle.advance(OVER);
        assert_eq!(kit.pay("MTN_MOMO_CMR", phone, phone).await.status.as_u16(), later, "{phone} over");
        assert_eq!(kit.books().withdrawn(phone)[0].attempts, 3);
    }
}

#[tokio::test]
async fn faults_strike_withdrawals_too() {
    for (rule, status, taken) in [
        ("withdraw:lost-before", None, 0),
        ("withdraw:lost-after-apply", None, 1),
        ("withdraw:http-500-before", Some(500), 0),
        ("withdraw:http-500-after", Some(500), 1),
        ("withdraw:html-504-after", Some(504), 1),
        ("withdraw:429", Some(429), 0),
        ("withdraw:401", Some(401), 0),
        ("withdraw:cut-body", None, 1),
        ("withdraw:empty-201", Some(201), 1),
        ("withdraw:duplicate", Some(409), 1),
        ("withdraw:late-apply=0", None, 1),
        ("withdraw:wrong-field=amount", Some(201), 1),
    ] {
        let kit = Kit::start(with_faults(&[rule])).await;
        let request = kit.keyed(Method::POST, "/api/v1/payments/withdraw", "kpay_test_a", "sk_test_b");
        let reply = kit.send(request.json(&ussd("MTN_MOMO_CMR", "237653456789", 5000, "f"))).await;
        assert_eq!(reply.ok().map(|reply| reply.status.as_u16()), status, "{rule}");
        if rule.contains("late") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let books = kit.books();
        assert_eq!(books.withdrawals.len(), taken, "{rule}");
        assert!(
            books.withdrawals.iter().all(|entry| entry.amount == Amount::whole(5000) && entry.attempts == 1),
            "{rule}"
        );
    }
}

#[tokio::test]
async fn one_that_is_pending_holds_its_money_and_is_dropped_unpaid() {
    let kit = Kit::start(with_faults(&["withdraw:conflict-pending=2"])).await;
    let request = kit.keyed(Method::POST, "/api/v1/payments/withdraw", "kpay_test_a", "sk_test_b");
    let lost = kit.send(request.json(&ussd("MTN_MOMO_CMR", "237653456789", 5000, "id"))).await;
    assert!(lost.is_err());
    assert_eq!(kit.held(), ("100000".into(), "5000".into()));
    assert_eq!(kit.transfer("CMR", "GAB", 1000, "id").await.unwrap().status, 201, "a transfer has ids of its own");
    for reserved in ["5000", "0"] {
        assert_eq!(kit.pay("MTN_MOMO_CMR", "237653456789", "id").await.status, 409);
        assert_eq!(kit.held(), ("99000".into(), reserved.into()));
    }
    assert!(kit.books().withdrawals.is_empty());
    assert_eq!(kit.pay("MTN_MOMO_CMR", "237653456789", "id").await.status, 201);
}

#[tokio::test]
async fn what_is_looked_at_first_is_as_set() {
    use crate::sandbox::CheckOrder;
    for (order, status) in [(CheckOrder::IdFirst, 409), (CheckOrder::BalanceFirst, 422)] {
        let kit = Kit::start(SandboxSettings { order, ..settings() }).await;
        kit.pay("MTN_MOMO_CMR", "237653456129", "id").await;
        let over = ussd("MTN_MOMO_CMR", "237653456129", 95_001, "id");
        assert_eq!(kit.withdraw(&over).await.status.as_u16(), status);
        assert_eq!(kit.held(), ("100000".into(), "5000".into()));
    }
}

#[tokio::test]
async fn operators_are_told_about() {
    let kit = Kit::start(settings()).await;
    let closed = json!({"provider":"MOOV_BEN","status":"CLOSED"});
    assert_eq!(kit.admin("/sandbox/operator", &closed).await.status, 200);
    assert_eq!(kit.admin("/sandbox/operator", &json!({"provider":"MOOV_BEN","status":"shut"})).await.status, 400);
    kit.handle.set_operator("MTN_MOMO_BEN", OperatorStatus::Delayed);
    let listed = kit.get("/api/v1/payments/availability").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 12);
    let status = |provider: usize| listed[0]["providers"][provider]["operationTypes"][1].clone();
    assert_eq!(status(0), json!({"operationType":"PAYOUT","status":"DELAYED"}));
    assert_eq!(status(1), json!({"operationType":"PAYOUT","status":"CLOSED"}));
    let predict = kit.keyed(Method::POST, "/api/v1/payments/predict-provider", "kpay_test_a", "sk_test_b");
    let predicted = kit.send(predict.json(&json!({"phoneNumber":"24174345678"}))).await.unwrap();
    let expected = json!({"country":"GAB","provider":"AIRTEL_GAB","phoneNumber":"24174345678"});
    assert_eq!((predicted.status.as_u16(), predicted.json()), (201, expected));
    let info = kit.send(kit.request(Method::GET, "/api/public/platform-info")).await.unwrap();
    assert_eq!(info.json()["withdrawal"]["maxAmount"], 500_000);
}
