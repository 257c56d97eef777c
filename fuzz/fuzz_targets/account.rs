//! Any texts of a registry Secret: what is asked is `https://HOST[:PORT]/v2/`, or nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8], &[u8])| {
    let (address, username, password) = input;
    remote::fuzzing::account(address, username, password);
});
