//! The lines of a file as text, one after another, whatever its encoding.

use std::io::{self, BufRead, BufReader, Cursor, Read};

/// How much is read at once.
const BUFFER: usize = 128 << 10;
/// What a file in UTF-8 may begin with, and one in UTF-16 begins with.
const MARK: &[u8] = &[0xef, 0xbb, 0xbf];
const MARK_LITTLE_ENDIAN: &[u8] = &[0xff, 0xfe];
const MARK_BIG_ENDIAN: &[u8] = &[0xfe, 0xff];

/// Separates documents, where a line begins with it.
pub(super) const SEPARATOR: &str = "---";
/// Reads lines. No more than one of them is in memory, unless the file is in UTF-16, as `PowerShell` writes it.
pub(super) struct Lines<'a> {
    reader: Box<dyn BufRead + 'a>,
    bytes: Vec<u8>,
    /// The number of the line that was read last, from 1.
    pub(super) number: usize,
    /// The first line that is not UTF-8.
    pub(super) not_text: Option<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(mut reader: impl Read + 'a) -> io::Result<Self> {
        let mut start = Vec::new();
        reader.by_ref().take(MARK.len() as u64).read_to_end(&mut start)?;
        let reader: Box<dyn BufRead + 'a> = if start == MARK {
            Box::new(BufReader::with_capacity(BUFFER, reader))
        } else if let Some(decode) = utf_16(&start) {
            reader.read_to_end(&mut start)?;
            let units = start.get(2..).unwrap_or_default().chunks_exact(2);
            let units = units.map(|unit| {
                decode([unit.first().copied(), unit.get(1).copied()].map(Option::unwrap_or_default))
            });
            let text = char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER));
            Box::new(Cursor::new(text.collect::<String>()))
        } else {
            Box::new(BufReader::with_capacity(BUFFER, Cursor::new(start).chain(reader)))
        };
        Ok(Self { reader, bytes: Vec::new(), number: 0, not_text: None })
    }

    /// Appends the next line, with its end, to `text`. `false` at the end of the file.
    pub(super) fn append_to(&mut self, text: &mut String) -> io::Result<bool> {
        self.bytes.clear();
        if self.reader.read_until(b'\n', &mut self.bytes)? == 0 {
            return Ok(false);
        }
        self.number += 1;
        if let Ok(line) = std::str::from_utf8(&self.bytes) {
            text.push_str(line);
        } else {
            self.not_text.get_or_insert(self.number);
            text.push_str(&String::from_utf8_lossy(&self.bytes));
        }
        Ok(true)
    }
}

/// Whether a line says nothing: it is empty, a comment, or a directive such as `%YAML 1.2`.
pub(super) fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with(['#', '%'])
}

/// Whether a line separates documents, even in a block of text.
pub(super) fn is_separator(line: &str) -> bool {
    line.strip_prefix(SEPARATOR).is_some_and(|rest| rest.trim().is_empty() || rest.starts_with([' ', '\t']))
}

fn utf_16(start: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    if start.starts_with(MARK_LITTLE_ENDIAN) {
        Some(u16::from_le_bytes)
    } else if start.starts_with(MARK_BIG_ENDIAN) {
        Some(u16::from_be_bytes)
    } else {
        None
    }
}
