//! `Authorization: Basic`: a user and a password. No error holds any part of them.

use policy::base64;
use policy::container_registries::HiddenText;

use crate::registry::NAME_MAX;

/// The longest password, in bytes: tokens of service accounts are passwords, too.
pub const PASSWORD_MAX: usize = 8 * 1024;
/// The longest header, in bytes: user and password in Base64.
const HEADER_MAX: usize = 12 * 1024;

/// Who says to be whom.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Login {
    /// The user, never empty.
    pub user: String,
    /// The password.
    pub password: HiddenText,
}

/// Why a header is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BasicError {
    /// Another scheme.
    #[error("the Authorization header must be Basic")]
    Scheme,
    /// It is too long.
    #[error("user and password must have at most 255 and 8192 bytes")]
    Length,
    /// It is not `user:password` in Base64.
    #[error("the Authorization header must hold user and password in Base64")]
    Form,
}

impl Login {
    /// Checks a user and a password.
    ///
    /// # Errors
    /// The limit that they exceed, or that there is no user.
    pub fn new(user: &str, password: &str) -> Result<Self, BasicError> {
        if user.len() > NAME_MAX || password.len() > PASSWORD_MAX {
            return Err(BasicError::Length);
        }
        // The empty name is for those who do not log in: nobody gets their rights by a wrong password.
        if user.is_empty() || user.contains(|character: char| character == ':' || character.is_control()) {
            return Err(BasicError::Form);
        }
        Ok(Self { user: user.to_owned(), password: HiddenText::new(password) })
    }

    /// Reads the value of the header.
    ///
    /// # Errors
    /// What it must be.
    pub fn parse(header: &[u8]) -> Result<Self, BasicError> {
        if header.len() > HEADER_MAX {
            return Err(BasicError::Length);
        }
        let text = std::str::from_utf8(header).map_err(|_| BasicError::Form)?;
        let (scheme, encoded) = text.split_once(' ').ok_or(BasicError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(BasicError::Scheme);
        }
        let decoded = base64::decode(encoded.trim_matches(' ')).ok_or(BasicError::Form)?;
        let pair = std::str::from_utf8(&decoded).map_err(|_| BasicError::Form)?;
        let (user, password) = pair.split_once(':').ok_or(BasicError::Form)?;
        Self::new(user, password)
    }
}

#[cfg(test)]
mod tests {
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn header(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[rstest]
    #[case::plain("me:secret", "me", "secret")]
    #[case::colons("me:a:b:c", "me", "a:b:c")]
    #[case::no_password("me:", "me", "")]
    #[case::unicode("mé:pässword", "mé", "pässword")]
    fn reads_user_and_password(#[case] pair: &str, #[case] user: &str, #[case] password: &str) {
        let expected = Login { user: user.to_owned(), password: HiddenText::new(password) };
        assert_eq!(Login::parse(header(pair).as_bytes()), Ok(expected.clone()));
        assert_eq!(Login::parse(header(pair).replace("Basic ", "bASIC  ").as_bytes()), Ok(expected));
    }

    #[rstest]
    #[case::empty("", BasicError::Scheme)]
    #[case::scheme_alone("Basic", BasicError::Scheme)]
    #[case::bearer("Bearer bWU6c2VjcmV0", BasicError::Scheme)]
    #[case::no_base64("Basic me:secret", BasicError::Form)]
    #[case::no_colon("Basic bWU=", BasicError::Form)]
    #[case::no_utf8("Basic //86eA==", BasicError::Form)]
    fn refuses_other_headers(#[case] header: &str, #[case] error: BasicError) {
        assert_eq!(Login::parse(header.as_bytes()), Err(error));
    }

    #[rstest]
    #[case::nobody(":secret")]
    #[case::nobody_at_all(":")]
    #[case::newline("me\n:secret")]
    #[case::nul("me\0:secret")]
    fn refuses_users_that_no_account_is(#[case] pair: &str) {
        assert_eq!(Login::parse(header(pair).as_bytes()), Err(BasicError::Form));
    }

    #[test]
    fn lengths_are_bounded() {
        let login = |user, password| {
            Login::parse(header(&format!("{}:{}", "u".repeat(user), "p".repeat(password))).as_bytes())
        };
        assert!(login(255, PASSWORD_MAX).is_ok());
        assert_eq!(login(256, 1), Err(BasicError::Length));
        assert_eq!(login(1, PASSWORD_MAX + 1), Err(BasicError::Length));
        assert_eq!(Login::parse(&[b'x'; HEADER_MAX + 1]), Err(BasicError::Length));
    }

    #[test]
    fn a_password_is_not_shown() {
        let shown = format!("{:?}", Login::parse(header("me:secret").as_bytes()).unwrap());
        assert_eq!(shown, "Login { user: \"me\", password: (hidden) }");
    }

    proptest! {
        #[test]
        fn any_user_and_password_is_read_as_it_is(user in "[^:\\pC]{1,20}", password in "\\PC{0,40}") {
            let login = Login::parse(header(&format!("{user}:{password}")).as_bytes()).unwrap();
            prop_assert_eq!((login.user, login.password), (user, HiddenText::new(password)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let with_scheme = [b"Basic ".as_slice(), &bytes].concat();
            if let Ok(login) = Login::parse(&with_scheme) {
                prop_assert!(!login.user.is_empty());
            }
        }
    }
}
