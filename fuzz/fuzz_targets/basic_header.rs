//! Any Authorization header: a user that is read is somebody, and nothing shows the password.
#![no_main]

use decide::registry::token::basic::{Login, PASSWORD_MAX};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    match Login::parse(input) {
        Ok(login) => {
            assert!(!login.user.is_empty() && !login.user.contains([':', '\0', '\n']));
            assert!(login.password.reveal().len() <= PASSWORD_MAX);
            assert!(format!("{login:?}").ends_with("password: (hidden) }"));
        }
        Err(error) => assert!(error.to_string().len() < 100),
    }
});
