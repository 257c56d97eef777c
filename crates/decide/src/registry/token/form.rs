//! `application/x-www-form-urlencoded`, strictly: two texts that differ are never read as the same.

use zeroize::Zeroizing;

/// The longest query or body, in bytes: a password with every byte escaped, and 32 scopes.
const LENGTH_MAX: usize = 48 * 1024;
/// The most parameters.
const COUNT_MAX: usize = 64;

/// Why a form is refused. No text holds any part of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FormError {
    /// It is too long.
    #[error("a request may have at most 48 KiB and 64 parameters")]
    Length,
    /// An escape is incomplete, or the text is not UTF-8.
    #[error("each parameter must be UTF-8, escaped as in URLs")]
    Escape,
    /// A parameter is there twice.
    #[error("service, account, grant_type, username, password and refresh_token may each be given once")]
    Twice,
}

/// The parameters, in their order.
pub(super) struct Form(Vec<(Zeroizing<String>, Zeroizing<String>)>);

impl Form {
    pub(super) fn parse(text: &[u8]) -> Result<Self, FormError> {
        if text.len() > LENGTH_MAX {
            return Err(FormError::Length);
        }
        let parts: Vec<_> = text.split(|&byte| byte == b'&').filter(|part| !part.is_empty()).collect();
        if parts.len() > COUNT_MAX {
            return Err(FormError::Length);
        }
        let pairs = parts.into_iter().map(|part| {
            let mut halves = part.splitn(2, |&byte| byte == b'=');
            let mut half = || decoded(halves.next().unwrap_or_default());
            Ok((half()?, half()?))
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    /// All values of a parameter.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key.as_str() == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that is there at most once.
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, FormError> {
        let mut values = self.all(name);
        let value = values.next();
        if values.next().is_some() { Err(FormError::Twice) } else { Ok(value) }
    }
}

fn decoded(text: &[u8]) -> Result<Zeroizing<String>, FormError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let value = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                value.ok_or(FormError::Escape)?
            }
            byte => byte,
        });
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| FormError::Escape)?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("a=b", "b")]
    #[case::space("a=b+c%20d", "b c d")]
    #[case::unicode("a=%C3%A9", "é")]
    #[case::raw("a=é", "é")]
    #[case::equals("a=b=c", "b=c")]
    #[case::escaped_name("%61=b", "b")]
    #[case::nothing("a=", "")]
    #[case::no_equals("a", "")]
    #[case::lower_case("a=%c3%a9&&", "é")]
    fn reads_a_parameter(#[case] text: &str, #[case] value: &str) {
        assert_eq!(Form::parse(text.as_bytes()).unwrap().one("a"), Ok(Some(value)));
    }

    #[rstest]
    #[case::cut("a=%4")]
    #[case::no_digit("a=%g0")]
    #[case::sign("a=%+1")]
    #[case::no_utf8("a=%ff")]
    fn refuses_wrong_escapes(#[case] text: &str) {
        assert_eq!(Form::parse(text.as_bytes()).err(), Some(FormError::Escape));
    }

    #[test]
    fn a_parameter_is_there_once_or_often() {
        let form = Form::parse(b"a=1&b=2&a=3").unwrap();
        assert_eq!(form.one("a"), Err(FormError::Twice));
        assert_eq!(form.one("b"), Ok(Some("2")));
        assert_eq!(form.one("c"), Ok(None));
        assert_eq!(form.all("a").collect::<Vec<_>>(), ["1", "3"]);
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(Form::parse(&vec![b'a'; LENGTH_MAX]).is_ok());
        assert_eq!(Form::parse(&vec![b'a'; LENGTH_MAX + 1]).err(), Some(FormError::Length));
        assert!(Form::parse("a=1&".repeat(COUNT_MAX).as_bytes()).is_ok());
        assert_eq!(Form::parse("a=1&".repeat(COUNT_MAX + 1).as_bytes()).err(), Some(FormError::Length));
    }
}
