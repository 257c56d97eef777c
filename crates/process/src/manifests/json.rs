//! Where a JSON value ends in a text that arrives line by line, without a second look at any byte.

/// The deepest nesting of a JSON value that is read.
const DEPTH_MAX: usize = 128;

/// Whether a line can be the first one of JSON. YAML can begin with a bracket, too.
pub(super) fn begins_json(line: &str) -> bool {
    let line = line.trim();
    let inside = line.get(1..).unwrap_or_default().trim_start().chars().next();
    match line.as_bytes().first() {
        Some(b'{') => matches!(inside, None | Some('"' | '}')),
        Some(b'[') => matches!(inside, None | Some('{' | '[' | ']')),
        _ => false,
    }
}

/// What is known of a value after a part of it.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Scanned {
    /// The value goes on.
    More,
    /// The value ends before this byte of the part.
    End(usize),
    /// The value breaks off before this byte of the part.
    Broken(usize),
}

/// How far a value is read. A part that it is given must end where a line ends.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// The brackets that are open.
    open: Vec<u8>,
    /// The last byte that is no white space and no text.
    last: u8,
    /// Whether the next byte begins a line.
    begins_line: bool,
}

impl Scanner {
    /// Goes on with the next part of the value.
    pub(super) fn scan(&mut self, part: &[u8]) -> Scanned {
        let mut at = 0;
        while let Some(&byte) = part.get(at) {
            let begins_line = std::mem::replace(&mut self.begins_line, byte == b'\n');
            at += 1;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => continue,
                // An object begins a line only where a value is expected: otherwise the line before was cut off.
                b'{' if begins_line && !self.expects_value() => return Scanned::Broken(at - 1),
                b'{' | b'[' if self.open.len() < DEPTH_MAX => self.open.push(byte),
                b'{' | b'[' => return Scanned::Broken(at),
                b'}' | b']' => {
                    let opened = self.open.pop();
                    if opened != Some(if byte == b'}' { b'{' } else { b'[' }) {
                        return Scanned::Broken(at);
                    }
                }
                // What is neither an object nor a list ends with its line.
                _ if self.open.is_empty() => return Scanned::End(end_of_line(part, at)),
                b'"' => match end_of_text(part, at) {
                    Some(end) => at = end,
                    None => return Scanned::Broken(end_of_line(part, at)),
                },
                _ => {}
            }
            self.last = byte;
            if self.open.is_empty() {
                return Scanned::End(at);
            }
        }
        Scanned::More
    }

    fn expects_value(&self) -> bool {
        match self.open.last() {
            Some(b'[') => matches!(self.last, b'[' | b','),
            _ => self.last == b':',
        }
    }
}

fn end_of_line(part: &[u8], at: usize) -> usize {
    let rest = part.get(at..).unwrap_or_default();
    rest.iter().position(|byte| *byte == b'\n').map_or(part.len(), |length| at + length + 1)
}

/// The place behind the closing quote of a text, which must be on the same line.
fn end_of_text(part: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let rest = part.get(at..)?;
        at += rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n'))?;
        match part.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn scanned(lines: &[&str]) -> (usize, Scanned) {
        let mut scanner = Scanner::default();
        for (index, line) in lines.iter().enumerate() {
            match scanner.scan(line.as_bytes()) {
                Scanned::More => {}
                found => return (index, found),
            }
        }
        (lines.len(), Scanned::More)
    }

    #[rstest]
    #[case::object(&["{\"a\": [1, {\"b\": \"}\\\"]\"}]} {\"c\": 1}\n"], (0, Scanned::End(25)))]
    #[case::on_several_lines(&["{\n", "\"a\":\n", "{\n", "}}\n"], (3, Scanned::End(2)))]
    #[case::a_list_of_objects(&["[\n", "{},\n", "{}\n", "]\n"], (3, Scanned::End(1)))]
    #[case::text(&["\"a b\" 1\n"], (0, Scanned::End(8)))]
    #[case::word(&["null\n"], (0, Scanned::End(5)))]
    #[case::cut_off_in_an_object(&["{\"a\": {\"b\": 1\n", "{\"c\": 1}\n"], (1, Scanned::Broken(0)))]
    #[case::cut_off_behind_a_comma(&["{\"a\": 1,\n", "{\"c\": 1}\n"], (1, Scanned::Broken(0)))]
    #[case::cut_off_in_a_text(&["{\"a\": \"b\n", "{\"c\": 1}\n"], (0, Scanned::Broken(9)))]
    #[case::wrong_bracket(&["{\"a\": ]\n"], (0, Scanned::Broken(7)))]
    #[case::open(&["{\"a\": [\n"], (1, Scanned::More))]
    fn the_end_of_a_value_is_found(#[case] lines: &[&str], #[case] expected: (usize, Scanned)) {
        assert_eq!(scanned(lines), expected);
    }

    #[test]
    fn a_value_that_is_nested_too_deeply_is_broken() {
        assert_eq!(scanned(&["[".repeat(129).as_str()]), (0, Scanned::Broken(129)));
        assert_eq!(scanned(&["[".repeat(128).as_str()]), (1, Scanned::More));
    }
}
