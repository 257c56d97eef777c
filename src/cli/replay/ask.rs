//! Asking: in process, or a server over HTTPS on one connection that is kept.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use axum::body::{Body, Bytes};
use axum::http::{Request, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use json_patch::Patch;
use policy::{Config, Decision, Rule};
use process::exit::Exit;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

use super::trust::Trust;
use crate::admission::review::{Verdict, review};
use crate::admission::routes::Endpoint;
use crate::cli::json::at;
use crate::cli::report::{Finding, Warning};

/// The server to ask.
#[derive(Debug, clap::Args)]
pub(super) struct Server {
    /// Asks a server instead of answering in process
    #[arg(
        long,
        help = "Asks a server, such as https://localhost:8443, instead of answering in process",
        value_name = "URL",
        help_heading = "Server"
    )]
    pub(super) url: Option<Uri>,
    #[command(flatten)]
    trust: Trust,
}

/// Who answers.
pub(super) enum Asker {
    InProcess(Box<Config>),
    Https { runtime: Runtime, server: SendRequest<Body>, host: String },
}

pub(super) struct Answer {
    /// The review with the answer, as it was sent.
    pub(super) review: Value,
    pub(super) microseconds: u64,
    /// The rules that it is about.
    pub(super) rules: Rules,
}

/// The rules of violations and warnings, in their order. A server does not send them.
#[derive(Default)]
pub(super) struct Rules {
    violations: Vec<Rule>,
    warnings: Vec<Rule>,
}

impl Asker {
    pub(super) fn in_process(config: Config) -> Self {
        Self::InProcess(Box::new(config))
    }

    /// Connects to a server. One that cannot be reached is told from wrong flags by the exit.
    pub(super) fn over_https(args: &Server) -> Result<Self, (Exit, anyhow::Error)> {
        let (tls, name, address) = Self::target(args).map_err(|error| (Exit::Usage, error))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| (Exit::Unreadable, error.into()))?;
        let server = runtime.block_on(async {
            let stream = TcpStream::connect(&address).await?;
            stream.set_nodelay(true)?;
            let stream = tls.connect(name, stream).await?;
            let (server, connection) = handshake(TokioIo::new(stream)).await?;
            // Runs for as long as requests are sent; what becomes of it shows in their answers.
            tokio::spawn(connection);
            anyhow::Ok(server)
        });
        let server = server.with_context(|| format!("--url https://{address}: the server cannot be reached"));
        let server = server.map_err(|error| (Exit::Unavailable, error))?;
        Ok(Self::Https { runtime, server, host: address })
    }

    /// Who is asked: how it proves itself, by which name, at which address.
    fn target(args: &Server) -> anyhow::Result<(TlsConnector, ServerName<'static>, String)> {
        let url = args.url.as_ref().context("--url is missing")?;
        if url.scheme_str() != Some("https") {
            bail!("--url {url}: must begin with https://");
        }
        let host = url.host().with_context(|| format!("--url {url}: has no host"))?;
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
            .with_context(|| format!("--url {url}"))?;
        let address = format!("{host}:{}", url.port_u16().unwrap_or(443));
        Ok((TlsConnector::from(Arc::new(args.trust.client_config()?)), name, address))
    }

    pub(super) fn ask(&mut self, endpoint: &Endpoint, body: Bytes) -> anyhow::Result<Answer> {
        let start = Instant::now();
        let (answer, took, rules) = match self {
            Self::InProcess(config) => {
                let reviewed = review(endpoint, config, &body)?;
                let took = start.elapsed();
                (Bytes::copy_from_slice(reviewed.answer.as_ref()), took, Rules::of(&reviewed.decision))
            }
            Self::Https { runtime, server, host } => {
                let request = Request::post(endpoint.path)
                    .header(header::HOST, host.as_str())
                    .header(header::CONTENT_TYPE, "application/json")
                    .body(Body::from(body))?;
                runtime.block_on(async {
                    server.ready().await?;
                    let response = server.send_request(request).await?;
                    let status = response.status();
                    let answer = response.into_body().collect().await?.to_bytes();
                    if !answer.starts_with(b"{") {
                        bail!("{status}: {}", String::from_utf8_lossy(&answer).trim());
                    }
                    Ok((answer, start.elapsed(), Rules::default()))
                })?
            }
        };
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        Ok(Answer { review: serde_json::from_slice(&answer)?, microseconds, rules })
    }
}

impl Rules {
    fn of(decision: &Decision) -> Self {
        Self {
            violations: decision.violations.iter().map(|violation| violation.rule).collect(),
            warnings: decision.warnings.iter().map(|warning| warning.rule).collect(),
        }
    }
}

/// The rules, and nothing for what has none.
fn or_none(rules: &[Rule]) -> impl Iterator<Item = Option<Rule>> {
    rules.iter().copied().map(Some).chain(std::iter::repeat(None))
}

/// A question as it is sent.
pub(super) fn body_of(question: &Value) -> Bytes {
    // Texts and lists cannot fail to serialise into memory.
    serde_json::to_vec(question).unwrap_or_default().into()
}

impl Answer {
    /// The patch; `None` if there is none, or if it is none.
    pub(super) fn patch(&self) -> Option<Patch> {
        let patch = BASE64.decode(at(&self.review, "/response/patch")?.as_str()?).ok()?;
        serde_json::from_slice(&patch).ok()
    }

    /// The question about what becomes of the object; `None` if nothing is added to it.
    pub(super) fn patched(&self, question: &Value) -> Option<Value> {
        let patch = self.patch()?;
        let mut question = question.clone();
        json_patch::patch(question.pointer_mut("/request/object")?, &patch).ok()?;
        Some(question)
    }

    pub(super) fn verdict(&self) -> Verdict {
        let allowed = at(&self.review, "/response/allowed") == Some(&Value::Bool(true));
        let code = at(&self.review, "/response/status/code").and_then(Value::as_u64);
        match (allowed, code) {
            (true, _) if at(&self.review, "/response/patch").is_some() => Verdict::Patched,
            (true, _) => Verdict::Allowed,
            (false, Some(422)) => Verdict::Refused,
            (false, _) => Verdict::Error,
        }
    }

    /// What is wrong with the object, which stands at a line.
    pub(super) fn findings(&self, line: usize) -> Vec<Finding> {
        let causes = at(&self.review, "/response/status/details/causes").and_then(Value::as_array);
        let text =
            |cause: &Value, key: &str| cause.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let finding = |(cause, rule): (&Value, Option<Rule>)| Finding {
            rule,
            field: text(cause, "field"),
            reason: text(cause, "reason"),
            message: text(cause, "message"),
            line,
        };
        match causes {
            Some(causes) => causes.iter().zip(or_none(&self.rules.violations)).map(finding).collect(),
            None if self.verdict() == Verdict::Error => {
                let status = at(&self.review, "/response/status").cloned().unwrap_or_default();
                vec![Finding { field: "request".to_owned(), ..finding((&status, None)) }]
            }
            None => Vec::new(),
        }
    }

    pub(super) fn warnings(&self) -> Vec<Warning> {
        let warnings = at(&self.review, "/response/warnings").and_then(Value::as_array);
        let texts = warnings.into_iter().flatten().filter_map(Value::as_str);
        let warning = |(text, rule): (&str, Option<Rule>)| Warning { rule, message: text.to_owned() };
        texts.zip(or_none(&self.rules.warnings)).map(warning).collect()
    }
}
