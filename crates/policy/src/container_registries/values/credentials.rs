//! Credentials of an endpoint, in one of three forms.

use super::reader::{Reader, member};
use crate::base64;
use crate::container_registries::model::{Credentials, HiddenText};
use crate::container_registries::tree::Tree;
use crate::rule::Rule;
use crate::violation::Violation;

const USERNAME: &str = "username";
const PASSWORD: &str = "password";
const AUTH: &str = "auth";
const IDENTITY_TOKEN: &str = "identitytoken";
const KEYS: [&str; 4] = [USERNAME, PASSWORD, AUTH, IDENTITY_TOKEN];

/// Reads credentials; none if anything is wrong with them.
pub(super) fn read(reader: &mut Reader, value: &Tree, path: &str) -> Option<Credentials> {
    let members = reader.members(value, path)?;
    reader.only(members, path, &KEYS, |is_near| is_near);
    let before = reader.violations.len();
    let [username, password, auth, token] = KEYS.map(|key| reader.text(value, path, key));
    if reader.violations.len() > before {
        return None;
    }
    let of_user = username.is_some() || password.is_some();
    let forms = [of_user, auth.is_some(), token.is_some()].into_iter().filter(|form| *form).count();
    if forms > 1 {
        let why = "write one form: username with password, auth, or identitytoken";
        reader.violations.push(Violation::forbidden(Rule::CredentialsForms, path, why));
        return None;
    }
    match (username, password, auth, token) {
        (Some(username), Some(password), None, None) => basic(reader, path, username, password),
        (Some(_), None, ..) => missing(reader, path, PASSWORD, "the password of username"),
        (None, Some(_), ..) => missing(reader, path, USERNAME, "the user of password"),
        (.., Some(auth), _) => of_auth(reader, path, auth),
        (.., Some(token)) => identity_token(reader, path, token),
        // All are empty: that is how charts write that there are none.
        _ => None,
    }
}

fn missing(reader: &mut Reader, path: &str, key: &str, what_for: &str) -> Option<Credentials> {
    let violation = Violation::required(Rule::CredentialsIncomplete, member(path, key), what_for);
    reader.violations.push(violation);
    None
}

fn basic(reader: &mut Reader, path: &str, username: &str, password: &str) -> Option<Credentials> {
    let before = reader.violations.len();
    if username.contains(':') {
        let must = "must not hold ':', which ends the user name";
        reader.refuse(Rule::CredentialsUsername, member(path, USERNAME), must);
    }
    for (key, text) in [(USERNAME, username), (PASSWORD, password)] {
        if text.contains(char::is_control) {
            let must = "must not hold control characters, such as a newline at its end";
            reader.refuse(Rule::CredentialsControl, member(path, key), must);
        }
    }
    (reader.violations.len() == before)
        .then(|| Credentials::Basic { username: username.to_owned(), password: HiddenText::new(password) })
}

fn of_auth(reader: &mut Reader, path: &str, auth: &str) -> Option<Credentials> {
    let decoded = base64::decode(auth);
    let text = decoded.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let parts = text.and_then(|text| text.split_once(':'));
    let is_plain = |text: &str| !text.is_empty() && !text.contains(char::is_control);
    let Some((username, password)) = parts.filter(|(user, password)| is_plain(user) && is_plain(password))
    else {
        let must = "must be base64 of user:password, without a newline in it";
        reader.refuse(Rule::CredentialsAuth, member(path, AUTH), must);
        return None;
    };
    Some(Credentials::Basic { username: username.to_owned(), password: HiddenText::new(password) })
}

fn identity_token(reader: &mut Reader, path: &str, token: &str) -> Option<Credentials> {
    if token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(Credentials::IdentityToken(HiddenText::new(token)));
    }
    let must = "must be a token: visible ASCII characters without spaces";
    reader.refuse(Rule::CredentialsToken, member(path, IDENTITY_TOKEN), must);
    None
}
