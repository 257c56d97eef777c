//! The documents of a file, one at a time: JSON values one after another, or YAML documents between lines of `---`. What
//! cannot be read is reported, and reading goes on behind it.

use std::io::{self, Read};
use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::documents::{Document, Unreadable};
use super::json::{Scanned, Scanner, begins_json};
use super::lines::{Lines, SEPARATOR, is_blank, is_separator};
use super::unique::Unique;
use super::{words, yaml_text};

/// The documents of a file, in its order.
pub struct Documents<'a> {
    lines: Lines<'a>,
    form: Form,
    /// What is read and not yet done with.
    text: String,
    /// How much of it is done with.
    at: usize,
    /// The line at `at`, from 1.
    line: usize,
    /// What follows `---` on its line, with the number of the line.
    begun: (String, usize),
    /// The command that takes what a template is rendered to.
    command: &'static str,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Form {
    Unknown,
    Json,
    Yaml,
    /// Nothing more is read.
    Ended,
}

impl<'a> Documents<'a> {
    /// Reads a file for a command.
    ///
    /// # Errors
    /// If it cannot be read at all.
    pub fn new(reader: impl Read + 'a, command: &'static str) -> io::Result<Self> {
        let (form, begun) = (Form::Unknown, (String::new(), 1));
        Ok(Self { lines: Lines::new(reader)?, form, text: String::new(), at: 0, line: 1, begun, command })
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Reads a line more. `false` at the end of the file.
    fn read_line(&mut self) -> Result<bool, Unreadable> {
        if self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
        }
        let read = self.lines.append_to(&mut self.text);
        read.map_err(|error| {
            self.form = Form::Ended;
            Unreadable { text: error.to_string(), line: self.lines.number + 1 }
        })
    }

    fn skip(&mut self, bytes: usize) {
        let skipped = self.text.get(self.at..self.at + bytes).unwrap_or_default();
        self.line += count_lines(skipped);
        self.at += bytes;
        // What is done with is dropped when it is the greater part: each byte is moved at most once.
        if self.at > self.text.len() / 2 {
            self.text.drain(..self.at);
            self.at = 0;
        }
    }

    /// Recognises the form by the first line that is not blank. A log of JSON may begin in the middle of a line.
    fn sniff(&mut self) -> Result<Form, Unreadable> {
        let mut start = 0;
        while self.read_line()? {
            let line = self.text.get(start..).unwrap_or_default();
            if begins_json(line) {
                self.skip(start);
                return Ok(Form::Json);
            }
            if !is_blank(line.trim_start()) {
                let next = self.text.len();
                let may_be_cut = line.trim_end().ends_with('}') && self.read_line()?;
                let next = self.text.get(next..).unwrap_or_default();
                return Ok(if may_be_cut && next.starts_with("{\"") { Form::Json } else { Form::Yaml });
            }
            start = self.text.len();
        }
        Ok(Form::Yaml)
    }

    fn next_json(&mut self) -> Result<Option<Document>, Unreadable> {
        loop {
            self.skip(self.rest().len() - self.rest().trim_start().len());
            if self.rest().is_empty() {
                if !self.read_line()? {
                    return Ok(None);
                }
            } else if self.rest().starts_with(SEPARATOR) {
                self.skip(first_line(self.rest()).len());
            } else {
                break;
            }
        }
        let mut scanner = Scanner::default();
        let mut done = 0;
        loop {
            let part = self.rest().as_bytes().get(done..).unwrap_or_default();
            match scanner.scan(part) {
                Scanned::End(end) => return self.json_document(done + end),
                Scanned::Broken(end) => return Err(self.broken_json(done + end)?),
                Scanned::More => {
                    done = self.rest().len();
                    if !self.read_line()? {
                        return Err(self.broken_json(done)?);
                    }
                }
            }
        }
    }

