//! Any text is judged as an address; what is accepted holds no password, no space and no option.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::git_url::{GitUrls, parse};

fuzz_target!(|text: &str| {
    let (transport, strict) = parse(text, GitUrls::Strict);
    let (_, lenient) = parse(text, GitUrls::Lenient);
    if strict.is_ok() {
        assert!(lenient.is_ok() && transport.is_some());
        assert!(!text.starts_with('-') && !text.contains(|character: char| character.is_control() || character == ' '));
        assert!(text.trim_end_matches('/').ends_with(".git"));
    }
});
