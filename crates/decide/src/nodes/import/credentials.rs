//! Logins in the formats of others.

use policy::base64;
use policy::container_registries::{Credentials, HiddenText};

use super::Imported;
use super::fields::Fields;

/// A login with a user and a password, `auth` or a token, of which the first is used, as containerd does it.
pub(super) fn read(imported: &mut Imported, fields: &Fields, token: &str) -> Option<Credentials> {
    fields.only(imported, &["username", "password", "auth", token]);
    let username = fields.text(imported, "username");
    let password = fields.text(imported, "password");
    let auth = fields.text(imported, "auth");
    let identity_token = fields.text(imported, token);
    if let Some(username) = username {
        for unused in ["auth", token] {
            fields.leave_out(imported, unused, "username is used instead");
        }
        let Some(password) = password else {
            return fields.refuse(imported, "password", "must be there: username needs it");
        };
        return Some(Credentials::Basic {
            username: username.to_owned(),
            password: HiddenText::new(password),
        });
    }
    fields.leave_out(imported, "password", "there is no username");
    if let Some(token) = identity_token {
        fields.leave_out(imported, "auth", "the token is used instead");
        return Some(Credentials::IdentityToken(HiddenText::new(token)));
    }
    let login = basic(auth?);
    login.or_else(|| fields.refuse(imported, "auth", "must be base64 of user:password"))
}

/// The value of a header `Authorization`.
pub(super) fn of_header(value: &str) -> Option<Credentials> {
    let (scheme, value) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Credentials::IdentityToken(HiddenText::new(value.trim())));
    }
    if scheme.eq_ignore_ascii_case("basic") { basic(value.trim()) } else { None }
}

/// `user:password` in base64.
fn basic(text: &str) -> Option<Credentials> {
    let decoded = base64::decode(text)?;
    let (username, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(Credentials::Basic { username: username.to_owned(), password: HiddenText::new(password) })
}
