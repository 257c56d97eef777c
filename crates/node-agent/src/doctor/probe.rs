//! Asks servers whether they answer, and until when their certificates are valid. Nothing is sent but a TLS handshake.

use std::collections::BTreeSet;
use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use decide::nodes::doctor::{Answer, Probe, Target, end_of_validity};
use jiff::Timestamp;
use rustls::ClientConnection;
use rustls::pki_types::ServerName;

use crate::any_certificate;

/// How long a server may take to accept a connection, and for each message of a handshake.
const TIMEOUT: Duration = Duration::from_secs(1);
/// How long a server may take altogether, with the look-up of its name.
const ALL: Duration = Duration::from_secs(4);
/// How many servers are asked at the same time.
const AT_ONCE: usize = 16;

/// Asks servers.
pub(super) fn ask(targets: BTreeSet<Target>, now: Timestamp) -> Vec<Probe> {
    let targets: Vec<_> = targets.into_iter().collect();
    targets.chunks(AT_ONCE).flat_map(|targets| ask_some(targets, now)).collect()
}

fn ask_some(targets: &[Target], now: Timestamp) -> Vec<Probe> {
    let end = Instant::now() + ALL;
    let receivers: Vec<_> = targets.iter().map(|target| (target, spawn(target.clone(), now))).collect();
    let probe = |(target, receiver): (&Target, mpsc::Receiver<Answer>)| {
        let left = end.saturating_duration_since(Instant::now());
        let late = |_| Answer::Dead(format!("no answer within {}s", ALL.as_secs()));
        Probe { target: target.clone(), answer: receiver.recv_timeout(left).unwrap_or_else(late) }
    };
    receivers.into_iter().map(probe).collect()
}

/// Asks one server, in a thread that nobody waits for if the look-up of its name takes long.
fn spawn(target: Target, now: Timestamp) -> mpsc::Receiver<Answer> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let answer = ask_one(&target, now).unwrap_or_else(|error| Answer::Dead(error.to_string()));
        // Nobody waits for it any longer.
        let _ = sender.send(answer);
    });
    receiver
}

fn ask_one(target: &Target, now: Timestamp) -> io::Result<Answer> {
    let (host, port) = target.host_and_port().ok_or(io::ErrorKind::InvalidInput)?;
    let mut stream = connect(host, port)?;
    if target.is_http {
        return Ok(Answer::Alive);
    }
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connection = any_certificate::config().and_then(|config| ClientConnection::new(config, name));
    let mut connection = connection.map_err(io::Error::other)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    let certificate = connection.peer_certificates().and_then(|all| all.first());
    let end = certificate.and_then(|certificate| end_of_validity(certificate));
    Ok(end.filter(|end| *end < now).map_or(Answer::Alive, Answer::Expired))
}

/// Connects to the first of its addresses that answers.
fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "its name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests;
