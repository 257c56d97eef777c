//! What users, passwords and addresses are remembered by.

use aws_lc_rs::hmac;

use crate::generations::Digest;

/// The authentication code of a text.
pub(super) fn digest(context: hmac::Context) -> Digest {
    let tag = context.sign();
    // SHA-256 has this length.
    tag.as_ref().try_into().unwrap_or_default()
}
