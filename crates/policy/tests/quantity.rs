//! Quantities against those of apimachinery: the same texts are quantities, with the same canonical form and order.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test")]

use policy::Quantity;
use proptest::prelude::*;

const VECTORS: &str = include_str!("vectors/quantities.tsv");

/// Texts that apimachinery reads and we refuse, since the pattern of the CRD refuses them too.
const WITHOUT_DIGITS: [&str; 4] = ["m", "M", "e1", "E1"];

#[test]
fn are_those_of_apimachinery() {
    let mut before: Option<Quantity> = None;
    let mut read = 0;
    for line in VECTORS.lines().skip(1) {
        let fields: Vec<_> = line.split('\t').collect();
        let [text, outcome, canonical, order] = fields[..] else { panic!("not a row: {line}") };
        let parsed = Quantity::parse(text);
        if outcome == "error" || WITHOUT_DIGITS.contains(&text) {
            assert!(parsed.is_err(), "{text:?} is read as {}", parsed.unwrap());
            continue;
        }
        let quantity = parsed.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(quantity.to_string(), canonical, "{text:?}");
        if let Some(before) = before {
            assert_eq!(
                quantity.cmp(&before) as i8,
                order.parse::<i8>().unwrap(),
                "{text:?} against {before}"
            );
        }
        before = Some(quantity);
        read += 1;
    }
    assert!(read > 500, "only {read} rows");
}

#[test]
fn refuses_what_is_no_quantity_or_too_large() {
    for text in ["", "+", "-", ".", "Ki", "-.Ki", "1e", "1 ", "1e1.5", "1i", "1KI"] {
        assert_eq!(
            Quantity::parse(text).unwrap_err().to_string(),
            "must be a quantity such as 100m, 0.5, 64Mi or 1e3",
            "{text:?}"
        );
    }
    for text in ["1e30", "1e2147483647", "1e99999999999999999999", "1000000000000000000000E", &"9".repeat(40)]
    {
        assert_eq!(
            Quantity::parse(text).unwrap_err().to_string(),
            "must be a quantity within ±1e29",
            "{text:?}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
        let _ = Quantity::parse(&text);
    }

    #[test]
    fn the_canonical_form_is_the_same_quantity_and_its_own_canonical_form(
        text in "[+-]?[0-9]{1,12}(\\.[0-9]{0,12})?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9])?"
    ) {
        if let Ok(quantity) = Quantity::parse(&text) {
            let canonical = quantity.to_string();
            let again = Quantity::parse(&canonical).unwrap();
            prop_assert_eq!((again, again.to_string()), (quantity, canonical));
        }
    }
}
