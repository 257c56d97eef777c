//! The deadline of a connection, by what its client is doing: sending a head, waiting for an answer, reading it, or
//! nothing. It follows from what passes through the connection; hyper's own timer cannot tell an idle client from a
//! slow one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::ConnectionLimits;

/// What the client of a connection is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    /// Nothing, between two requests.
    Idle,
    /// Sending the head of a request.
    Head,
    /// Sending the body of a request, or waiting for the answer.
    Answering,
    /// Reading the answer.
    Writing,
}

/// The deadline of a connection. Shared by the connection, its requests and its timer, all of one task: the atomics
/// only keep it `Send`.
#[derive(Debug)]
pub(super) struct Deadline {
    limits: ConnectionLimits,
    opened: Instant,
    /// Nanoseconds after `opened`: a limit is never cut short by rounding.
    end: AtomicU64,
    stage: AtomicU8,
}

impl Deadline {
    /// The deadline of a connection on which the first request is awaited.
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        let deadline =
            Self { limits, opened: Instant::now(), end: AtomicU64::new(0), stage: AtomicU8::new(0) };
        deadline.enter(Stage::Head);
        deadline
    }

    /// When the connection is to be dropped.
    pub(super) fn get(&self) -> Instant {
        self.opened + Duration::from_nanos(self.end.load(Ordering::Relaxed))
    }

    /// A new stage begins, with a deadline of its own.
    pub(super) fn enter(&self, stage: Stage) {
        let time = match stage {
            Stage::Idle => self.limits.idle,
            Stage::Head => self.limits.header,
            Stage::Answering => self.limits.request,
            Stage::Writing => self.limits.write,
        };
        let end = (self.opened.elapsed() + time).as_nanos();
        self.end.store(u64::try_from(end).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    fn is(&self, stage: Stage) -> bool {
        self.stage.load(Ordering::Relaxed) == stage as u8
    }
}

/// A stream that tells the deadline what passes through it.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    deadline: Arc<Deadline>,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, deadline: Arc<Deadline>) -> Self {
        Self { stream, deadline }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before && self.deadline.is(Stage::Idle) {
            self.deadline.enter(Stage::Head);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        if polled.is_ready() && self.deadline.is(Stage::Writing) {
            self.deadline.enter(Stage::Idle);
        }
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_gets_the_whole_of_its_time() {
        let [handshake, header, idle, request, write] = [1, 3, 5, 7, 9].map(Duration::from_secs);
        let limits = ConnectionLimits {
            handshake,
            header,
            max_header_bytes: 1,
            idle,
            request,
            write,
            max_connections: 1,
        };
        let deadline = Deadline::new(limits);
        for (stage, time) in
            [(Stage::Head, header), (Stage::Answering, request), (Stage::Writing, write), (Stage::Idle, idle)]
        {
            let before = Instant::now();
            deadline.enter(stage);
            assert!((before + time..=Instant::now() + time).contains(&deadline.get()), "{stage:?}");
        }
    }
}
