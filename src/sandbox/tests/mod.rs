//! The sandbox over real HTTP on the loopback, asked by reqwest as the daemon asks KPay.

mod conservation;
mod doors;
mod endpoints;
mod gateway;
mod reading_faults;
mod hostile_replies;
mod transfer_faults;
mod transfers;
mod webhooks;
mod withdrawals;

use super::{Books, Handle, PayoutStatus, RequestRecord, Running, Sandbox, SandboxSettings};
use crate::money::{Amount, Country};
use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use std::time::Duration;

const APPLICATION: &str = "b8aefadd-88b4-561a-8a90-2f9814207bfb";

/// A running sandbox with a client that never repeats or follows anything by itself.
struct Kit {
    running: Running,
    handle: Handle,
    client: Client,
}

/// A reply that arrived whole.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect(&self.text)
    }
}

/// CMR 100,000, GAB 330,000, COG 15,000 XAF; no rate limit.
fn settings() -> SandboxSettings {
    let wallets = [(Country::CMR, 100_000), (Country::GAB, 330_000), (Country::COG, 15_000)];
    SandboxSettings {
        wallets: wallets.map(|(country, amount)| (country, Amount::whole(amount))).into_iter().collect(),
        requests_per_minute: 0,
        ..SandboxSettings::default()
    }
}

fn with_faults(rules: &[&str]) -> SandboxSettings {
    SandboxSettings { faults: rules.iter().map(|rule| rule.parse().unwrap()).collect(), ..settings() }
}

fn transfer_body(from: &str, to: &str, amount: &Value, id: &str) -> Value {
    json!({ "applicationId": APPLICATION, "sourceCountry": from, "destinationCountry": to, "amount": amount, "externalId": id })
}

/// A withdrawal in the direct mode.
fn ussd(provider: &str, phone: &str, amount: i64, id: &str) -> Value {
    json!({"amount": amount, "provider": provider, "phoneNumber": phone, "sourceCountry": "CMR", "externalId": id})
}

impl Kit {
    async fn start(settings: SandboxSettings) -> Self {
        // A second installation in the same process is refused, and that is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let running = Sandbox::start(settings, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .timeout(Duration::from_secs(10))
            .build()
            .unwrap();
        Self { handle: running.handle(), running, client }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        let reply = request.send().await?;
        let (status, headers) = (reply.status(), reply.headers().clone());
        Ok(Answer { status, headers, text: reply.text().await? })
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.running.base_url()))
    }

    fn keyed(&self, method: Method, path: &str, api: &str, secret: &str) -> reqwest::RequestBuilder {
        self.request(method, path).header("X-API-Key", api).header("X-Secret-Key", secret)
    }

    /// With test keys.
    async fn get(&self, path: &str) -> Answer {
        self.send(self.keyed(Method::GET, path, "kpay_test_a", "sk_test_b")).await.unwrap()
    }

    async fn admin(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await.unwrap()
    }

    async fn token(&self) -> String {
        let request = self.keyed(Method::POST, "/api/v1/payments/token", "kpay_test_a", "sk_test_b");
        let reply = self.send(request.json(&json!({}))).await.unwrap();
        reply.json()["accessToken"].as_str().unwrap().to_owned()
    }

    async fn overview(&self) -> Answer {
        let token = self.token().await;
        self.send(self.request(Method::GET, "/api/wallets/overview").bearer_auth(token)).await.unwrap()
    }

    /// One attempt under a fresh token; an error where no whole reply came.
    async fn post(&self, body: &Value) -> reqwest::Result<Answer> {
        let token = self.token().await;
        self.send(self.request(Method::POST, "/api/wallets/transfer").bearer_auth(token).json(body)).await
    }

    async fn transfer(&self, from: &str, to: &str, amount: i64, id: &str) -> reqwest::Result<Answer> {
        self.post(&transfer_body(from, to, &json!(amount), id)).await
    }

    fn books(&self) -> Books {
        self.handle.check().unwrap();
        self.handle.books()
    }

    /// Asks for a withdrawal with test keys.
    async fn withdraw(&self, body: &Value) -> Answer {
        let request = self.keyed(Method::POST, "/api/v1/payments/withdraw", "kpay_test_a", "sk_test_b");
        self.send(request.json(body)).await.unwrap()
    }

    /// Pays 5,000 XAF out of Cameroon.
    async fn pay(&self, provider: &str, phone: &str, id: &str) -> Answer {
        self.withdraw(&ussd(provider, phone, 5000, id)).await
    }

    /// Status of the only withdrawal with an id, and why it failed.
    fn end_of(&self, id: &str) -> (PayoutStatus, Option<String>) {
        let books = self.books();
        let entry = books.withdrawn(id)[0];
        (entry.status, entry.failure_reason.clone())
    }

    /// Balance and reserved part of the Cameroonian wallet.
    fn held(&self) -> (String, String) {
        let books = self.books();
        let wallet = books.wallet(Country::CMR).unwrap();
        (wallet.balance.to_string(), wallet.reserved.to_string())
    }

    /// How often an id was applied.
    fn times(&self, id: &str) -> usize {
        self.books().applied(id).len()
    }

    fn balance(&self, country: Country) -> String {
        self.books().balance(country).unwrap().to_string()
    }

    /// The last request to the transfer endpoint.
    fn last_transfer(&self) -> RequestRecord {
        let found = self.handle.requests().into_iter().rfind(|record| record.path == "/api/wallets/transfer");
        found.unwrap()
    }
}
