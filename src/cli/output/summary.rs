//! The last line of a report for people: what became of the objects, in numbers.

use crate::cli::report::{Tally, Words};

/// `6 objects: 5 accepted (4 with defaults), 1 refused, 2 of other kinds skipped`.
pub(super) fn line(tally: &Tally, words: &Words) -> String {
    let [one, several] = words.items;
    let [one_skipped, several_skipped] = words.skipped;
    let judged = match tally.items() {
        0 => format!("no {several}"),
        1 => format!("1 {one}: {}", of_one(tally)),
        items => format!("{items} {several}: {}", of_several(tally)),
    };
    let skipped = if tally.skipped == 1 { one_skipped } else { several_skipped };
    let others = [(tally.unreadable, "unreadable"), (tally.skipped, skipped)];
    let others = others.into_iter().filter(|(number, _)| *number > 0);
    let parts = std::iter::once(judged).chain(others.map(|(number, what)| format!("{number} {what}")));
    let expectation = match tally.unexpected {
        _ if !words.expected => String::new(),
        0 => "; all as expected".to_owned(),
        number => format!("; {number} not as expected"),
    };
    parts.collect::<Vec<_>>().join(", ") + &expectation
}

fn of_one(tally: &Tally) -> &'static str {
    match (tally.allowed, tally.patched, tally.refused) {
        (1, ..) => "accepted",
        (_, 1, _) => "accepted, with defaults",
        (.., 1) => "refused",
        _ => "failed",
    }
}

fn of_several(tally: &Tally) -> String {
    let accepted = tally.allowed + tally.patched;
    let with_defaults = match tally.patched {
        0 => String::new(),
        number => format!(" ({number} with defaults)"),
    };
    let parts = [
        (accepted, format!("accepted{with_defaults}")),
        (tally.refused, "refused".to_owned()),
        (tally.error, "failed".to_owned()),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    parts.map(|(number, what)| format!("{number} {what}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const WORDS: Words = Words {
        items: ["object", "objects"],
        expected: false,
        places: true,
        skipped: ["of another kind skipped", "of other kinds skipped"],
    };

    #[rstest]
    #[case::nothing(Tally::default(), "no objects")]
    #[case::one(Tally { allowed: 1, ..Tally::default() }, "1 object: accepted")]
    #[case::one_with_defaults(Tally { patched: 1, ..Tally::default() }, "1 object: accepted, with defaults")]
    #[case::one_refused(Tally { refused: 1, skipped: 1, ..Tally::default() }, "1 object: refused, 1 of another kind skipped")]
    #[case::one_failed(Tally { error: 1, ..Tally::default() }, "1 object: failed")]
    #[case::all_refused(Tally { refused: 4, skipped: 2, ..Tally::default() }, "4 objects: 4 refused, 2 of other kinds skipped")]
    #[case::all(
        Tally { allowed: 1, patched: 4, refused: 2, error: 3, unreadable: 5, ..Tally::default() },
        "10 objects: 5 accepted (4 with defaults), 2 refused, 3 failed, 5 unreadable"
    )]
    fn numbers_have_their_words(#[case] tally: Tally, #[case] text: &str) {
        assert_eq!(line(&tally, &WORDS), text);
    }

    #[test]
    fn what_differs_from_the_expectation_comes_last() {
        let words = Words { expected: true, ..WORDS };
        let tally = Tally { refused: 2, skipped: 1, unexpected: 1, ..Tally::default() };
        assert_eq!(
            line(&tally, &words),
            "2 objects: 2 refused, 1 of another kind skipped; 1 not as expected"
        );
        assert_eq!(
            line(&Tally { unexpected: 0, ..tally }, &words),
            "2 objects: 2 refused, 1 of another kind skipped; all as expected"
        );
    }
}
