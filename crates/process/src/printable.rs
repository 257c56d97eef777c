//! Texts of others as they are printed: a name in a manifest must not move the cursor of a terminal, begin a line of its
//! own or give a command to the workflow that prints it.

/// Begins a command to a workflow where a line begins with it.
const COMMAND: &str = "::";
/// Begins a command to a workflow wherever it is.
const OLD_COMMAND: &str = "##[";

/// Escapes what must not be printed. A text of lines becomes one line.
pub fn make_printable(text: &mut String) {
    let is_command = text.trim_start().starts_with(COMMAND) || text.contains(OLD_COMMAND);
    if is_command || text.contains(is_unprintable) {
        *text = escaped(text);
    }
}

/// As [`make_printable`], of each line.
pub fn make_lines_printable(text: &mut String) {
    let mut lines: Vec<_> = text.split('\n').map(str::to_owned).collect();
    lines.iter_mut().for_each(make_printable);
    *text = lines.join("\n");
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unprintable(character) {
            escaped.extend(character.escape_debug());
        } else {
            escaped.push(character);
        }
    }
    let mut escaped = escaped.replace(OLD_COMMAND, r"#\u{23}[");
    let start = escaped.len() - escaped.trim_start().len();
    if escaped.trim_start().starts_with(COMMAND) {
        escaped.replace_range(start..=start, r"\u{3a}");
    }
    escaped
}

/// Control characters, and those that end a line or turn the direction of what follows.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain(
        "Function default/demo: \"a\\b\" 'é' e\u{301}",
        "Function default/demo: \"a\\b\" 'é' e\u{301}"
    )]
    #[case::colour("f\u{1b}[31m\nFORGED", r"f\u{1b}[31m\nFORGED")]
    #[case::line_breaks("a\r\nb\tc\u{85}d\u{2028}e", r"a\r\nb\tc\u{85}d\u{2028}e")]
    #[case::eight_bit("a\u{9b}31m\u{7f}", r"a\u{9b}31m\u{7f}")]
    #[case::direction("a\u{202e}b\u{2066}", r"a\u{202e}b\u{2066}")]
    #[case::command("::error file=x::forged", r"\u{3a}:error file=x::forged")]
    #[case::command_behind_spaces("  ::error::forged", r"  \u{3a}:error::forged")]
    #[case::command_behind_a_line("a\n::error::forged", r"a\n::error::forged")]
    #[case::old_command("a ##[error]forged", r"a #\u{23}[error]forged")]
    #[case::two_of_them("##[##[", r"#\u{23}[#\u{23}[")]
    fn what_must_not_be_printed_is_escaped(#[case] text: &str, #[case] expected: &str) {
        let mut printed = text.to_owned();
        make_printable(&mut printed);
        assert_eq!(printed, expected);
    }

    #[test]
    fn lines_stay_lines() {
        let mut text = " a: b\n+::c\n::d\u{1b}\n".to_owned();
        make_lines_printable(&mut text);
        assert_eq!(text, " a: b\n+::c\n\\u{3a}:d\\u{1b}\n");
    }
}
