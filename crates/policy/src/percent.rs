//! Percent-encoding in addresses, decoded once, as Git clients do. What is no code stays as it is.

use std::borrow::Cow;

/// The text that a part of an address stands for. Bytes that are not UTF-8 become U+FFFD.
pub(crate) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let (byte, behind) = code(rest).unwrap_or((first, behind));
        bytes.push(byte);
        rest = behind;
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// The byte that `%xy` at the beginning stands for, and what follows.
fn code(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, rest @ ..] = text else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(*high)? * 16 + digit(*low)?, rest))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::decoded;

    #[rstest]
    #[case("", "")]
    #[case("a/b", "a/b")]
    #[case("%2doProxy", "-oProxy")]
    #[case("%2D%3a%40%ff", "-:@\u{fffd}")]
    #[case("%c3%a9", "é")]
    #[case("%252d", "%2d")]
    #[case("%", "%")]
    #[case("%2", "%2")]
    #[case("%zz%+1", "%zz%+1")]
    fn decodes_once(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(decoded(text), expected);
    }
}
