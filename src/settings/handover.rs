//! Secrets leave the environment before anything else happens. A process cannot wipe the environment it was started
//! with (`/proc/PID/environ` shows it to its end), so the program starts itself once more, under the same number, with
//! the secrets in a pipe and an environment without them.

use super::keys::SECRET_VARIABLES;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

/// Names the pipe's end, for the second start.
const PIPE: &str = "TREASURYD_SECRETS_PIPE";
/// A pipe holds more than this without a reader; no keys are so long.
const MOST_BYTES: usize = 32 << 10;

static TAKEN: OnceLock<BTreeMap<String, SecretString>> = OnceLock::new();

/// What was taken out of the environment.
pub(super) fn taken() -> BTreeMap<String, SecretString> {
    TAKEN.get().cloned().unwrap_or_default()
}

/// Takes the secrets out of the environment, where there are any: then it does not return, and the program begins anew.
/// To be called first, before there are threads.
///
/// # Errors
/// [`io::Error`] where the program could not be started again: the secrets are still in the environment and in use; or
/// where they were handed over and cannot be read.
#[allow(clippy::disallowed_methods, reason = "the process's own environment, before anybody else looks at it")]
pub fn take_secrets_out_of_the_environment() -> io::Result<()> {
    if let Some(number) = std::env::var(PIPE).ok().and_then(|text| text.parse::<u32>().ok()) {
        // Whoever calls it twice reads nothing the second time.
        if TAKEN.get().is_none() {
            let mut bytes = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
            File::open(format!("/proc/self/fd/{number}"))?.take(MOST_BYTES as u64).read_to_end(&mut bytes)?;
            let _ = TAKEN.set(read(&bytes));
        }
        return Ok(());
    }
    let found = SECRET_VARIABLES.iter().filter_map(|name| {
        let text = std::env::var(name).ok()?;
        Some(((*name).to_owned(), SecretString::from(text)))
    });
    let found: BTreeMap<String, SecretString> = found.collect();
    let bytes = written(&found);
    if found.is_empty() || bytes.len() > MOST_BYTES {
        return Ok(());
    }
    let (reader, mut writer) = io::pipe()?;
    rustix::io::fcntl_setfd(&reader, rustix::io::FdFlags::empty())?;
    writer.write_all(&bytes)?;
    drop(writer);
    // By its name, which is what `ps` shows.
    let mut again = Command::new(std::env::current_exe()?);
    let mut arguments = std::env::args_os();
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    again.args(arguments).env(PIPE, reader.as_raw_fd().to_string());
    for name in SECRET_VARIABLES {
        again.env_remove(name);
    }
    Err(again.exec())
}

/// `NAME=TEXT` and a NUL, which neither can hold, for each.
fn written(secrets: &BTreeMap<String, SecretString>) -> Zeroizing<Vec<u8>> {
    let length = secrets.iter().map(|(name, text)| name.len() + text.expose_secret().len() + 2).sum();
    // In one piece: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    for (name, text) in secrets {
        for part in [name.as_str(), "=", text.expose_secret(), "\0"] {
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    bytes
}

fn read(bytes: &[u8]) -> BTreeMap<String, SecretString> {
    let secrets = bytes.split(|byte| *byte == 0).filter_map(|line| {
        let (name, text) = std::str::from_utf8(line).ok()?.split_once('=')?;
        SECRET_VARIABLES.contains(&name).then(|| (name.to_owned(), SecretString::from(text)))
    });
    secrets.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secrets: &[(&str, &str)]) {
        let secrets: Vec<(String, String)> =
            secrets.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let kept = secrets.iter().map(|(name, text)| (name.clone(), SecretString::from(text.clone()))).collect();
        let back = read(&written(&kept));
        let back: Vec<_> = back.iter().map(|(name, text)| (name.clone(), text.expose_secret().to_owned())).collect();
        assert_eq!(back, secrets);
    }

    #[test]
    fn what_is_handed_over_arrives() {
        check(&[]);
        check(&[("KPAY_API_KEY", "kpay_test_1")]);
        check(&[
            ("KPAY_API_KEY", ""),
            ("KPAY_GATEWAY_SECRET", "g"),
            ("KPAY_SECRET_KEY", "a=b\n c"),
            ("KPAY_WEBHOOK_SECRET", "é"),
        ]);
    }

    #[test]
    fn nothing_else_is_taken() {
        let odd: [&[u8]; 5] = [b"", b"\0\0=", b"PATH=/bin\0", b"KPAY_API_KEY\0", b"KPAY_API_KEY=\xff\0"];
        for bytes in odd {
            assert!(read(bytes).is_empty(), "{bytes:?}");
        }
    }
}
