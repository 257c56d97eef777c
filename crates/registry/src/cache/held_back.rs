//! A body whose last bytes are passed on when its end is known.
//!
//! A registry that fails while it sends a blob writes the message of its error behind what it has sent. A client that takes that
//! for a part of the blob cannot go on elsewhere from there.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

/// How many bytes are held back. Such a message has some hundred: a code, a path, and what the system says.
pub(super) const LENGTH: usize = 4 << 10;

/// The body. It has no trailers.
#[derive(Debug)]
pub(super) struct HeldBack<B> {
    body: B,
    held: VecDeque<Bytes>,
    /// Of all that is held, in bytes.
    length: usize,
    has_ended: bool,
}

impl<B> HeldBack<B> {
    pub(super) fn new(body: B) -> Self {
        Self { body, held: VecDeque::new(), length: 0, has_ended: false }
    }

    /// What need not be held any more.
    fn next(&mut self) -> Option<Bytes> {
        let keep = if self.has_ended { 0 } else { LENGTH };
        let length = self.length.saturating_sub(keep).min(self.held.front()?.len());
        if length == 0 {
            return None;
        }
        let first = self.held.front_mut()?.split_to(length);
        if self.held.front().is_some_and(Bytes::is_empty) {
            self.held.pop_front();
        }
        self.length -= length;
        Some(first)
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for HeldBack<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        loop {
            if let Some(bytes) = self.next() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if self.has_ended {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data()
                        && !bytes.is_empty()
                    {
                        self.length += bytes.len();
                        self.held.push_back(bytes);
                    }
                }
                Some(Err(error)) => {
                    self.held.clear();
                    (self.length, self.has_ended) = (0, true);
                    return Poll::Ready(Some(Err(error)));
                }
                None => self.has_ended = true,
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && (self.has_ended || self.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let (held, rest) = (u64::try_from(self.length).unwrap_or(u64::MAX), self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(held));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(held));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use axum::body::Body;
    use futures::stream::{self, StreamExt as _};
    use http_body_util::BodyExt as _;

    use super::*;

    /// What is passed on of pieces, and whether it ends well.
    async fn passed(pieces: &[Vec<u8>], breaks: bool) -> (Vec<u8>, bool) {
        let pieces: Vec<_> = pieces.iter().cloned().map(Ok).collect();
        let end = breaks.then(|| Err(io::Error::other("broken")));
        let mut body = HeldBack::new(Body::from_stream(stream::iter(pieces).chain(stream::iter(end))));
        let mut found = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return (found, false) };
            found.extend_from_slice(frame.data_ref().unwrap());
        }
        assert!(body.is_end_stream());
        (found, true)
    }

    #[tokio::test]
    async fn the_size_is_that_of_the_body() {
        let mut body = HeldBack::new(Body::from(vec![7; 2 * LENGTH]));
        assert_eq!(body.size_hint().exact(), Some(2 * LENGTH as u64));
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!((first.len(), body.size_hint().exact()), (LENGTH, Some(LENGTH as u64)));
        assert!(HeldBack::new(Body::empty()).is_end_stream());
    }

    #[tokio::test]
    async fn all_is_passed_on_but_the_last_bytes_before_a_break() {
        let sizes = [0, 1, LENGTH - 1, LENGTH, LENGTH + 1, 3 * LENGTH];
        let all = sizes.into_iter().flat_map(|first| sizes.into_iter().map(move |second| [first, second, 7]));
        for (pieces, breaks) in all.flat_map(|pieces| [(pieces, false), (pieces, true)]) {
            let bytes = pieces.map(|size| (0..=250).cycle().take(size).collect::<Vec<u8>>());
            let whole = bytes.concat();
            let expected = if breaks { whole.len().saturating_sub(LENGTH) } else { whole.len() };
            let (found, is_whole) = passed(&bytes, breaks).await;
            assert!(found == whole[..expected] && is_whole != breaks, "{pieces:?}, {breaks}");
        }
    }
}
