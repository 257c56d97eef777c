//! Reading a request body within limits of size, time and memory.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use super::secret_buffer::SecretBuffer;
use crate::memory::{Memory, Reserved};

/// What the first bytes of a body reserve at most. A client that announces much and sends little holds no more.
const FIRST: usize = 16 << 10;

/// The limits of bodies.
#[derive(Clone, Debug)]
pub struct BodyLimits {
    /// The largest body, in bytes.
    pub(crate) max_bytes: usize,
    /// How long a client may take to send it.
    pub(crate) timeout: Duration,
    /// The memory for bodies and answers.
    pub memory: Memory,
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BodyError {
    /// It is larger than this many bytes.
    TooLarge(usize),
    /// The client took too long.
    TooSlow,
    /// The time that the client gave for the whole request has passed.
    Deadline,
    /// Other bodies take all the memory for bodies.
    Memory,
    /// The client went away.
    Aborted,
}

/// A body, and the memory that is reserved for it.
#[derive(Debug)]
pub(crate) struct ReadBody {
    bytes: SecretBuffer,
    memory: Reserved,
}

impl ReadBody {
    /// The bytes.
    #[must_use]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// Drops the bytes. Their memory stays reserved, for the answer.
    #[must_use]
    pub(crate) fn into_memory(self) -> Reserved {
        self.memory
    }
}

impl BodyLimits {
    /// At most `max_bytes` for one body and `memory_bytes` for all bodies together.
    #[must_use]
    pub fn new(max_bytes: usize, memory_bytes: usize, timeout: Duration) -> Self {
        Self { max_bytes, timeout, memory: Memory::new(memory_bytes) }
    }

    /// Reads a body, which may be secret; `deadline` is the end of the whole request.
    pub(crate) async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        secret: bool,
        deadline: Instant,
    ) -> Result<ReadBody, BodyError> {
        let announced: Option<usize> =
            headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if announced.is_some_and(|announced| announced > self.max_bytes) {
            return Err(BodyError::TooLarge(self.max_bytes));
        }
        let own_deadline = Instant::now() + self.timeout;
        let reading = Reading {
            limits: self,
            // A client cannot send more than it has announced.
            expected: announced.unwrap_or(self.max_bytes),
            read: ReadBody { bytes: SecretBuffer::new(Vec::new(), secret), memory: Reserved::nothing() },
        };
        match timeout_at(own_deadline.min(deadline), reading.collect(body)).await {
            Ok(result) => result,
            Err(_) if deadline < own_deadline => Err(BodyError::Deadline),
            Err(_) => Err(BodyError::TooSlow),
        }
    }
}

/// A body that arrives.
struct Reading<'a> {
    limits: &'a BodyLimits,
    /// The most bytes that it can have.
    expected: usize,
    read: ReadBody,
}

impl Reading<'_> {
    async fn collect(mut self, mut body: Body) -> Result<ReadBody, BodyError> {
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| BodyError::Aborted)?.into_data() else { continue };
            let length = self.read.bytes().len() + data.len();
            if length > self.limits.max_bytes {
                return Err(BodyError::TooLarge(self.limits.max_bytes));
            }
            if length > self.read.bytes.capacity() {
                self.grow(length)?;
            }
            self.read.bytes.append(&data);
        }
        Ok(self.read)
    }

    /// Makes room for `length` bytes: as many again as have arrived, so that all are copied once at most on average.
    fn grow(&mut self, length: usize) -> Result<(), BodyError> {
        let capacity = length.saturating_mul(2).max(FIRST).min(self.expected).max(length);
        // The old bytes and the new ones exist side by side for a moment.
        let memory = self.limits.memory.reserve(capacity).ok_or(BodyError::Memory)?;
        self.read.bytes.grow(capacity);
        self.read.memory = memory;
        Ok(())
    }
}
