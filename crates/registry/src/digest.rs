//! What users, passwords and addresses are remembered by.

use aws_lc_rs::hmac;

use crate::generations::Digest;

/// The authentication code of texts, each with its length: useless without the key.
pub(crate) fn digest<'a>(key: &hmac::Key, texts: impl IntoIterator<Item = &'a str>) -> Digest {
    let mut context = hmac::Context::with_key(key);
    for text in texts {
        context.update(&text.len().to_be_bytes());
        context.update(text.as_bytes());
    }
    let tag = context.sign();
    // SHA-256 has this length.
    tag.as_ref().try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lists_of_texts_have_the_same_code() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let lists = [&["ab", "c"][..], &["a", "bc"], &["abc"], &["abc", ""], &["", "abc"], &[]];
        let codes: std::collections::HashSet<_> =
            lists.iter().map(|list| digest(&key, list.iter().copied())).collect();
        assert_eq!(codes.len(), lists.len());
    }
}
