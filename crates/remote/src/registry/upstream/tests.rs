#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use rstest::rstest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

fn upstream(address: &str) -> Result<Upstream, UpstreamError> {
    Upstream::new(address, None, &Proxies::default(), Duration::from_secs(5))
}

#[rstest]
#[case::name("https://registry.example.com", "https://registry.example.com/v2/")]
#[case::port("https://registry.example.com:8443/", "https://registry.example.com:8443/v2/")]
#[case::address("http://[fd00::1]:5000", "http://[fd00::1]:5000/v2/")]
#[case::docker_hub("https://docker.io", "https://registry-1.docker.io/v2/")]
#[case::docker_hub_too("https://index.docker.io", "https://registry-1.docker.io/v2/")]
fn the_address_of_an_upstream_is_that_of_its_registry(#[case] address: &str, #[case] url: &str) {
    assert_eq!(upstream(address).unwrap().base.as_str(), url);
}

#[rstest]
#[case::scheme("ftp://registry.example.com")]
#[case::no_scheme("registry.example.com")]
#[case::path("https://registry.example.com/mirror")]
#[case::login("https://u:p@registry.example.com")]
#[case::query("https://registry.example.com?a=b")]
#[case::fragment("https://registry.example.com#a")]
fn other_addresses_are_refused(#[case] address: &str) {
    assert_eq!(upstream(address).unwrap_err(), UpstreamError::Address);
}

#[test]
fn what_cannot_be_used_is_said() {
    let with = |authorities, proxies: &Proxies| {
        let upstream = Upstream::new("https://a.example.com", authorities, proxies, Duration::from_secs(5));
        upstream.unwrap_err().to_string()
    };
    let authorities = "the authorities hold no certificate in PEM";
    assert_eq!(with(Some("hush"), &Proxies::default()), authorities);
    assert_eq!(with(Some(""), &Proxies::default()), authorities);
    for address in ["proxy:3128", "socks5://proxy:1080", "http://"] {
        let proxies = Proxies { https: Some(address.to_owned()), ..Proxies::default() };
        assert_eq!(with(None, &proxies), "a proxy must be http:// or https:// and a host", "{address}");
    }
}

/// Answers requests in their order, and hands over their first lines and what they log in with.
async fn answering(answers: Vec<String>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let to = address.clone();
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).await.unwrap();
                request.extend(byte);
            }
            let request = String::from_utf8(request).unwrap();
            let login = request.lines().find(|line| line.to_lowercase().starts_with("authorization: "));
            let first = request.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
            asked.push([first, login.unwrap_or("nobody")].join(" "));
            let answer = format!("{}Connection: close\r\n\r\n", answer.replace("HERE", &to));
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        asked
    });
    (format!("http://{address}"), asked)
}

fn status(line: &str) -> String {
    format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n")
}

fn challenge(text: &str) -> String {
    format!("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: {text}\r\n")
}

const TOKENS: &str = "Bearer realm=\"http://HERE/token\",service=\"s\"";
const LOGIN: Option<(&str, &str)> = Some(("me", "hush"));

#[tokio::test]
async fn a_registry_that_lets_everybody_pull_is_asked_once() {
    for (login, expected) in [(LOGIN, Answer::Public), (None, Answer::Accepted)] {
        let (address, asked) = answering(vec![body(TAGS)]).await;
        assert_eq!(upstream(&address).unwrap().ask(Some("a/b"), login).await, expected);
        assert_eq!(asked.await.unwrap(), ["GET /v2/a/b/tags/list?n=1 nobody"]);
    }
}

#[rstest]
#[case::right("200 OK", Answer::Accepted)]
#[case::wrong("401 Unauthorized", Answer::Refused { status: 401, is_login: true })]
#[tokio::test]
async fn a_login_is_shown_also_to_a_registry_that_lets_everybody_in(
    #[case] line: &str,
    #[case] expected: Answer,
) {
    let (address, asked) = answering(vec![status("200 OK"), status(line)]).await;
    assert_eq!(upstream(&address).unwrap().ask(None, LOGIN).await, expected);
    assert_eq!(asked.await.unwrap(), ["GET /v2/ nobody", "GET /v2/ authorization: Basic bWU6aHVzaA=="]);
}

