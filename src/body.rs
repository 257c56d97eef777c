//! Reading a request body within limits of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::buffer::Buffer;

/// The limits of bodies.
#[derive(Clone, Debug)]
pub struct BodyLimits {
    /// The largest body, in bytes.
    pub max_bytes: usize,
    /// How long a client may take to send it.
    pub timeout: Duration,
    memory: Arc<Semaphore>,
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BodyError {
    /// It is larger than this many bytes.
    TooLarge(usize),
    /// The client took too long.
    TooSlow,
    /// The time that the client gave for the whole request has passed.
    Deadline,
    /// Other bodies take the memory that there is for bodies.
    Memory,
    /// The client went away.
    Aborted,
}

/// A body. Its memory is given back when it is dropped.
#[derive(Debug)]
pub struct ReadBody {
    bytes: Buffer,
    _memory: OwnedSemaphorePermit,
}

impl ReadBody {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

impl BodyLimits {
    /// At most `max_bytes` for one body and `memory_bytes` for all bodies together.
    #[must_use]
    pub fn new(max_bytes: usize, memory_bytes: usize, timeout: Duration) -> Self {
        let memory = Arc::new(Semaphore::new(memory_bytes.min(Semaphore::MAX_PERMITS)));
        Self { max_bytes, timeout, memory }
    }

    /// Reads a body, which may be secret; `deadline` is the end of the whole request.
    pub async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        secret: bool,
        deadline: Instant,
    ) -> Result<ReadBody, BodyError> {
        let announced =
            headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let expected: usize = announced.unwrap_or(0);
        if expected > self.max_bytes {
            return Err(BodyError::TooLarge(self.max_bytes));
        }
        let own_deadline = Instant::now() + self.timeout;
        let memory = self.reserve(expected)?;
        match timeout_at(
            own_deadline.min(deadline),
            self.collect(body, Buffer::new(Vec::with_capacity(expected), secret), memory),
        )
        .await
        {
            Ok(result) => result,
            Err(_) if deadline < own_deadline => Err(BodyError::Deadline),
            Err(_) => Err(BodyError::TooSlow),
        }
    }

    async fn collect(
        &self,
        mut body: Body,
        mut bytes: Buffer,
        mut memory: OwnedSemaphorePermit,
    ) -> Result<ReadBody, BodyError> {
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| BodyError::Aborted)?.into_data() else { continue };
            let length = bytes.as_ref().len() + data.len();
            if length > self.max_bytes {
                return Err(BodyError::TooLarge(self.max_bytes));
            }
            if length > bytes.capacity() {
                let capacity = length.next_power_of_two().clamp(4096.min(self.max_bytes), self.max_bytes);
                memory.merge(self.reserve(capacity - bytes.capacity())?);
                bytes.grow(capacity);
            }
            bytes.append(&data);
        }
        Ok(ReadBody { bytes, _memory: memory })
    }

    fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        let permits = u32::try_from(bytes).map_err(|_| BodyError::Memory)?;
        Arc::clone(&self.memory).try_acquire_many_owned(permits).map_err(|_| BodyError::Memory)
    }
}
