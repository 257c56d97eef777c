//! Any text is judged as an address; what is accepted holds no password, no space and no option.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::git_url::{GitUrls, Transport, address, may_hold_credentials, parse};

fuzz_target!(|text: &str| {
    let (transport, strict) = parse(text, GitUrls::Strict);
    let (_, lenient) = parse(text, GitUrls::Lenient);
    if strict.is_ok() {
        assert!(lenient.is_ok() && transport.is_some());
        assert!(!text.starts_with('-') && !text.contains(|character: char| character.is_control() || character == ' '));
        assert!(text.trim_end_matches('/').ends_with(".git"));
    }
    assert_eq!(address(text).is_ok(), lenient.is_ok());
    if let Ok(address) = address(text) {
        let user = address.user.unwrap_or_default();
        let is_option = |part: &str| part.starts_with('-');
        assert!(!is_option(&user) && !is_option(&address.host) && !is_option(address.path.trim_start_matches('/')));
        assert!(!user.contains(':') && (user.is_empty() || address.transport == Transport::Ssh));
        assert!(!address.path.contains(char::is_control));
    }
    if !may_hold_credentials(text) {
        assert!(text.matches('@').count() <= 1 && !text.contains('?'));
    }
});
