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

use super::serving::{ConnectionLimits, Pace};

/// What the client of a connection is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    /// Nothing, between two requests.
    Idle,
    /// Shaking hands.
    Handshake,
    /// Sending the head of a request.
    Head,
    /// Sending the body of a request.
    Body,
    /// Waiting for the answer, or for more of it.
    Answering,
    /// Reading an answer of which there is more to come.
    Sending,
    /// Reading the end of the answer.
    Writing,
}

const STAGES: [Stage; 7] = [
    Stage::Idle,
    Stage::Handshake,
    Stage::Head,
    Stage::Body,
    Stage::Answering,
    Stage::Sending,
    Stage::Writing,
];

/// The deadline of a connection. Shared by the connection, its requests and its timer, all of one task; others only look
/// for a connection that can give way.
#[derive(Debug)]
pub(super) struct Deadline {
    limits: ConnectionLimits,
    opened: Instant,
    /// Nanoseconds after `opened`: a limit is never cut short by rounding.
    end: AtomicU64,
    stage: AtomicU8,
}

impl Deadline {
    /// The deadline of a connection that has just been accepted.
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        let deadline =
            Self { limits, opened: Instant::now(), end: AtomicU64::new(0), stage: AtomicU8::new(0) };
        deadline.enter(Stage::Handshake);
        deadline
    }

    /// When the connection is dropped.
    pub(super) fn get(&self) -> Instant {
        self.opened + Duration::from_nanos(self.end.load(Ordering::Relaxed))
    }

    /// A new stage begins, with a deadline of its own.
    pub(super) fn enter(&self, stage: Stage) {
        let end = (self.opened.elapsed() + self.time(stage)).as_nanos();
        self.end.store(u64::try_from(end).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    /// The body has arrived. Request and answer have one deadline together, so that stays.
    pub(super) fn body_has_arrived(&self) {
        if self.is(Stage::Body) {
            self.stage.store(Stage::Answering as u8, Ordering::Relaxed);
        }
    }

    /// A body has moved on, to the server or to the client.
    pub(super) fn body_has_moved(&self) {
        if self.limits.pace == Pace::Progress {
            for stage in [Stage::Body, Stage::Sending, Stage::Writing] {
                if self.is(stage) {
                    self.enter(stage);
                }
            }
        }
    }

    /// There is no more of the answer for now: a client cannot read what is not there. Where a body may take any time, the
    /// server has the time for a request until it goes on.
    pub(super) fn answer_is_awaited(&self) {
        if self.limits.pace == Pace::Progress && self.is(Stage::Sending) {
            self.enter(Stage::Answering);
        }
    }

    /// There is more of the answer.
    pub(super) fn answer_goes_on(&self) {
        if self.limits.pace == Pace::Progress && self.is(Stage::Answering) {
            self.enter(Stage::Sending);
        }
    }

    /// The server has handed over all of the answer.
    pub(super) fn answer_is_complete(&self) {
        if self.is(Stage::Sending) {
            self.enter(Stage::Writing);
        }
    }

    /// How much the connection deserves to stay, and since when its client is doing what it does: the connection with the
    /// least gives way first. `None` while it is the server's turn.
    pub(super) fn merit(&self) -> Option<(u8, Instant)> {
        let stage = *STAGES.iter().find(|stage| self.is(**stage))?;
        let merit = match stage {
            Stage::Idle => 0,
            Stage::Handshake | Stage::Head => 1,
            Stage::Body | Stage::Sending | Stage::Writing => 2,
            Stage::Answering => return None,
        };
        let since = self.get().checked_sub(self.time(stage)).unwrap_or(self.opened);
        Some((merit, since))
    }

    fn time(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Idle => self.limits.idle,
            Stage::Handshake => self.limits.handshake,
            Stage::Head => self.limits.header,
            Stage::Body | Stage::Answering => self.limits.request,
            Stage::Sending | Stage::Writing => self.limits.write,
        }
    }

    fn is(&self, stage: Stage) -> bool {
        self.stage.load(Ordering::Relaxed) == stage as u8
    }
}

