//! The hosted page, clicked through as a browser would: filled in once, cancelled, expired, and what is sent back.

use super::*;
use crate::sandbox::OperatorStatus;
use crate::sandbox::sign::signed;
use reqwest::Url;
use std::collections::BTreeMap;

const RETURN: &str = "https://shop.example/back?order=7";
const CANCEL: &str = "https://shop.example:8443/cancelled";
const OVER: Duration = Duration::from_secs(3);

/// A sandbox with one withdrawal that waits for its page.
struct Scene {
    kit: Kit,
    page: String,
    id: String,
}

impl Scene {
    async fn new(settings: SandboxSettings, more: Value) -> Self {
        let kit = Kit::start(settings).await;
        let mut body = json!({"amount": 5000, "externalId": "WD-1", "returnUrl": RETURN});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let reply = kit.withdraw(&body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let reply = reply.json();
        let url: Url = reply["gatewayUrl"].as_str().unwrap().parse().unwrap();
        assert_eq!(url.origin().ascii_serialization(), kit.running.base_url());
        Self { page: url.path().to_owned(), id: reply["id"].as_str().unwrap().to_owned(), kit }
    }

    async fn open(&self) -> Answer {
        self.kit.send(self.kit.request(Method::GET, &self.page)).await.unwrap()
    }

    async fn press(&self, button: &str, provider: &str, phone: &str) -> Answer {
        let form = Url::parse_with_params("form:/", [("provider", provider), ("phone", phone), ("act", button)]);
        let body = form.unwrap().query().unwrap().to_owned();
        self.kit.send(self.kit.request(Method::POST, &self.page).body(body)).await.unwrap()
    }

    fn end(&self) -> (PayoutStatus, Option<String>) {
        self.kit.end_of("WD-1")
    }
}

/// The parameters that came back, once their signature was found good; panics where it is not.
fn back(reply: &Answer, secret: &str) -> (Url, BTreeMap<String, String>) {
    assert_eq!(reply.status, 303, "{}", reply.text);
    let url: Url = reply.headers["location"].to_str().unwrap().parse().unwrap();
    let fields: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    let text = ["status", "reference", "externalId", "ts"].map(|name| fields[name].as_str()).join("|");
    assert_eq!(fields["sig"], signed(&secret.into(), text.as_bytes()), "{text}");
    (url, fields)
}

#[tokio::test]
async fn a_confirmed_page_pays_and_sends_back_with_a_signature() {
    let settings = SandboxSettings { gateway_secret: "gw-secret".into(), ..settings() };
    let scene = Scene::new(settings, json!({})).await;
    let page = scene.open().await;
    assert_eq!(
        (page.status.as_u16(), page.headers["content-type"].to_str().unwrap()),
        (200, "text/html; charset=utf-8")
    );
    for shown in ["Sandbox application", "5 000", "250", "4 750", "XAF", "MTN MOMO", "WD-1", "Confirm", "Cancel"] {
        assert!(page.text.contains(shown), "{shown} in {}", page.text);
    }
    assert!(!page.text.contains("gw-secret"));
    let before = chrono::Utc::now().timestamp_millis();
    let (url, fields) = back(&scene.press("confirm", "MTN_MOMO_CMR", "+237 653 456 789").await, "gw-secret");
    assert!(url.as_str().starts_with(&format!("{RETURN}&status=PENDING&reference=KPAY-WD-")), "{url}");
    assert_eq!(fields["externalId"], "WD-1");
    assert!((before..=before + 10_000).contains(&fields["ts"].parse().unwrap()), "{fields:?}");
    scene.kit.handle.advance(OVER);
    assert_eq!(scene.end(), (PayoutStatus::Completed, None));
    let object = scene.kit.get(&format!("/api/v1/payments/withdraw/{}", scene.id)).await.json();
    let named = ["mode", "provider", "country", "phoneNumber"].map(|name| object[name].as_str().unwrap().to_owned());
    assert_eq!(named, ["GATEWAY", "MTN_MOMO_CMR", "CMR", "237653456789"]);
    assert_eq!(scene.kit.held(), ("95000".into(), "0".into()));
}

#[tokio::test]
async fn the_number_on_the_page_decides() {
    for (phone, status, reason) in [
        ("237653456789", PayoutStatus::Completed, None),
        ("237653456129", PayoutStatus::Pending, None),
        ("237653456089", PayoutStatus::Failed, Some("RECIPIENT_NOT_FOUND")),
        ("237653456119", PayoutStatus::Failed, Some("UNSPECIFIED_FAILURE")),
    ] {
        let scene = Scene::new(settings(), json!({})).await;
        assert_eq!(scene.press("confirm", "ORANGE_CMR", phone).await.status, 303);
        scene.kit.handle.advance(OVER);
        assert_eq!(scene.end(), (status, reason.map(str::to_owned)), "{phone}");
    }
}

#[tokio::test]
async fn it_can_be_used_once_and_for_a_quarter_of_an_hour() {
    let check = async |scene: Scene, status: PayoutStatus, title: &str| {
        let (stands, held) = (scene.end().0, scene.kit.held());
        assert_eq!(stands, status, "{title}");
        for reply in [
            scene.open().await,
            scene.press("confirm", "MTN_MOMO_CMR", "237653456089").await,
            scene.press("cancel", "", "").await,
        ] {
            assert_eq!(reply.status, 410, "{title}");
            assert!(reply.text.contains(title) && !reply.text.contains("<form"), "{}", reply.text);
        }
        assert_eq!((scene.end().0, scene.kit.held()), (stands, held), "{title}");
    };
    let used = Scene::new(settings(), json!({})).await;
    used.press("confirm", "MTN_MOMO_CMR", "237653456129").await;
    check(used, PayoutStatus::Pending, "has been used").await;
    let cancelled = Scene::new(settings(), json!({})).await;
    let (url, fields) = back(&cancelled.press("cancel", "", "no number").await, "sandbox-gateway-secret");
    assert_eq!((url.path(), fields["status"].as_str()), ("/back", "CANCELLED"), "without a cancelUrl");
    assert_eq!(cancelled.kit.held(), ("100000".into(), "0".into()));
    check(cancelled, PayoutStatus::Cancelled, "was cancelled").await;
    let expired = Scene::new(settings(), json!({})).await;
    expired.kit.handle.advance(Duration::from_mins(14));
    assert_eq!(expired.open().await.status, 200);
    expired.kit.handle.advance(Duration::from_mins(1));
    assert_eq!(expired.open().await.status, 410);
    assert_eq!(expired.end().1.as_deref(), Some("GATEWAY_EXPIRED"));
    check(expired, PayoutStatus::Cancelled, "has expired").await;
}

#[tokio::test]
async fn who_cancels_goes_to_the_cancel_url() {
    let scene = Scene::new(settings(), json!({"cancelUrl": CANCEL})).await;
    let policy = scene.open().await.headers["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("form-action 'self' https://shop.example https://shop.example:8443;"), "{policy}");
    let (url, fields) = back(&scene.press("cancel", "", "").await, "sandbox-gateway-secret");
    assert!(url.as_str().starts_with(&format!("{CANCEL}?status=CANCELLED&")), "{url}");
    assert_eq!(fields["externalId"], "WD-1");
}

#[tokio::test]
async fn wrong_fields_are_said_and_the_page_stays_open() {
    let settings = SandboxSettings { operators: [("ORANGE_CMR".into(), OperatorStatus::Closed)].into(), ..settings() };
    let scene = Scene::new(settings, json!({})).await;
    for (button, provider, phone, says) in [
        ("confirm", "", "237653456789", "from the list"),
        ("confirm", "MTN_FRA", "237653456789", "from the list"),
        // No rate from XAF leads to Kenya.
        ("confirm", "MPESA_KEN", "254703456789", "from the list"),
        ("confirm", "ORANGE_CMR", "237653456789", "takes no payouts"),
        ("confirm", "MTN_MOMO_CMR", "", "country code"),
        ("confirm", "MTN_MOMO_CMR", "0653456789", "country code"),
        ("confirm", "MTN_MOMO_CMR", "\"><script>alert(1)</script>", "country code"),
        ("", "MTN_MOMO_CMR", "237653456789", "Confirm or cancel"),
    ] {
        let reply = scene.press(button, provider, phone).await;
        assert_eq!(reply.status, 422, "{provider} {phone}");
        assert!(reply.text.contains("role=\"alert\"") && reply.text.contains(says), "{says}: {}", reply.text);
        assert!(!reply.text.contains("<script"), "{}", reply.text);
        assert_eq!(scene.end().0, PayoutStatus::Pending);
    }
    let again = scene.press("confirm", "MTN_MOMO_CMR", "12").await.text;
    assert!(again.contains("value=\"12\"") && again.contains("value=\"MTN_MOMO_CMR\" selected"), "{again}");
    assert_eq!(scene.press("confirm", "MTN_MOMO_CMR", "237653456789").await.status, 303);
}

#[tokio::test]
async fn an_operator_of_another_currency_is_paid_in_its_own() {
    let scene = Scene::new(settings(), json!({})).await;
    assert!(scene.open().await.text.contains("value=\"MOOV_BEN\""), "the sandbox has a rate from XAF to XOF");
    assert_eq!(scene.press("confirm", "MOOV_BEN", "22951345789").await.status, 303);
    let object = scene.kit.get(&format!("/api/v1/payments/withdraw/{}", scene.id)).await.json();
    assert_eq!((&object["payoutCurrency"], &object["payoutAmount"]), (&json!("XOF"), &json!(4822.68)));
}

#[tokio::test]
async fn texts_are_escaped_and_nothing_from_elsewhere_is_let_in() {
    let evil = "<img src=x onerror=alert(1)>\"' &amp;";
    let scene = Scene::new(settings(), json!({"description": evil})).await;
    let page = scene.open().await;
    assert!(!page.text.contains("<img") && page.text.contains("&#60;img src=x"), "{}", page.text);
    let header = |name: &str| page.headers[name].to_str().unwrap().to_owned();
    let policy = header("content-security-policy");
    let (_, nonce) = policy.split_once("'nonce-").unwrap();
    let nonce = nonce.split('\'').next().unwrap();
    assert!(page.text.contains(&format!("<style nonce=\"{nonce}\">")), "{policy}");
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self' https://shop.example; base-uri 'none'; \
             frame-ancestors 'none'"
        )
    );
    assert_eq!([header("cache-control"), header("referrer-policy")], ["no-store", "no-referrer"]);
    for outside in ["http://", "https://", "src=", "url(", "@import", "<script", "<link"] {
        assert!(!page.text.replace("src=x", "").contains(outside), "{outside}");
    }
    let other = scene.open().await.headers["content-security-policy"].to_str().unwrap().to_owned();
    assert_ne!(other, policy, "a nonce is used once");
}

