//! Servers on loopback, and what is found out about them.

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::*;

const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);

fn answer(listener: &TcpListener, is_http: bool) -> Answer {
    let authority = listener.local_addr().unwrap().to_string();
    let mut probes = ask([Target { authority, is_http }].into(), NOW);
    probes.pop().unwrap().answer
}

/// A server with a certificate until the first day of a year.
fn server(year: i32) -> TcpListener {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["mirror.example.com".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(year, 1, 1);
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let accepting = listener.try_clone().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = accepting.accept().unwrap();
        let mut connection = rustls::ServerConnection::new(config).unwrap();
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).unwrap();
        }
        // Until the client has gone.
        let _ = stream.read(&mut [0]);
    });
    listener
}

#[test]
fn a_server_without_tls_is_alive_if_it_accepts() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(answer(&listener, true), Answer::Alive);
}

#[test]
fn a_certificate_is_read_until_when_it_is_valid() {
    assert_eq!(answer(&server(2100), false), Answer::Alive);
    let expired = "2026-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(answer(&server(2026), false), Answer::Expired(expired));
}

#[test]
fn a_port_that_nobody_listens_at_is_dead() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    drop(listener);
    let probes = ask([Target { authority, is_http: true }].into(), NOW);
    let dead = "Connection refused (os error 111)".to_owned();
    assert_eq!(probes.first().unwrap().answer, Answer::Dead(dead));
}

#[test]
fn a_server_that_speaks_no_tls_is_dead() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let accepting = listener.try_clone().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = accepting.accept().unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        let _ = stream.read(&mut [0; 1024]);
    });
    let dead = answer(&listener, false);
    assert!(matches!(&dead, Answer::Dead(why) if why.contains("corrupt message")), "{dead:?}");
}
