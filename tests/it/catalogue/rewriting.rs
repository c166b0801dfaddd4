//! A KPay that writes something otherwise: one text in its replies in the place of another.

use super::middlebox::is_whole;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A door to the sandbox behind which every reply's body is rewritten. Ends with the process.
pub struct Rewriting(SocketAddr);

impl Rewriting {
    /// Writes `with` for every `text`.
    pub fn before(base_url: &str, text: &str, with: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let kpay = base_url.trim_start_matches("http://").to_owned();
        let (text, with) = (text.to_owned(), with.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A caller that is gone is its own affair.
                let _ = pass(stream, &kpay, &text, &with);
            }
        });
        Self(address)
    }

    /// Where it listens.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.0)
    }
}

fn pass(mut stream: TcpStream, kpay: &str, text: &str, with: &str) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut request = Vec::new();
    while !is_whole(&request) {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&chunk[..read]);
    }
    let mut onward = TcpStream::connect(kpay)?;
    let request = String::from_utf8_lossy(&request).replacen("\r\n", "\r\nconnection: close\r\n", 1);
    onward.write_all(request.as_bytes())?;
    let mut reply = String::new();
    onward.read_to_string(&mut reply)?;
    let Some((head, body)) = reply.split_once("\r\n\r\n") else { return Ok(()) };
    let body = body.replace(text, with);
    let kept = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length"));
    let head = kept.collect::<Vec<_>>().join("\r\n");
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
