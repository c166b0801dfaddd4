//! reliability.md B8: the keys are rotated at KPay and on disk while the daemon runs.

use super::fixtures::{APPLICATION, CANARY, settings, token_body};
use crate::kpay::{CallError, Client, KeySource, Keys, NoObserver};
use mockito::{Mock, Server, ServerGuard};
use std::sync::{Arc, Mutex};

const ME: (&str, &str) = ("GET", "/api/v1/payments/me");
const TOKEN: (&str, &str) = ("POST", "/api/v1/payments/token");
const OLD: &str = CANARY;
const NEW: &str = "new";
const OTHER: &str = "ffffffff-0000-4000-8000-000000000000";
const REFUSED: &str = r#"{"message":"Invalid API credentials"}"#;

type OnDisk = Arc<Mutex<Result<Keys, String>>>;

fn new_keys() -> Keys {
    Keys::new("kpay_test_new".to_owned(), "sk_test_new".to_owned()).unwrap()
}

/// A client whose keys lie in a place of their own.
fn client(server: &ServerGuard) -> (Client, OnDisk) {
    let mut settings = settings(&server.url());
    let on_disk: OnDisk = Arc::new(Mutex::new(Ok(settings.keys.clone())));
    let source = on_disk.clone();
    settings.key_source = Some(KeySource::new(move || source.lock().unwrap().clone()));
    (Client::new(settings, Arc::new(NoObserver)).unwrap(), on_disk)
}

fn me(application: &str) -> String {
    format!(r#"{{"application":{{"id":"{application}","name":"Shop"}},"environment":"TEST"}}"#)
}

/// What KPay answers to one pair of keys, and to no other.
async fn answering(
    server: &mut ServerGuard,
    keys: &str,
    (method, path): (&str, &str),
    (status, body): (usize, &str),
    times: usize,
) -> Mock {
    let mock = server.mock(method, path).match_header("X-API-Key", format!("kpay_test_{keys}").as_str());
    let mock = mock.match_header("X-Secret-Key", format!("sk_test_{keys}").as_str());
    mock.with_status(status).with_body(body).expect(times).create_async().await
}

#[tokio::test]
async fn b08_revoked_keys_are_replaced_by_those_on_disk_without_a_restart() {
    let mut server = Server::new_async().await;
    let (client, on_disk) = client(&server);
    let before = answering(&mut server, OLD, ME, (200, &me(APPLICATION)), 1).await;
    client.identity().await.unwrap();
    before.assert_async().await;
    before.remove_async().await;
    let revoked = answering(&mut server, OLD, ME, (401, REFUSED), 3).await;
    // The new ones are not there yet, or only half: refused, and the old ones stay.
    assert!(client.identity().await.unwrap_err().is_refused());
    *on_disk.lock().unwrap() = Err("the file is empty".to_owned());
    assert!(client.identity().await.unwrap_err().is_refused());
    *on_disk.lock().unwrap() = Ok(new_keys());
    let asked = answering(&mut server, NEW, ME, (200, &me(APPLICATION)), 3).await;
    assert!(client.identity().await.is_ok(), "asked with the old ones, about the new ones, and with the new ones");
    assert!(client.identity().await.is_ok(), "with the new ones from here on");
    asked.assert_async().await;
    revoked.assert_async().await;
}

#[tokio::test]
async fn b08_a_token_is_fetched_with_the_new_keys() {
    let mut server = Server::new_async().await;
    let (client, on_disk) = client(&server);
    *on_disk.lock().unwrap() = Ok(new_keys());
    let mocks = [
        answering(&mut server, OLD, TOKEN, (401, REFUSED), 1).await,
        answering(&mut server, NEW, ME, (200, &me(APPLICATION)), 1).await,
        answering(&mut server, NEW, TOKEN, (200, &token_body()), 1).await,
    ];
    assert!(client.token().await.is_ok());
    for mock in mocks {
        mock.assert_async().await;
    }
}

/// The ids of another application are other ids: with its keys the same slot would move twice.
#[tokio::test]
async fn b08_keys_of_another_application_are_never_used() {
    let mut server = Server::new_async().await;
    let (client, on_disk) = client(&server);
    let old = answering(&mut server, OLD, ME, (200, &me(APPLICATION)), 2).await;
    client.identity().await.unwrap();
    *on_disk.lock().unwrap() = Ok(new_keys());
    let theirs = answering(&mut server, NEW, ME, (200, &me(OTHER)), 1).await;
    let error = client.take_rotated_keys().await.unwrap_err();
    assert!(matches!(error, CallError::WrongApplication { .. }), "{error}");
    // KPay was asked about them, and nothing else with them.
    assert!(client.identity().await.is_ok());
    theirs.assert_async().await;
    old.assert_async().await;
}

#[tokio::test]
async fn b08_the_same_keys_cost_no_request() {
    let server = Server::new_async().await;
    let (client, on_disk) = client(&server);
    assert_eq!(client.take_rotated_keys().await.map_err(|error| error.to_string()), Ok(false));
    *on_disk.lock().unwrap() = Err("no such file".to_owned());
    let error = client.take_rotated_keys().await.unwrap_err().to_string();
    assert_eq!(error, "reading KPay's keys again: no such file; the keys before stay in use");
}
