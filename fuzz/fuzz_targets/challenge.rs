//! Any challenge of a registry, and where it sends for a token.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &str| remote::fuzzing::challenge(header));
