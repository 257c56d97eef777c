//! Any text is a quantity or not; what is one has a canonical form of the same value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::Quantity;

fuzz_target!(|text: &str| {
    if let Ok(quantity) = Quantity::parse(text) {
        let canonical = quantity.to_string();
        let again = Quantity::parse(&canonical).expect("a canonical form is a quantity");
        assert_eq!(again, quantity);
        assert_eq!(again.to_string(), canonical);
    }
});
