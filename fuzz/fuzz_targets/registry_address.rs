//! Any text is a registry address or not; what is one reads back as the same, and leads a URL to no other place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::registries::RegistryAddress;

fuzz_target!(|text: &str| {
    let Ok(address) = RegistryAddress::parse(text) else { return };
    let canonical = address.to_string();
    assert_eq!(canonical, text.strip_suffix('/').unwrap_or(text));
    assert_eq!(RegistryAddress::parse(&canonical), Ok(address.clone()));
    assert!(canonical.is_ascii() && !canonical.contains(['\\', '?', '#', '@', '%', ' ', '\n']));
    assert!(!canonical.contains("..") && !canonical.contains("//"));
    assert!(address.port() != Some(0) && address.host() != Some(""));
    assert!(!address.path().starts_with('/') && !address.path().ends_with('/'));
});
