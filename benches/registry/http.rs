//! Requests over TLS, with bodies of any size.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::rates::{Server, connect, connector};

/// A connection.
pub struct Connection(SendRequest<Body>);

impl Connection {
    pub async fn open(server: &Server) -> Self {
        let stream = connect(&connector(server), server.port).await;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    pub async fn send(&mut self, method: &str, path: &str, token: &str, body: Body) -> Response<Incoming> {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.0.ready().await.unwrap();
        self.0.send_request(request.body(body).unwrap()).await.unwrap()
    }

    /// A token; the status of the refusal, if there is none.
    pub async fn token(&mut self, request: String) -> Result<String, StatusCode> {
        let request =
            Request::post("/auth/token").header(header::HOST, "localhost").body(Body::from(request));
        self.0.ready().await.unwrap();
        let answer = self.0.send_request(request.unwrap()).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        body["token"].as_str().map(str::to_owned).ok_or(status)
    }

    /// Reads a blob, and forgets it. Returns its length, or the status that it was refused with.
    pub async fn pull(&mut self, repository: &str, digest: &str, token: &str) -> Result<u64, StatusCode> {
        let answer =
            self.send("GET", &format!("/v2/{repository}/blobs/{digest}"), token, Body::empty()).await;
        let (status, mut length) = (answer.status(), 0);
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            length += frame.unwrap().data_ref().map_or(0, |data| data.len() as u64);
        }
        if status == StatusCode::OK { Ok(length) } else { Err(status) }
    }

    /// Sends a blob in one request.
    pub async fn push(&mut self, repository: &str, blob: &Blob, token: &str) -> Result<(), StatusCode> {
        let path = format!("/v2/{repository}/blobs/uploads/");
        let answer = self.send("POST", &path, token, Body::empty()).await;
        if answer.status() != StatusCode::ACCEPTED {
            return Err(answer.status());
        }
        let location = answer.headers()[header::LOCATION].to_str().unwrap();
        let location = location.split_once("/v2/").unwrap().1;
        let path = format!("/v2/{location}&digest={}", blob.digest);
        answer.into_body().collect().await.unwrap();
        let answer = self.send("PUT", &path, token, blob.body()).await;
        let status = answer.status();
        answer.into_body().collect().await.unwrap();
        if status == StatusCode::CREATED { Ok(()) } else { Err(status) }
    }
}

/// The same piece again and again.
pub struct Blob {
    piece: Bytes,
    pieces: usize,
    pub digest: String,
}

impl Blob {
    /// Of a number of pieces of 64 KiB, which hold a text.
    pub fn new(text: &str, pieces: usize) -> Self {
        let piece: Vec<u8> = text.bytes().cycle().take(64 << 10).collect();
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        for _ in 0..pieces {
            context.update(&piece);
        }
        let hex: String = context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { piece: piece.into(), pieces, digest: format!("sha256:{hex}") }
    }

    pub fn len(&self) -> u64 {
        (self.piece.len() * self.pieces) as u64
    }

    /// Writes it to a file.
    pub fn write(&self, to: &mut impl std::io::Write) -> std::io::Result<()> {
        (0..self.pieces).try_for_each(|_| to.write_all(&self.piece))
    }

    fn body(&self) -> Body {
        let pieces = std::iter::repeat_n(self.piece.clone(), self.pieces).map(Ok::<_, Infallible>);
        let stream = Body::from_stream(futures::stream::iter(pieces));
        Body::new(Sized { body: stream, length: self.len() })
    }
}

/// A stream whose length is announced.
struct Sized {
    body: Body,
    length: u64,
}

impl hyper::body::Body for Sized {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>> {
        std::pin::Pin::new(&mut self.body).poll_frame(cx)
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(self.length)
    }
}
