//! The messages of the Git protocol that ask a server for references, in version 2 and in earlier versions. Pure: it
//! takes bytes as they arrive and returns what to send next.

use std::collections::{BTreeMap, BTreeSet};

use gix_packetline::PacketLineRef;
use gix_packetline::decode::{Stream, streaming};

use super::error::{GitError, words};

/// The result of resolving a reference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Resolution {
    /// The commit, in full.
    Commit(String),
    /// There is no such branch or tag.
    Missing,
}

/// What the client does next.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Turn {
    /// Read more.
    Read,
    /// Send this, then read more.
    Say(Vec<u8>),
    /// Everything is known.
    Done,
}

/// A question for references.
#[derive(Debug)]
pub(super) struct Conversation {
    references: BTreeSet<String>,
    /// Commits by full reference name, for the requested references.
    found: BTreeMap<String, String>,
    buffer: Vec<u8>,
    /// How many bytes may still arrive.
    left: usize,
    max: usize,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// No message yet except, over HTTP, the name of the service.
    Start,
    /// The capabilities of version 2.
    Capabilities {
        is_sha256: bool,
    },
    References,
    Done,
}

impl Conversation {
    /// A conversation that reads at most `max` bytes.
    pub(super) fn new(references: &BTreeSet<String>, max: usize) -> Self {
        Self {
            references: references.clone(),
            found: BTreeMap::new(),
            buffer: Vec::new(),
            left: max,
            max,
            stage: Stage::Start,
        }
    }

    /// Reads bytes of the server.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Turn, GitError> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(GitError::TooLarge(self.max))?;
        self.buffer.extend_from_slice(bytes);
        let buffer = std::mem::take(&mut self.buffer);
        let mut read = 0;
        let mut turn = Turn::Read;
        while turn == Turn::Read {
            let rest = buffer.get(read..).unwrap_or_default();
            match streaming(rest).map_err(|error| GitError::Protocol(error.to_string()))? {
                Stream::Incomplete { .. } => break,
                Stream::Complete { line, bytes_consumed } => {
                    turn = self.line(&line)?;
                    read += bytes_consumed;
                }
            }
        }
        // An incomplete packet stays in the buffer: bytes may arrive one at a time.
        self.buffer = buffer;
        self.buffer.drain(..read.min(self.buffer.len()));
        Ok(turn)
    }

    fn line(&mut self, line: &PacketLineRef<'_>) -> Result<Turn, GitError> {
        let PacketLineRef::Data(line) = line else {
            return Ok(match self.stage {
                // Over HTTP, a flush follows the name of the service.
                Stage::Start | Stage::Done => Turn::Read,
                Stage::Capabilities { is_sha256 } => {
                    self.stage = Stage::References;
                    Turn::Say(self.request(is_sha256))
                }
                Stage::References => {
                    self.stage = Stage::Done;
                    Turn::Done
                }
            });
        };
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if let Some(error) = line.strip_prefix(b"ERR ") {
            return Err(GitError::NoRepository(words(error)));
        }
        match self.stage {
            Stage::Start if line.starts_with(b"# service=") => {}
            Stage::Start if line == b"version 2" => self.stage = Stage::Capabilities { is_sha256: false },
            Stage::Start if line == b"version 1" => {}
            Stage::Capabilities { .. } => {
                if line == b"object-format=sha256" {
                    self.stage = Stage::Capabilities { is_sha256: true };
                }
            }
            Stage::Start | Stage::References => {
                self.stage = Stage::References;
                self.reference(line)?;
            }
            Stage::Done => {}
        }
        Ok(Turn::Read)
    }

    /// `<object> <name>`, followed by capabilities or, in version 2, by the object that a tag points to.
    fn reference(&mut self, line: &[u8]) -> Result<(), GitError> {
        let unreadable = || GitError::Protocol("a line that is no reference".to_owned());
        let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
        let line = std::str::from_utf8(line).map_err(|_| unreadable())?;
        let mut words = line.split(' ');
        let (Some(object), Some(name)) = (words.next(), words.next()) else { return Err(unreadable()) };
        if object == "shallow" {
            return Ok(());
        }
        if !is_commit(object) {
            return Err(unreadable());
        }
        let peeled = words.find_map(|word| word.strip_prefix("peeled:"));
        // Versions before 2 have the object that a tag points to in a separate line after that of the tag.
        let name = name.strip_suffix("^{}").unwrap_or(name);
        let short = name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/"));
        if short.is_some_and(|short| self.references.contains(short)) {
            self.found.insert(name.to_owned(), peeled.unwrap_or(object).to_owned());
        }
        Ok(())
    }

    fn request(&self, is_sha256: bool) -> Vec<u8> {
        let mut request = Vec::new();
        let mut say = |text: &str| request.extend_from_slice(&packet(text.as_bytes()));
        say("command=ls-refs\n");
        say("agent=serverless-controller\n");
        if is_sha256 {
            say("object-format=sha256\n");
        }
        request.extend_from_slice(b"0001");
        let mut say = |text: &str| request.extend_from_slice(&packet(text.as_bytes()));
        say("peel\n");
        for reference in &self.references {
            say(&format!("ref-prefix refs/heads/{reference}\n"));
            say(&format!("ref-prefix refs/tags/{reference}\n"));
        }
        request.extend_from_slice(b"0000");
        request
    }

    /// The references that were found; an error if the server stopped early.
    pub(super) fn end(mut self) -> Result<BTreeMap<String, Resolution>, GitError> {
        if self.stage != Stage::Done {
            return Err(GitError::Protocol("it ends too early".to_owned()));
        }
        let resolve = |reference: String| {
            let commit = ["refs/heads/", "refs/tags/"]
                .into_iter()
                .find_map(|folder| self.found.remove(&format!("{folder}{reference}")));
            (reference, commit.map_or(Resolution::Missing, Resolution::Commit))
        };
        Ok(std::mem::take(&mut self.references).into_iter().map(resolve).collect())
    }

    /// Whether any message was understood.
    pub(super) fn has_begun(&self) -> bool {
        self.stage != Stage::Start
    }
}

/// Encodes a text as a packet line.
pub(super) fn packet(text: &[u8]) -> Vec<u8> {
    let mut packet = format!("{:04x}", text.len() + 4).into_bytes();
    packet.extend_from_slice(text);
    packet
}

/// Whether a text is a full commit hash, of SHA-1 or SHA-256.
#[must_use]
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What is wrong with a reference that cannot exist, so that no server has to be asked.
#[must_use]
pub fn problem(reference: &str) -> Option<&'static str> {
    let is_forbidden = |char: char| char.is_control() || char.is_whitespace() || "~^:?*[\\".contains(char);
    let is_bad = reference.is_empty()
        || reference.len() > 255
        || reference.starts_with(['-', '/'])
        || reference.ends_with(['/', '.'])
        || reference.contains("..")
        || reference.contains("@{")
        || reference.contains(is_forbidden);
    is_bad.then_some("is not the name of a branch or tag")
}

/// The message for a reference that does not exist.
#[must_use]
pub fn missing(reference: &str) -> String {
    let is_short =
        (4..40).contains(&reference.len()) && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hint = if is_short { "; a commit is given by all of its 40 characters" } else { "" };
    format!("reference {reference:?} not found: neither a branch nor a tag has this name{hint}")
}

#[cfg(test)]
mod tests;
