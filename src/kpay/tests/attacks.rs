//! What a hostile other side tries (G1, G6, G7).

use super::fixtures::{CANARY, client, intent, server_with_token};
use crate::intent::Reply;
use mockito::Server;

#[tokio::test]
async fn g01_redirects_are_never_followed() {
    for status in [301, 302, 303, 307, 308] {
        let mut trap = Server::new_async().await;
        let any = mockito::Matcher::Any;
        let caught_post = trap.mock("POST", any.clone()).expect(0).create_async().await;
        let caught_get = trap.mock("GET", any).expect(0).create_async().await;
        let mut server = server_with_token().await;
        let location = format!("{}/api/wallets/transfer", trap.url().replace("127.0.0.1", "localhost"));
        for (method, path) in [("POST", "/api/wallets/transfer"), ("GET", "/api/v1/payments/me")] {
            server.mock(method, path).with_status(status).with_header("Location", &location).create_async().await;
        }
        let client = client(&server.url());
        let reply = client.transfer(&intent("CMR", "GAB", "50000")).await;
        assert!(matches!(&reply, Reply::Lost { detail } if detail.contains("redirect")), "{status}: {reply:?}");
        let error = client.identity().await.unwrap_err();
        assert!(error.to_string().contains("redirect") && !error.is_refused(), "{error}");
        caught_post.assert_async().await;
        caught_get.assert_async().await;
    }
}

#[tokio::test]
async fn g07_secrets_echoed_by_the_other_side_are_blotted_out() {
    let echo = format!(r#"{{"message":"bad key kpay_test_{CANARY} and sk_test_{CANARY}, bearer eyJ.{CANARY}.sig"}}"#);
    for status in [400, 401, 403, 404, 409, 500] {
        let mut server = server_with_token().await;
        server.mock("POST", "/api/wallets/transfer").with_status(status).with_body(&echo).create_async().await;
        server.mock("GET", "/api/v1/payments/me").with_status(status).with_body(&echo).create_async().await;
        let client = client(&server.url());
        let reply = client.transfer(&intent("CMR", "GAB", "50000")).await;
        assert!(!format!("{reply:?}").contains(CANARY), "{status}: {reply:?}");
        let error = client.identity().await.unwrap_err();
        // The token is not part of this request, so the server cannot know it from here.
        let told = format!("{error} {error:?}").replace(&format!("eyJ.{CANARY}.sig"), "");
        assert!(!told.contains(CANARY), "{status}: {told}");
        assert!(!format!("{client:?} {:?}", super::fixtures::settings("http://127.0.0.1:1")).contains(CANARY));
    }
}
