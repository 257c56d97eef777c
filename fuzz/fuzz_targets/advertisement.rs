//! Any answer of a Git server, in any pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<String>, Vec<Vec<u8>>)| {
    let (references, pieces) = input;
    remote::fuzzing::advertisement(&references.into_iter().take(8).collect(), &pieces);
});
