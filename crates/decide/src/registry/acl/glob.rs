//! Patterns of file names: `*` and `?` stay within a part of a name, `**` crosses `/`.

use super::error::PatternError;
use super::template::{Part, Values, Variable};

/// A pattern, taken apart once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Glob(Vec<Token>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Token {
    /// These characters.
    Text(String),
    /// The characters of a value, whatever they are.
    Variable(Variable),
    /// One character of a part.
    One,
    /// One character of a part that is in the ranges, or in none of them.
    Class { is_negated: bool, ranges: Vec<(char, char)> },
    /// Any characters of a part.
    Segment,
    /// Any characters.
    Any,
}

impl Glob {
    pub(super) fn parse(parts: &[Part]) -> Result<Self, PatternError> {
        let mut tokens = Vec::new();
        for part in parts {
            match part {
                Part::Variable(variable) => tokens.push(Token::Variable(variable.clone())),
                Part::Text(text) => parse_text(text, &mut tokens)?,
            }
        }
        Ok(Self(tokens))
    }

    /// The text, if it is the only one that the pattern matches.
    pub(super) fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Token::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What each match begins with, if the pattern asks for nothing else.
    pub(super) fn prefix(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Token::Any] => Some(""),
            [Token::Text(text), Token::Any] => Some(text),
            _ => None,
        }
    }

    /// The text that each match begins with.
    pub(super) fn beginning(&self) -> &str {
        if let Some(Token::Text(text)) = self.0.first() { text } else { "" }
    }

    /// Whether a text has the form. The time grows with the product of both lengths, and not faster.
    pub(super) fn matches(&self, text: &str, values: &Values<'_>) -> bool {
        // Most patterns are one text, or one with `**` behind it.
        if let Some(literal) = self.literal() {
            return text == literal;
        }
        if let Some(prefix) = self.prefix() {
            return text.starts_with(prefix);
        }
        if !text.starts_with(self.beginning()) {
            return false;
        }
        // Where in the text the tokens so far can end, in ascending order.
        let mut ends = vec![0];
        for token in &self.0 {
            ends = match token {
                Token::Text(wanted) => behind(&ends, text, wanted),
                Token::Variable(variable) => match values.text(variable) {
                    Some(wanted) => behind(&ends, text, wanted),
                    None => return false,
                },
                Token::One => behind_one(&ends, text, |_| true),
                Token::Class { is_negated, ranges } => behind_one(&ends, text, |character| {
                    ranges.iter().any(|(from, to)| (*from..=*to).contains(&character)) != *is_negated
                }),
                Token::Segment => through_segments(&ends, text),
                Token::Any => ends.first().map_or_else(Vec::new, |&first| through(text, first, text.len())),
            };
        }
        ends.last() == Some(&text.len())
    }
}

fn behind(ends: &[usize], text: &str, wanted: &str) -> Vec<usize> {
    let starts = |&end: &usize| text.get(end..).is_some_and(|rest| rest.starts_with(wanted));
    ends.iter().copied().filter(starts).map(|end| end + wanted.len()).collect()
}

fn behind_one(ends: &[usize], text: &str, is: impl Fn(char) -> bool) -> Vec<usize> {
    let next = |&end: &usize| {
        let character = text.get(end..)?.chars().next()?;
        (character != '/' && is(character)).then_some(end + character.len_utf8())
    };
    ends.iter().filter_map(next).collect()
}

fn through_segments(ends: &[usize], text: &str) -> Vec<usize> {
    let mut reached = Vec::new();
    for &end in ends {
        // What is reached from an earlier place of the same part goes on to the end of the part.
        if reached.last().is_none_or(|&last| last < end) {
            let length = text.get(end..).and_then(|rest| rest.find('/'));
            reached.extend(through(text, end, length.map_or(text.len(), |length| end + length)));
        }
    }
    reached
}

/// The boundaries of characters from one place to another.
fn through(text: &str, from: usize, to: usize) -> Vec<usize> {
    (from..=to).filter(|&place| text.is_char_boundary(place)).collect()
}

fn parse_text(text: &str, tokens: &mut Vec<Token>) -> Result<(), PatternError> {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '*' if characters.next_if_eq(&'*').is_some() => tokens.push(Token::Any),
            '*' => tokens.push(Token::Segment),
            '?' => tokens.push(Token::One),
            '[' => tokens.push(parse_class(&mut characters)?),
            '\\' => push(tokens, characters.next().ok_or(PatternError::Backslash)?),
            other => push(tokens, other),
        }
    }
    Ok(())
}

fn push(tokens: &mut Vec<Token>, character: char) {
    if let Some(Token::Text(text)) = tokens.last_mut() {
        text.push(character);
    } else {
        tokens.push(Token::Text(character.into()));
    }
}

fn parse_class(
    characters: &mut std::iter::Peekable<impl Iterator<Item = char>>,
) -> Result<Token, PatternError> {
    let is_negated = characters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && characters.next_if_eq(&']').is_some() {
            return Ok(Token::Class { is_negated, ranges });
        }
        let from = class_character(characters)?;
        let to = if characters.next_if_eq(&'-').is_some() { class_character(characters)? } else { from };
        if from > to {
            return Err(PatternError::Class);
        }
        ranges.push((from, to));
    }
}

fn class_character(characters: &mut impl Iterator<Item = char>) -> Result<char, PatternError> {
    match characters.next().ok_or(PatternError::Class)? {
        '\\' => characters.next().ok_or(PatternError::Class),
        // As Go reads it, both need a backslash.
        ']' | '-' => Err(PatternError::Class),
        character => Ok(character),
    }
}

#[cfg(test)]
mod tests;
