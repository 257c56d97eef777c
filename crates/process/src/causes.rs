//! An error with its causes on one line, for logs.

use std::error::Error;
use std::fmt;

/// Shows an error and what caused it, each once: many errors show their cause themselves.
#[derive(Clone, Copy, Debug)]
pub struct Causes<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        formatter.write_str(&said)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            next = cause.source();
            let text = cause.to_string();
            if !said.contains(&text) {
                write!(formatter, ": {text}")?;
                said = text;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Caused(&'static str, #[source] Option<Box<Caused>>);

    #[test]
    fn each_cause_is_shown_once() {
        let refused = Caused("connection refused", None);
        let connect = Caused("client error (Connect)", Some(Box::new(refused)));
        let service = Caused("ServiceError: client error (Connect)", Some(Box::new(connect)));
        let expected = "ServiceError: client error (Connect): connection refused";
        assert_eq!(Causes(&service).to_string(), expected);
        assert_eq!(Causes(&Caused("alone", None)).to_string(), "alone");
    }
}