    /// Takes a whole value.
    fn json_document(&mut self, length: usize) -> Result<Option<Document>, Unreadable> {
        let line = self.line;
        let text = self.rest().get(..length).unwrap_or_default().to_owned();
        self.skip(length);
        self.not_text()?;
        let is_comment = |line: &str| line.trim_start().starts_with('/');
        match serde_json::from_str::<Unique>(&text) {
            Ok(Unique(value)) => Ok(Some(Document::new(line, text, value))),
            Err(_) if text.lines().any(is_comment) => {
                let at = text.lines().position(is_comment).unwrap_or_default();
                Err(Unreadable { text: "not JSON: it holds a comment".to_owned(), line: line + at })
            }
            // YAML can begin with a bracket, too.
            Err(error) => match yaml_text::parse(line, text) {
                Ok(document) if document.value.is_object() => Ok(Some(document)),
                _ => Err(words::of_json(&error, line)),
            },
        }
    }

    /// What is wrong with a value that breaks off, behind which the next line that begins an object is looked for.
    fn broken_json(&mut self, length: usize) -> Result<Unreadable, Unreadable> {
        let text = self.rest().get(..length).unwrap_or_default();
        let error = match serde_json::from_str::<IgnoredAny>(text) {
            Err(error) => {
                // What is cut off ends on its last line, not behind it.
                let end = self.line + text.trim_end().lines().count().saturating_sub(1);
                let error = words::of_json(&error, self.line);
                Unreadable { line: error.line.min(end), ..error }
            }
            Ok(_) => Unreadable { text: "not JSON: it is cut off".to_owned(), line: self.line },
        };
        loop {
            let line = first_line(self.rest()).len();
            self.skip(line);
            let is_end = self.rest().is_empty() && !self.read_line()?;
            if is_end || self.rest().starts_with('{') {
                self.not_text()?;
                return Ok(error);
            }
        }
    }

    fn next_yaml(&mut self) -> Result<Option<Document>, Unreadable> {
        loop {
            let (mut text, mut start) = std::mem::take(&mut self.begun);
            let mut is_last = true;
            while let Some(range) = self.next_line()? {
                let line = self.text.get(range).unwrap_or_default();
                if !is_separator(line) {
                    text.push_str(line);
                    continue;
                }
                // A document may begin on the line of the separator.
                let rest = line.get(SEPARATOR.len()..).unwrap_or_default();
                let begins = !is_blank(rest.trim_start());
                self.begun =
                    (if begins { rest.to_owned() } else { String::new() }, self.line - usize::from(begins));
                is_last = false;
                break;
            }
            start = start.max(1);
            self.not_text()?;
            if !text.lines().all(is_blank) {
                let is_template = text.contains("{{");
                match yaml_text::parse(start, text) {
                    Ok(Document { value: Value::Null, .. }) => {}
                    Ok(document) if is_template && has_template_name(&document.value) => {
                        return Err(self.template(start));
                    }
                    Ok(document) => return Ok(Some(document)),
                    Err(error) if is_template => return Err(self.template(error.line)),
                    Err(error) => return Err(error),
                }
            }
            if is_last {
                return Ok(None);
            }
        }
    }

    /// The next line, as a part of `text`.
    fn next_line(&mut self) -> Result<Option<Range<usize>>, Unreadable> {
        if self.rest().is_empty() && !self.read_line()? {
            return Ok(None);
        }
        let start = self.at;
        self.at += first_line(self.rest()).len();
        self.line += 1;
        Ok(Some(start..self.at))
    }

    /// A template is reported once for its file.
    fn template(&mut self, line: usize) -> Unreadable {
        self.form = Form::Ended;
        let text = format!("a Helm template: render it first: helm template … | {} -", self.command);
        Unreadable { text, line }
    }

    fn not_text(&mut self) -> Result<(), Unreadable> {
        let text = "not UTF-8: save the file in this encoding".to_owned();
        self.lines.not_text.take().map_or(Ok(()), |line| Err(Unreadable { text, line }))
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<Document, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.form == Form::Unknown {
            match self.sniff() {
                Ok(form) => self.form = form,
                Err(error) => return Some(Err(error)),
            }
        }
        match self.form {
            Form::Json => self.next_json().transpose(),
            Form::Yaml => self.next_yaml().transpose(),
            Form::Unknown | Form::Ended => None,
        }
    }
}

/// Whether the name of an object is still to be filled in.
fn has_template_name(object: &Value) -> bool {
    object.pointer("/metadata/name").and_then(Value::as_str).is_some_and(|name| name.contains("{{"))
}

/// The first line of a text, with its end.
fn first_line(text: &str) -> &str {
    text.split_inclusive('\n').next().unwrap_or_default()
}

fn count_lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}