#[rstest]
#[case::nothing(None, status("200 OK"), "no registry: it answers 200 without a list of tags")]
#[case::login(LOGIN, status("200 OK"), "no registry: it answers 200 without a list of tags")]
#[case::page(
    None,
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Type: Text/HTML; charset=utf-8\r\n".to_owned(),
    "no registry: it answers with a page for people"
)]
#[case::other(None, body(r#"{"name":"b"}"#), "no registry: it answers 200 without a list of tags")]
#[case::long(None, body(&" ".repeat(TAGS_MAX + 1)), "no registry: its list of tags is too long")]
#[tokio::test]
async fn not_everything_that_answers_200_is_a_registry(
    #[case] login: Option<(&str, &str)>,
    #[case] answer: String,
    #[case] text: &str,
) {
    let (address, _asked) = answering(vec![answer]).await;
    assert_eq!(upstream(&address).unwrap().ask(Some("a"), login).await.to_string(), text);
}

#[rstest]
#[case::right("200 OK", Answer::Accepted)]
#[case::wrong("401 Unauthorized", Answer::Refused { status: 401, is_login: true })]
#[case::forbidden("403 Forbidden", Answer::Refused { status: 403, is_login: false })]
#[case::nothing_there("404 Not Found", Answer::NotFound)]
#[tokio::test]
async fn a_login_is_judged_by_the_registry(#[case] line: &str, #[case] expected: Answer) {
    let (address, asked) = answering(vec![challenge("Basic realm=\"x\""), status(line)]).await;
    assert_eq!(upstream(&address).unwrap().ask(None, LOGIN).await, expected);
    assert_eq!(asked.await.unwrap(), ["GET /v2/ nobody", "GET /v2/ authorization: Basic bWU6aHVzaA=="]);
}

#[tokio::test]
async fn nobody_has_no_login() {
    let (address, asked) = answering(vec![challenge("Basic realm=\"x\"")]).await;
    let refused = Answer::Refused { status: 401, is_login: false };
    assert_eq!(upstream(&address).unwrap().ask(Some("a"), None).await, refused);
    assert_eq!(asked.await.unwrap().len(), 1);
}

/// A list of tags.
const TAGS: &str = r#"{"name":"a/b","tags":["1"]}"#;

fn body(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", body.len()) + "Connection: close\r\n\r\n" + body
}

/// The head of an answer with a body has an end of its own, so what is added afterwards is never read.
#[tokio::test]
async fn a_token_is_asked_for_the_repository_and_used_there() {
    let answers = || vec![challenge(TOKENS), body(r#"{"token":"t-1"}"#), body(TAGS)];
    for (login, header) in [(LOGIN, "authorization: Basic bWU6aHVzaA=="), (None, "nobody")] {
        let (address, asked) = answering(answers()).await;
        assert_eq!(upstream(&address).unwrap().ask(Some("a/b"), login).await, Answer::Accepted);
        let expected = [
            "GET /v2/a/b/tags/list?n=1 nobody".to_owned(),
            format!("GET /token?service=s&scope=repository%3Aa%2Fb%3Apull {header}"),
            "GET /v2/a/b/tags/list?n=1 authorization: Bearer t-1".to_owned(),
        ];
        assert_eq!(asked.await.unwrap(), expected);
    }
    let (address, asked) = answering(answers()).await;
    assert_eq!(upstream(&address).unwrap().ask(None, LOGIN).await, Answer::Accepted);
    assert_eq!(asked.await.unwrap()[1], "GET /token?service=s authorization: Basic bWU6aHVzaA==");
}

#[rstest]
#[case::wrong_login(vec![challenge(TOKENS), status("401 Unauthorized")], "refused: it answers 401", true)]
#[case::forbidden(vec![challenge(TOKENS), status("403 Forbidden")], "refused: it answers 403", false)]
#[case::no_right(
    vec![challenge(TOKENS), body(r#"{"token":"t"}"#), status("401 Unauthorized")],
    "refused: it answers 401",
    false
)]
#[case::no_token(vec![challenge(TOKENS), body("{}")], "no registry: it gives no token", false)]
#[case::too_many(vec![challenge(TOKENS), status("429 Too Many Requests")], "rate limited", false)]
#[case::broken(
    vec![challenge(TOKENS), status("500 Internal Server Error")],
    "unreachable: it answers 500 Internal Server Error",
    false
)]
#[case::no_challenge(vec![status("401 Unauthorized")], "no registry: it does not say how to log in", false)]
#[case::elsewhere(
    vec![challenge("Bearer realm=\"http://auth.example.com/token\"")],
    "no registry: it sends for a token without TLS",
    false
)]
#[case::other_domain(
    vec![challenge("Bearer realm=\"https://auth.example.com/token\"")],
    "no registry: it sends for a token to another domain",
    false
)]
#[case::metadata(
    vec![challenge("Bearer realm=\"https://169.254.169.254/token\"")],
    "no registry: it sends for a token to a bare address, which is not followed",
    false
)]
#[case::redirect(
    vec!["HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://HERE/x\r\n".to_owned()],
    "no registry: it answers 302 Found: a redirect, which is not followed",
    false
)]
#[tokio::test]
async fn what_is_refused_where_is_told_apart(
    #[case] answers: Vec<String>,
    #[case] text: &str,
    #[case] is_wrong_login: bool,
) {
    let (address, _asked) = answering(answers).await;
    let answer = upstream(&address).unwrap().ask(Some("a"), LOGIN).await;
    assert_eq!(answer.to_string(), text);
    assert_eq!(matches!(answer, Answer::Refused { is_login: true, .. }), is_wrong_login);
    assert!(!format!("{answer:?}").contains("hush"));
}

