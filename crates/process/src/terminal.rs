//! The width of the terminal, and long lines on it: broken at spaces, with what follows indented.

/// How wide lines are that nobody breaks.
const ENDLESS: usize = usize::MAX;

/// The width of the terminal; `None` if the standard output is none.
#[must_use]
pub fn width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(width.0.into())
}

/// The text behind `indent` spaces, and behind four more on each line but the first. A word that is longer than a line
/// stays whole.
#[must_use]
pub fn wrapped(text: &str, indent: usize, width: Option<usize>) -> Vec<String> {
    let width = width.unwrap_or(ENDLESS);
    let mut lines = vec![" ".repeat(indent)];
    let mut used = indent;
    let mut is_at_start = true;
    for word in text.split(' ') {
        let length = word.chars().count();
        if !is_at_start && used + 1 + length > width {
            lines.push(" ".repeat(indent + 4));
            used = indent + 4;
            is_at_start = true;
        }
        if let Some(line) = lines.last_mut() {
            if !is_at_start {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
        }
        used += length;
        is_at_start = false;
    }
    lines
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::wrapped;

    #[rstest]
    #[case::no_terminal(None, &["  one two three four"])]
    #[case::wide(Some(20), &["  one two three four"])]
    #[case::narrow(Some(19), &["  one two three", "      four"])]
    #[case::narrower(Some(11), &["  one two", "      three", "      four"])]
    #[case::narrower_than_words(Some(3), &["  one", "      two", "      three", "      four"])]
    fn lines_break_at_spaces(#[case] width: Option<usize>, #[case] lines: &[&str]) {
        assert_eq!(wrapped("one two three four", 2, width), lines);
    }

    #[test]
    fn spaces_between_words_stay() {
        assert_eq!(wrapped("a  b", 0, Some(80)), ["a  b"]);
        assert_eq!(wrapped("", 4, Some(80)), ["    "]);
    }
}
