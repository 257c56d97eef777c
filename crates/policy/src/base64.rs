//! Base64 as the API server reads it in `data` of a Secret: line breaks inside mean nothing.

use base64::alphabet::STANDARD;
use base64::engine::{Engine as _, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// As Go's `StdEncoding`, which does not look at the bits behind the last byte.
const ENGINE: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// The bytes that a text stands for; `None` if it is not base64. What was decoded is wiped when it is dropped.
#[must_use]
pub fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // As large as the result, since what a vector leaves behind as it grows is not wiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
    if !text.contains(['\r', '\n']) {
        return ENGINE.decode_vec(text, &mut bytes).is_ok().then_some(bytes);
    }
    let mut joined = Zeroizing::new(Vec::with_capacity(text.len()));
    joined.extend(text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')));
    ENGINE.decode_vec(&*joined, &mut bytes).is_ok().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::decode;

    #[rstest]
    #[case::empty("", Some(""))]
    #[case::plain("cGFzcw==", Some("pass"))]
    #[case::newline_at_the_end("cGFzcw==\n", Some("pass"))]
    #[case::wrapped("cGF\r\nzcw\n=\n=", Some("pass"))]
    #[case::line_breaks_alone("\n\r", Some(""))]
    #[case::bits_behind("cGFzcx==", Some("pass"))]
    #[case::space("cGFz cw==", None)]
    #[case::tab("cGFzcw==\t", None)]
    #[case::no_padding("cGFzcw", None)]
    #[case::two_texts("cGFzcw==cGFzcw==", None)]
    #[case::url_alphabet("-_-_", None)]
    #[case::not_base64("#", None)]
    fn reads_what_the_api_server_reads(#[case] text: &str, #[case] decoded: Option<&str>) {
        assert_eq!(decode(text).as_deref().map(Vec::as_slice), decoded.map(str::as_bytes));
    }
}