#[tokio::test]
async fn a_long_answer_is_not_read_to_its_end() {
    let long = format!("{{\"token\":\"{}\"}}", "x".repeat(TOKEN_ANSWER_MAX));
    let (address, _asked) = answering(vec![challenge(TOKENS), body(&long)]).await;
    let answer = upstream(&address).unwrap().ask(Some("a"), LOGIN).await;
    assert_eq!(answer.to_string(), "no registry: the answer with its token is too long");
}

#[tokio::test]
async fn an_upstream_that_answers_anything_of_its_own_is_reached() {
    for (line, expected) in [
        ("200 OK", Ok(())),
        ("401 Unauthorized", Ok(())),
        ("403 Forbidden", Ok(())),
        ("429 Too Many Requests", Err("rate limited")),
        ("502 Bad Gateway", Err("unreachable: it answers 502 Bad Gateway")),
    ] {
        let (address, _asked) = answering(vec![status(line)]).await;
        let reached = upstream(&address).unwrap().reach().await.map_err(|answer| answer.to_string());
        assert_eq!(reached, expected.map_err(str::to_owned));
    }
}

#[tokio::test]
async fn an_upstream_that_is_away_or_silent_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let silent = Upstream::new(&address, None, &Proxies::default(), Duration::from_secs(1)).unwrap();
    assert_eq!(silent.ask(None, None).await.to_string(), "unreachable: no answer within 1 s");
    drop(listener);
    assert_eq!(silent.ask(None, None).await.to_string(), "unreachable: no connection");
    let metadata = upstream("http://169.254.169.254").unwrap().ask(None, None).await;
    assert!(matches!(metadata, Answer::NoRegistry(_)), "{metadata}");
}

#[tokio::test]
async fn what_is_no_repository_is_not_asked_for() {
    let upstream = upstream("http://127.0.0.1:9").unwrap();
    for name in ["../v2", "a b", "A", "", "a?b", "a/"] {
        assert_eq!(upstream.ask(Some(name), LOGIN).await, Answer::NotFound, "{name}");
    }
}

#[tokio::test]
async fn a_proxy_is_asked_except_for_the_hosts_that_have_none() {
    for (none, expected) in [(None, Answer::Accepted), (Some("b.test, 10.0.0.0/8"), Answer::Accepted)] {
        let (proxy, asked) = answering(vec![status("200 OK")]).await;
        let proxies = Proxies { http: Some(proxy), none: none.map(str::to_owned), ..Proxies::default() };
        let upstream = Upstream::new("http://a.test", None, &proxies, Duration::from_secs(5)).unwrap();
        assert_eq!(upstream.ask(None, None).await, expected);
        assert_eq!(asked.await.unwrap(), ["GET http://a.test/v2/ nobody"]);
    }
    let (proxy, _asked) = answering(Vec::new()).await;
    let proxies = Proxies { http: Some(proxy), none: Some("127.0.0.1".to_owned()), ..Proxies::default() };
    let (address, asked) = answering(vec![status("200 OK")]).await;
    let upstream = Upstream::new(&address, None, &proxies, Duration::from_secs(5)).unwrap();
    assert_eq!(upstream.ask(None, None).await, Answer::Accepted);
    assert_eq!(asked.await.unwrap(), ["GET /v2/ nobody"]);
}
