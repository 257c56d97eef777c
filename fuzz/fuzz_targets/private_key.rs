//! Any private key and passphrase of a Secret: read or refused in little time and memory, and without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, Option<&str>)| {
    let (text, passphrase) = input;
    remote::fuzzing::private_key(text, passphrase);
});
