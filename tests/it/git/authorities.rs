//! The certificate authorities that the controller trusts for servers other than the API server. They are read only
//! once, so each case runs in its own process.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use remote::git::{Credentials, GitConfig, Resolution, ask};
use serverless_webhook::certificates::dev_certs::{self, DevCerts};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::harness::git_servers::{Http, Repository};
use crate::harness::tls::{client_certificate, write_certs};

/// The variable with the address of the repository, for the child process.
const URL: &str = "TEST_OF_AUTHORITIES";
/// The text before its answer.
const ANSWER: &str = "the answer is: ";

#[tokio::test(flavor = "multi_thread")]
async fn are_those_that_the_environment_names() {
    if let Ok(url) = std::env::var(URL) {
        let main = BTreeSet::from(["main".to_owned()]);
        let said = ask(&url, &Credentials::None, &main, &GitConfig::default()).await;
        let answer = said.map(|said| said.references["main"].clone()).map_err(|error| error.to_string());
        println!("{ANSWER}{answer:?}");
        return;
    }
    let repository = Repository::new();
    let server = Http::start(&repository, false).await;
    let certs = dev_certs::make("kyma-system").unwrap();
    let url = encrypted(&server.url, &certs).await;
    let (other, ..) = client_certificate("somebody");

    let folder = tempfile::tempdir().unwrap();
    let asked = |authorities: &str| {
        let file = folder.path().join("authorities.crt");
        std::fs::write(&file, authorities).unwrap();
        answer(&url, &file)
    };
    let found = Ok::<_, String>(Resolution::Commit(repository.id("main")));
    assert_eq!(asked(&certs.authority.certificate), format!("{found:?}"));
    assert_eq!(
        asked(&other),
        r#"Err("the server cannot be reached: invalid peer certificate: UnknownIssuer")"#
    );
    assert_eq!(
        asked(""),
        r#"Err("the server cannot be reached: no certificate authorities are known: mount them into /etc/ssl/certs, or name their file by SSL_CERT_FILE")"#
    );
}

/// The answer of the child process.
fn answer(url: &str, authorities: &Path) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "git::authorities::are_those_that_the_environment_names", "--nocapture"]);
    command.env(URL, url).env_remove("SSL_CERT_DIR").env("SSL_CERT_FILE", authorities);
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let answer = output.lines().find_map(|line| Some(line.split_once(ANSWER)?.1));
    answer.unwrap_or_else(|| panic!("no answer in {output}")).to_owned()
}

/// The same server over TLS.
async fn encrypted(url: &str, certs: &DevCerts) -> String {
    let folder = tempfile::tempdir().unwrap();
    let files = write_certs(folder.path(), certs);
    let tls = files.build(&files.read().unwrap()).unwrap();
    let acceptor = TlsAcceptor::from(tls.config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = url.split('/').nth(2).unwrap().to_owned();
    let encrypted = format!("https://{}/r.git", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move {
                // A client that does not trust it disconnects.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut server = TcpStream::connect(server).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    encrypted
}
