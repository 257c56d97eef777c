//! A body that is counted while it passes.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// What is counted of bodies that pass in one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passing {
    /// Bytes so far.
    pub(crate) bytes: Counter,
    /// Bodies that have not ended.
    pub(crate) open: Gauge,
}

/// A body that counts its bytes, and itself as open until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted<B, W = ()> {
    body: B,
    open: Open,
    /// Dropped with the body.
    _with: W,
}

#[derive(Debug)]
struct Open(Passing);

impl<B> Counted<B> {
    pub(crate) fn new(body: B, passing: Passing) -> Self {
        passing.open.inc();
        Self { body, open: Open(passing), _with: () }
    }

    /// The same body, with which something else ends.
    pub(crate) fn until_dropped<W>(self, with: W) -> Counted<B, W> {
        Counted { body: self.body, open: self.open, _with: with }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.dec();
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin, W: Unpin> HttpBody for Counted<B, W> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
        {
            self.open.0.bytes.inc_by(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
