//! One HTTP/1.1 request off a connection, within strict limits. Chunked bodies are refused: KPay's clients know their length.

use super::reply::Reply;
use bytes::{Buf, BytesMut};
use tokio::{io::AsyncReadExt, net::TcpStream};

const LONGEST_HEAD: usize = 32 * 1024;
const LONGEST_BODY: usize = 1024 * 1024;
const MOST_HEADERS: usize = 64;

/// A whole request. No `Debug`: its headers hold keys.
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query as sent.
    pub(super) target: String,
    /// Names in lower case.
    headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    /// Whether the caller wants to send another one.
    pub(super) keep_alive: bool,
}

impl Request {
    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A parameter of the query, undecoded.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The only value of a header; `None` where it is absent, not ASCII, or there twice.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value);
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        std::str::from_utf8(value).ok()
    }

    pub(super) fn header_names(&self) -> Vec<String> {
        self.headers.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// Why there is no request.
pub(super) enum ReadError {
    /// The caller is done; `partial` says that it went in the middle of a request.
    Closed { partial: bool },
    /// Not HTTP as spoken here: answer this and close.
    Broken(Reply),
}

impl ReadError {
    fn broken(status: u16, message: &str) -> Self {
        Self::Broken(Reply::error(status, message))
    }
}

/// What the head says.
struct Head {
    request: Request,
    /// Bytes of the head.
    length: usize,
    body_length: usize,
}

/// Reads the next request; what comes after it stays in `buffer`.
pub(super) async fn read_request(stream: &mut TcpStream, buffer: &mut BytesMut) -> Result<Request, ReadError> {
    let head = loop {
        if let Some(head) = parse(buffer)? {
            break head;
        }
        if buffer.len() > LONGEST_HEAD {
            return Err(ReadError::broken(431, "the head of the request is too long"));
        }
        read_some(stream, buffer).await?;
    };
    let whole = head.length + head.body_length;
    while buffer.len() < whole {
        read_some(stream, buffer).await?;
    }
    let mut request = head.request;
    request.body = buffer[head.length..whole].to_vec();
    buffer.advance(whole);
    Ok(request)
}

async fn read_some(stream: &mut TcpStream, buffer: &mut BytesMut) -> Result<(), ReadError> {
    match stream.read_buf(buffer).await {
        Ok(0) | Err(_) => Err(ReadError::Closed { partial: !buffer.is_empty() }),
        Ok(_) => Ok(()),
    }
}

fn parse(bytes: &[u8]) -> Result<Option<Head>, ReadError> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(ReadError::broken(400, &format!("this is not an HTTP request: {error}"))),
    };
    let owned = parsed.headers.iter().map(|header| (header.name.to_ascii_lowercase(), header.value.to_vec()));
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers: owned.collect(),
        body: Vec::new(),
        keep_alive: false,
    };
    let closes = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    request.keep_alive = parsed.version == Some(1) && !closes;
    let body_length = body_length(&request)?;
    Ok(Some(Head { request, length, body_length }))
}

fn body_length(request: &Request) -> Result<usize, ReadError> {
    let present = |name: &str| request.headers.iter().any(|(header, _)| header == name);
    if present("transfer-encoding") {
        return Err(ReadError::broken(411, "send a Content-Length, not a Transfer-Encoding"));
    }
    if !present("content-length") {
        return Ok(0);
    }
    let length = request.header("content-length").filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let length: usize = length
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| ReadError::broken(400, "this is not a Content-Length"))?;
    if length > LONGEST_BODY {
        return Err(ReadError::broken(413, "the body of the request is too long"));
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Option<Head>, u16> {
        parse(text.as_bytes()).map_err(|error| match error {
            ReadError::Broken(reply) => reply.status,
            ReadError::Closed { .. } => 0,
        })
    }

    #[test]
    fn heads_are_read() {
        let read = head("GET /a/b?from=XAF&to=XOF HTTP/1.1\r\nX-Api-Key: k\r\nContent-Length: 5\r\n\r\nhello")
            .unwrap()
            .unwrap();
        assert_eq!((read.request.path(), read.body_length), ("/a/b", 5));
        assert_eq!((read.request.query("to"), read.request.query("rate")), (Some("XOF"), None));
        assert_eq!(read.request.header("x-api-key"), Some("k"));
        assert!(read.request.keep_alive);
        assert!(!head("GET / HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap().unwrap().request.keep_alive);
        assert!(!head("GET / HTTP/1.0\r\n\r\n").unwrap().unwrap().request.keep_alive);
        assert!(head("GET / HTTP/1.1\r\nX-A").unwrap().is_none());
    }

    #[test]
    fn a_header_that_is_there_twice_has_no_value() {
        let read = head("GET / HTTP/1.1\r\nX-Api-Key: a\r\nX-Api-Key: b\r\n\r\n").unwrap().unwrap();
        assert_eq!(read.request.header("x-api-key"), None);
    }

    #[test]
    fn anything_else_is_refused() {
        for (text, status) in [
            ("\u{1}\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        ] {
            assert_eq!(head(text).map(|_| ()), Err(status), "{text:?}");
        }
    }
}
