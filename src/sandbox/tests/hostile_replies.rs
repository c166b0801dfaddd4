//! Faults of the transport: replies that no caller should take, and replies that are another request's.

use super::*;

async fn kit(rule: &str) -> Kit {
    Kit::start(with_faults(&[rule])).await
}

#[tokio::test]
async fn a_retry_after_can_come_twice() {
    let kit = kit("429=5|20").await;
    let reply = kit.transfer("GAB", "CMR", 30_000, "id").await.unwrap();
    let values: Vec<_> = reply.headers.get_all("retry-after").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!((reply.status.as_u16(), values), (429, vec!["5", "20"]));
}

#[tokio::test]
async fn a_bomb_is_small_until_it_is_inflated() {
    let kit = kit("gzip-bomb=8").await;
    let reply = kit.transfer("GAB", "CMR", 30_000, "id").await.unwrap();
    assert_eq!(reply.headers["content-encoding"], "gzip");
    assert!(reply.text.len() < 100_000, "{}", reply.text.len());
    assert_eq!(kit.times("id"), 1);
}

#[tokio::test]
async fn headers_without_end_are_no_reply() {
    let kit = kit("endless-headers").await;
    assert!(kit.transfer("GAB", "CMR", 30_000, "id").await.is_err());
    assert_eq!(kit.times("id"), 1);
}

#[tokio::test]
async fn a_swapped_reply_is_the_one_before() {
    let kit = Kit::start(with_faults(&["ok", "swap-reply"])).await;
    assert_eq!(kit.transfer("GAB", "CMR", 30_000, "one").await.unwrap().json()["externalId"], "one");
    assert_eq!(kit.transfer("COG", "CMR", 5_000, "two").await.unwrap().json()["externalId"], "one");
    assert_eq!((kit.times("one"), kit.times("two")), (1, 1));
}
