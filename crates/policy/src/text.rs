//! Texts that a client wrote, cut and escaped before an answer or a log line shows them.

use std::borrow::Cow;

/// The most characters of a name or a field path that an answer or a log line shows.
pub const NAME_SHOWN: usize = 256;

/// The text, cut to `max` characters. The last one is then an ellipsis.
#[must_use]
pub fn cut(text: &str, max: usize) -> Cow<'_, str> {
    // No text has more characters than bytes, so most texts need no count.
    if text.len() <= max || text.chars().nth(max).is_none() {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().take(max.saturating_sub(1));
    Cow::Owned(shown.chain(std::iter::once('…')).collect())
}

/// The text without control characters, which are escaped, and no longer than `max` characters.
#[must_use]
pub fn printable(text: &str, max: usize) -> Cow<'_, str> {
    // Cut first: the work does not grow with what a client sent.
    let text = cut(text, max);
    if !text.chars().any(is_unprintable) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unprintable(character) {
            escaped.extend(character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(cut(&escaped, max).into_owned())
}

/// The first `max` texts, and how many more there are.
#[must_use]
pub fn first(texts: impl IntoIterator<Item = String>, max: usize) -> Vec<String> {
    let mut texts = texts.into_iter();
    let mut shown: Vec<_> = texts.by_ref().take(max).collect();
    let more = texts.count();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown
}

/// The first `max` characters on one line: what a terminal would obey becomes a space.
#[must_use]
pub fn on_one_line(characters: impl Iterator<Item = char>, max: usize) -> String {
    characters.take(max).map(|character| if is_unprintable(character) { ' ' } else { character }).collect()
}

/// Control characters, and those that end a line or turn the direction of writing.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_on_a_character_boundary() {
        assert_eq!(cut("é".repeat(256).as_str(), NAME_SHOWN), "é".repeat(256));
        assert_eq!(cut("é".repeat(257).as_str(), NAME_SHOWN), format!("{}…", "é".repeat(255)));
        assert_eq!(cut("ab", 1), "…");
    }

    #[test]
    fn escapes_what_a_terminal_would_obey() {
        assert_eq!(printable("a\u{1b}[31m\n\u{202e}b", NAME_SHOWN), r"a\u{1b}[31m\u{a}\u{202e}b");
        assert_eq!(printable("\u{7}".repeat(300).as_str(), NAME_SHOWN).chars().count(), NAME_SHOWN);
        assert!(matches!(printable("plain \"text\"", NAME_SHOWN), Cow::Borrowed(_)));
    }

    #[test]
    fn the_first_of_many_texts_are_shown() {
        let texts = |count: usize| (0..count).map(|number| number.to_string());
        assert_eq!(first(texts(0), 2), [""; 0]);
        assert_eq!(first(texts(2), 2), ["0", "1"]);
        assert_eq!(first(texts(5), 2), ["0", "1", "and 3 more"]);
    }

    #[test]
    fn what_a_terminal_would_obey_is_a_space_on_one_line() {
        assert_eq!(on_one_line("a\u{1b}[31m\nb\u{202e}cd".chars(), 9), "a [31m b ");
    }
}
