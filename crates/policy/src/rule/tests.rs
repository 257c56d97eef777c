//! What holds of the text of every rule.

use std::collections::BTreeSet;

use super::Rule;

#[test]
fn identifiers_are_words_with_dashes_and_each_is_there_once() {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let ids: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert_eq!(ids.len(), Rule::ALL.len());
    let bad: Vec<_> = ids.into_iter().filter(|id| !id.split('-').all(is_word)).collect();
    assert_eq!(bad, [""; 0]);
    assert_eq!(Rule::EnvNameReserved.to_string(), "env-name-reserved");
}

#[test]
fn a_summary_is_a_line_and_a_help_is_a_sentence() {
    for rule in Rule::ALL {
        let text = rule.text();
        assert!(!text.summary.contains('\n') && !text.summary.ends_with('.'), "{rule}: {}", text.summary);
        assert!(text.summary.len() <= 90, "{rule}: {}", text.summary);
        assert!(!text.help.contains('\n') && text.help.ends_with('.'), "{rule}: {}", text.help);
    }
}

/// The page of rules has a section for each topic, so the rules of a topic stand together.
#[test]
fn the_rules_of_a_topic_stand_together() {
    let mut topics: Vec<_> = Rule::ALL.iter().map(|rule| rule.text().topic).collect();
    topics.dedup();
    let titles: Vec<_> = topics.iter().map(|topic| topic.title()).collect();
    assert_eq!(
        titles,
        [
            "All objects",
            "Functions",
            "GitRepositories",
            "Registry Secrets",
            "Registries of nodes",
            "ImageRegistries",
            "ImageRegistryAccounts",
            "ImagePushSecrets and ImagePullSecrets",
            "ImageBuildEnvs",
            "RegistryCaches",
            "Upstream credentials",
            "Documents of Gardener",
            "Input of the command line"
        ]
    );
}