/// A stream that reports to the deadline what passes through it.
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
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        if polled.is_ready() {
            self.deadline.body_has_moved();
        }
        polled
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
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        if polled.is_ready() {
            self.deadline.body_has_moved();
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limits(pace: Pace) -> ConnectionLimits {
        ConnectionLimits {
            handshake: SECOND,
            header: 3 * SECOND,
            max_header_bytes: 1,
            idle: 5 * SECOND,
            request: 7 * SECOND,
            write: 9 * SECOND,
            pace,
            max_connections: 1,
            max_per_peer: 1,
        }
    }

    #[test]
    fn each_stage_gets_the_whole_of_its_time() {
        let limits = limits(Pace::Whole);
        let deadline = Deadline::new(limits);
        for (stage, time) in [
            (Stage::Handshake, limits.handshake),
            (Stage::Head, limits.header),
            (Stage::Body, limits.request),
            (Stage::Sending, limits.write),
            (Stage::Writing, limits.write),
            (Stage::Idle, limits.idle),
        ] {
            let before = Instant::now();
            deadline.enter(stage);
            assert!((before + time..=Instant::now() + time).contains(&deadline.get()), "{stage:?}");
            let (_, since) = deadline.merit().unwrap();
            assert!((before..=Instant::now()).contains(&since), "{stage:?}");
        }
        deadline.enter(Stage::Body);
        deadline.body_has_arrived();
        assert_eq!(deadline.merit(), None);
    }

    #[test]
    fn a_body_that_moves_gets_its_time_again_where_that_is_the_pace_and_nothing_else_does() {
        let bodies = [Stage::Body, Stage::Sending, Stage::Writing];
        for pace in [Pace::Whole, Pace::Progress] {
            let deadline = Deadline::new(limits(pace));
            for stage in STAGES {
                deadline.enter(stage);
                let end = deadline.get();
                deadline.body_has_moved();
                let moved = pace == Pace::Progress && bodies.contains(&stage);
                assert_eq!(deadline.get() > end, moved, "{pace:?} {stage:?}");
                assert!(deadline.is(stage), "{pace:?} {stage:?}");
            }
        }
    }

    #[test]
    fn an_answer_that_is_awaited_is_no_slow_client_where_a_body_may_take_any_time() {
        let deadline = Deadline::new(ConnectionLimits { request: 20 * SECOND, ..limits(Pace::Progress) });
        deadline.enter(Stage::Sending);
        let written = deadline.get();
        deadline.answer_is_awaited();
        let awaited = deadline.get();
        assert!(deadline.is(Stage::Answering) && awaited > written);
        // Neither more waiting nor what the client reads of what was there prolongs it.
        deadline.answer_is_awaited();
        deadline.body_has_moved();
        assert_eq!((deadline.get(), deadline.merit()), (awaited, None));
        deadline.answer_goes_on();
        assert!(deadline.is(Stage::Sending) && deadline.get() < awaited);
        deadline.answer_goes_on();
        deadline.answer_is_complete();
        assert!(deadline.is(Stage::Writing));

        let deadline = Deadline::new(limits(Pace::Whole));
        deadline.enter(Stage::Sending);
        deadline.answer_is_awaited();
        assert!(deadline.is(Stage::Sending));
    }

    #[test]
    fn an_answer_is_read_to_its_end_only_when_there_is_no_more_to_come() {
        let deadline = Deadline::new(limits(Pace::Progress));
        deadline.enter(Stage::Sending);
        deadline.answer_is_complete();
        assert!(deadline.is(Stage::Writing));
        deadline.enter(Stage::Idle);
        deadline.answer_is_complete();
        assert!(deadline.is(Stage::Idle));
    }
}
