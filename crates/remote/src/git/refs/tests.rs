#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use rstest::rstest;

use super::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn asked(references: &[&str]) -> Conversation {
    Conversation::new(&references.iter().map(|&reference| reference.to_owned()).collect(), 10_000)
}

/// Lines as packets; an empty one is a flush.
fn lines(lines: &[&str]) -> Vec<u8> {
    let packets =
        lines.iter().map(|line| if line.is_empty() { b"0000".to_vec() } else { packet(line.as_bytes()) });
    packets.flatten().collect()
}

fn commit(commit: &str) -> Resolution {
    Resolution::Commit(commit.to_owned())
}

fn found(conversation: Conversation) -> Vec<(String, Resolution)> {
    conversation.end().unwrap().into_iter().collect()
}

#[test]
fn version_2_is_asked_for_what_is_wanted_alone() {
    let mut conversation = asked(&["main", "v1"]);
    let service = lines(&["# service=git-upload-pack\n", ""]);
    assert_eq!(conversation.read(&service).unwrap(), Turn::Read);
    let capabilities =
        lines(&["version 2\n", "agent=git/2\n", "ls-refs=unborn\n", "object-format=sha1\n", ""]);
    let request = [
        packet(b"command=ls-refs\n"),
        packet(b"agent=serverless-controller\n"),
        b"0001".to_vec(),
        packet(b"peel\n"),
        packet(b"ref-prefix refs/heads/main\n"),
        packet(b"ref-prefix refs/tags/main\n"),
        packet(b"ref-prefix refs/heads/v1\n"),
        packet(b"ref-prefix refs/tags/v1\n"),
        b"0000".to_vec(),
    ];
    assert_eq!(conversation.read(&capabilities).unwrap(), Turn::Say(request.concat()));
    let answer = lines(&[
        &format!("{A} refs/heads/main\n"),
        &format!("{B} refs/heads/main-2\n"),
        &format!("{A} refs/tags/v1 peeled:{B}\n"),
        "",
    ]);
    // The worst case: one byte at a time.
    let (last, first) = answer.split_last().unwrap();
    for byte in first {
        assert_eq!(conversation.read(&[*byte]).unwrap(), Turn::Read);
    }
    assert_eq!(conversation.read(&[*last]).unwrap(), Turn::Done);
    assert_eq!(found(conversation), [("main".to_owned(), commit(A)), ("v1".to_owned(), commit(B))]);
}

#[test]
fn versions_before_say_all_and_peel_tags_in_lines_of_their_own() {
    let mut conversation = asked(&["main", "v1", "light", "x"]);
    let answer = lines(&[
        &format!("{B} HEAD\0multi_ack symref=HEAD:refs/heads/main\n"),
        &format!("{A} refs/heads/feature/x\n"),
        &format!("{A} refs/heads/main\n"),
        &format!("{B} refs/tags/light\n"),
        &format!("{A} refs/tags/v1\n"),
        &format!("{B} refs/tags/v1^{{}}\n"),
        "",
    ]);
    assert_eq!(conversation.read(&answer).unwrap(), Turn::Done);
    let expected = [("light", commit(B)), ("main", commit(A)), ("v1", commit(B)), ("x", Resolution::Missing)];
    assert_eq!(found(conversation), expected.map(|(name, resolution)| (name.to_owned(), resolution)));
}

#[test]
fn a_branch_goes_before_a_tag_and_case_matters() {
    let mut conversation = asked(&["v1", "MAIN"]);
    let answer = lines(&[
        &format!("{A} refs/heads/main\0caps\n"),
        &format!("{A} refs/heads/v1\n"),
        &format!("{B} refs/tags/v1\n"),
        "",
    ]);
    conversation.read(&answer).unwrap();
    assert_eq!(found(conversation), [("MAIN".to_owned(), Resolution::Missing), ("v1".to_owned(), commit(A))]);
}

#[test]
fn a_repository_without_commits_has_no_references() {
    let mut conversation = asked(&["main"]);
    let zero = "0".repeat(40);
    let answer = lines(&[&format!("{zero} capabilities^{{}}\0caps\n"), ""]);
    assert_eq!(conversation.read(&answer).unwrap(), Turn::Done);
    assert_eq!(found(conversation), [("main".to_owned(), Resolution::Missing)]);
}

#[rstest]
#[case::of_the_server(
    b"0020ERR access denied or missing",
    "the server has no such repository, or these credentials may not read it: access denied or missing"
)]
#[case::no_packet(b"<html><body>", "the answer is not from a Git server: ")]
#[case::no_reference(b"000bhello w", "the answer is not from a Git server: a line that is no reference")]
fn an_error_is_told(#[case] answer: &[u8], #[case] expected: &str) {
    let error = asked(&["main"]).read(answer).unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn too_much_is_not_taken_in() {
    let mut conversation = asked(&["main"]);
    let line = packet(format!("{A} refs/heads/{}\n", "x".repeat(900)).as_bytes());
    for _ in 0..10 {
        assert_eq!(conversation.read(&line), Ok(Turn::Read));
    }
    assert_eq!(conversation.read(&line), Err(GitError::TooLarge(10_000)));
}

#[test]
fn an_answer_that_ends_too_early_is_none() {
    let mut conversation = asked(&["main"]);
    conversation.read(&packet(format!("{A} refs/heads/main\0x\n").as_bytes())).unwrap();
    assert_eq!(conversation.end(), Err(GitError::Protocol("it ends too early".to_owned())));
}

#[rstest]
#[case("main", false)]
#[case("feature/x", false)]
#[case("v1.0", false)]
#[case("größe", false)]
#[case("", true)]
#[case("-x", true)]
#[case("a b", true)]
#[case("a\nb", true)]
#[case("a..b", true)]
#[case("HEAD~1", true)]
#[case("a^{}", true)]
#[case("refs:x", true)]
fn references_that_are_none_are_known(#[case] reference: &str, #[case] is_bad: bool) {
    assert_eq!(problem(reference).is_some(), is_bad);
}

#[test]
fn a_short_commit_is_told_from_a_name() {
    assert_eq!(
        missing("abc1234"),
        "reference \"abc1234\" not found: neither a branch nor a tag has this name; a commit is given by all of its 40 characters"
    );
    assert_eq!(missing("main"), "reference \"main\" not found: neither a branch nor a tag has this name");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        head in "(000eversion 2\n0000|000eversion 1\n|)",
    ) {
        let mut conversation = asked(&["main"]);
        let _ = conversation.read(head.as_bytes());
        let _ = conversation.read(&bytes);
        let _ = conversation.end();
    }
}