#[tokio::test]
async fn other_addresses_and_methods_are_not_pages_and_nothing_is_logged() {
    let scene = Scene::new(settings(), json!({})).await;
    let logged = scene.kit.handle.requests().len();
    for (method, path, status) in [
        (Method::GET, "/gateway/".to_owned(), 404),
        (Method::GET, "/gateway/gw_0".to_owned(), 404),
        (Method::POST, format!("{}/", scene.page), 404),
        (Method::PUT, scene.page.clone(), 405),
    ] {
        let reply = scene.kit.send(scene.kit.request(method, &path)).await.unwrap();
        assert_eq!((reply.status.as_u16(), reply.text.contains("<form")), (status, false), "{path}");
    }
    scene.open().await;
    assert_eq!(scene.kit.handle.requests().len(), logged, "its address opens it: no log has it");
    let books = serde_json::to_string(&scene.kit.books()).unwrap();
    assert!(!books.contains(scene.page.trim_start_matches("/gateway/")));
}

#[tokio::test]
async fn addresses_that_no_browser_can_go_to_are_refused() {
    let kit = Kit::start(settings()).await;
    for (field, address) in [
        ("returnUrl", ""),
        ("returnUrl", "/back"),
        ("returnUrl", "javascript:alert(1)"),
        ("returnUrl", "data:text/html,x"),
        ("cancelUrl", "ftp://shop.example/"),
    ] {
        let mut body = json!({"amount": 5000, "returnUrl": RETURN});
        body[field] = json!(address);
        let reply = kit.withdraw(&body).await;
        assert_eq!(reply.status, 400, "{address}");
        assert!(reply.text.contains(&format!("{field} must be a URL address")), "{}", reply.text);
    }
    assert_eq!(kit.held().1, "0");
    let split = json!({"amount": 5000, "returnUrl": "https://shop.example/\r\nSet-Cookie: a=b"});
    let url = kit.withdraw(&split).await.json()["gatewayUrl"].as_str().unwrap().to_owned();
    let page = url.trim_start_matches(&kit.running.base_url()).to_owned();
    let reply = kit.send(kit.request(Method::POST, &page).body("act=cancel")).await.unwrap();
    assert!(reply.headers.get("set-cookie").is_none() && reply.status == 303);
}
