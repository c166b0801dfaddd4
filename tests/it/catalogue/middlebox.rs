//! What stands between us and KPay: a middlebox that passes requests on, one a connection, until it is told to cut a
//! transfer's request short or to refuse connections; and a trap that takes down whatever reaches it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What the next transfer meets; everything after it passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// So many bytes of its request are taken, then the connection is reset.
    CutAfter(usize),
    /// Nobody listens any more once the wallets were shown so many times, until [`Middlebox::reopen`].
    ClosedAfter(usize),
}

/// A running middlebox.
pub struct Middlebox {
    address: SocketAddr,
    kpay: String,
    obstacle: Arc<Mutex<Option<Obstacle>>>,
    server: Option<Server>,
}

struct Server {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Middlebox {
    /// In front of KPay at `base_url`.
    pub fn before(base_url: &str, obstacle: Obstacle) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let kpay = base_url.trim_start_matches("http://").to_owned();
        let mut middlebox = Self { address, kpay, obstacle: Arc::new(Mutex::new(Some(obstacle))), server: None };
        middlebox.serve(listener);
        middlebox
    }

    /// Where it listens.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Listens again at the same place; all passes.
    pub fn reopen(&mut self) {
        self.end();
        *self.obstacle.lock().unwrap() = None;
        self.serve(TcpListener::bind(self.address).unwrap());
    }

    fn serve(&mut self, listener: TcpListener) {
        let stop = Arc::new(AtomicBool::new(false));
        let (kpay, obstacle, stopped) = (self.kpay.clone(), Arc::clone(&self.obstacle), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) || pass(stream.unwrap(), &kpay, &obstacle).is_none() {
                    return;
                }
            }
        });
        self.server = Some(Server { stop, thread });
    }

    fn end(&mut self) {
        let Some(server) = self.server.take() else { return };
        server.stop.store(true, Ordering::SeqCst);
        // Wakes it; refused where it has ended already.
        let _ = TcpStream::connect(self.address);
        server.thread.join().unwrap();
    }
}

impl Drop for Middlebox {
    fn drop(&mut self) {
        self.end();
    }
}

/// Passes one request on, or does what the obstacle says; `None` where nobody is to listen from now on.
fn pass(mut stream: TcpStream, kpay: &str, obstacle: &Mutex<Option<Obstacle>>) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut request = Vec::new();
    let is_transfer = |request: &[u8]| request.starts_with(b"POST /api/wallets/transfer");
    while !is_whole(&request) {
        let mut obstacle = obstacle.lock().unwrap();
        if let Some(Obstacle::CutAfter(bytes)) = *obstacle
            && (is_transfer(&request) || (bytes < 30 && request.len() >= bytes && request.starts_with(b"POST /api/w")))
            && request.len() >= bytes
        {
            *obstacle = None;
            // Bytes of it are still unread (or it is complete and unanswered): closing resets the connection.
            return Some(());
        }
        drop(obstacle);
        // One byte at a time: the cut is exact.
        let mut byte = [0];
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return Some(());
        }
        request.push(byte[0]);
    }
    let mut onward = TcpStream::connect(kpay).ok()?;
    let text = String::from_utf8(request).unwrap().replacen("\r\n", "\r\nconnection: close\r\n", 1);
    onward.write_all(text.as_bytes()).unwrap();
    let mut reply = Vec::new();
    onward.read_to_end(&mut reply).ok();
    stream.write_all(&reply).ok();
    let mut obstacle = obstacle.lock().unwrap();
    if let Some(Obstacle::ClosedAfter(readings)) = &mut *obstacle
        && text.starts_with("GET /api/wallets/overview")
    {
        *readings -= 1;
        return (*readings > 0).then_some(());
    }
    Some(())
}

/// Whether a request's head and body are all there.
pub fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    request.len() >= end + 4 + length.unwrap_or(0)
}

/// A server of somebody else's, who would like our keys.
pub struct Trap {
    /// Where it waits.
    pub address: SocketAddr,
    caught: Arc<Mutex<Vec<u8>>>,
    connections: Arc<std::sync::atomic::AtomicUsize>,
}

impl Trap {
    /// Sets it. It ends with the process.
    pub fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let caught = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (bytes, count) = (Arc::clone(&caught), Arc::clone(&connections));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
                let mut buffer = Vec::new();
                // What came before the silence counts.
                let _ = std::io::Read::take(stream, 64 * 1024).read_to_end(&mut buffer);
                bytes.lock().unwrap().extend_from_slice(&buffer);
            }
        });
        Self { address, caught, connections }
    }

    /// Nobody came, and no byte of a key is in what was caught.
    pub fn is_empty_of(&self, secrets: &[&str]) {
        let caught = self.caught.lock().unwrap();
        for secret in secrets {
            assert!(!caught.windows(secret.len()).any(|part| part == secret.as_bytes()), "a key reached the trap");
        }
        assert_eq!((self.connections.load(Ordering::SeqCst), caught.len()), (0, 0), "somebody followed");
    }
}
