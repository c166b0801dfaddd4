//! Replies before they are put on the wire.

use crate::kpay::wire::ErrorReply;
use serde::Serialize;

pub(super) const JSON: &str = "application/json; charset=utf-8";
pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// A status, headers and a body.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into() }
    }

    pub(super) fn json(status: u16, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::new(status, JSON, body),
            Err(_) => Self::error(500, "the sandbox could not write its reply"),
        }
    }

    /// KPay's error envelope with one message.
    pub(super) fn error(status: u16, message: &str) -> Self {
        Self::envelope(status, serde_json::Value::from(message))
    }

    /// KPay's error envelope with an array of messages, as seen for invalid fields.
    pub(super) fn errors(status: u16, messages: &[String]) -> Self {
        Self::envelope(status, serde_json::Value::from(messages))
    }

    fn envelope(status: u16, message: serde_json::Value) -> Self {
        let error = Some(reason(status).to_owned());
        let envelope = ErrorReply { status_code: Some(status), message: Some(message), error };
        // An envelope of plain texts always serializes; an empty body would only hide a mistake of ours.
        let body = serde_json::to_vec(&envelope).unwrap_or_else(|_| b"{}".to_vec());
        Self::new(status, JSON, body)
    }

    /// What a gateway in front of KPay answers.
    pub(super) fn html(status: u16) -> Self {
        let reason = reason(status);
        let page = format!(
            "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n\
             <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        );
        Self::new(status, HTML, page)
    }

    pub(super) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The reason phrase of a status; a plain word for one that has none.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        413 => "Payload Too Large",
        418 => "I'm a teapot",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_is_the_documented_one() {
        let reply = Reply::error(409, "taken");
        let expected = r#"{"statusCode":409,"message":"taken","error":"Conflict"}"#;
        assert_eq!(String::from_utf8(reply.body).unwrap(), expected);
    }
}
