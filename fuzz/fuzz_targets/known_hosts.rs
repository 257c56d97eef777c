//! Any known_hosts file, of a Secret or an annotation, and any host: judged in little time, and without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, u16)| {
    let (file, host, port) = input;
    remote::fuzzing::known_hosts(file, host, port);
});
