//! Labels and annotations of a Function, with exact texts.

use super::*;

const OTHER_LABEL: &str = "Forbidden: of the labels of serverless.kyma-project.io only those that choose presets may be set: use a prefix of your own for others, such as example.com/";

#[test]
fn labels_that_make_a_runtime_of_its_config_map_are_refused() {
    let labels = json!({"serverless.kyma-project.io/config": "runtime", "serverless.kyma-project.io/runtime": "nodejs12"});
    let decision = judge(&with(&json!({"metadata": {"labels": labels}})), None);
    let expected = ["config", "runtime"]
        .map(|name| format!("metadata.labels[serverless.kyma-project.io/{name}]: {OTHER_LABEL}"));
    assert_eq!(texts(&decision), expected);
}

#[rstest]
#[case::kept(json!({"serverless.kyma-project.io/config": "x"}), true)]
#[case::another_beside_it(json!({"serverless.kyma-project.io/config": "x", "team": "a"}), true)]
#[case::removed(json!({"serverless.kyma-project.io/config": null}), true)]
#[case::changed(json!({"serverless.kyma-project.io/config": "runtime"}), false)]
#[case::added(json!({"serverless.kyma-project.io/uuid": "x"}), false)]
fn an_update_is_judged_by_the_labels_that_it_adds_or_changes(#[case] labels: Value, #[case] allowed: bool) {
    let old = with(&json!({"metadata": {"labels": {"serverless.kyma-project.io/config": "x"}}}));
    for change in [json!({}), json!({"spec": {"source": "y"}})] {
        let mut new = old.clone();
        json_patch::merge(&mut new, &json!({"metadata": {"labels": labels}}));
        json_patch::merge(&mut new, &change);
        assert_eq!(judge(&new, Some(&old)).is_allowed(), allowed);
    }
}

#[rstest]
#[case("resources-preset", "function-resources-preset")]
#[case("function-resource-preset", "function-resources-preset")]
#[case("build-preset", "build-resources-preset")]
#[case("replica-preset", "replicas-preset")]
#[case("Replicas-preset", "replicas-preset")]
fn a_label_that_looks_like_a_preset_is_a_warning_with_the_nearest(
    #[case] label: &str,
    #[case] nearest: &str,
) {
    let labels = json!({(format!("serverless.kyma-project.io/{label}")): "XL"});
    let new = with(&json!({"metadata": {"labels": labels}}));
    let decision = judge(&new, None);
    let text = format!(
        "the label \"serverless.kyma-project.io/{label}\" chooses no preset: did you mean \"serverless.kyma-project.io/{nearest}\"?"
    );
    let warning = Warning::new(Rule::PresetLabelUnknown, text);
    assert_eq!((texts(&decision), decision.warnings), (vec![], vec![warning]));
    assert_eq!(judge(&new, Some(&new)), Decision::allowed());
}

#[test]
fn warnings_about_labels_are_bounded() {
    let labels: serde_json::Map<_, _> =
        (0..1000).map(|index| (format!("serverless.kyma-project.io/{index}-preset"), "x".into())).collect();
    assert_eq!(judge(&with(&json!({"metadata": {"labels": labels}})), None).warnings.len(), 8);
}

const POLL: &str = "serverless.kyma-project.io/gitPollInterval";
const REBUILD: &str = "serverless.kyma-project.io/rebuild";

#[rstest]
#[case::too_long(POLL, "9223372036854775807s".to_owned(), "Invalid value: \"9223372036854775807s\": must be a duration between 5s and 24h, such as 30s or 5m")]
#[case::too_short(POLL, "4s".to_owned(), "Invalid value: \"4s\": must be a duration between 5s and 24h, such as 30s or 5m")]
#[case::not_a_duration(POLL, "often".to_owned(), "Invalid value: \"often\": must be a duration between 5s and 24h, such as 30s or 5m")]
#[case::rebuild(REBUILD, "x".repeat(254), &format!("Invalid value: \"{}…\": must be no longer than 253 bytes: any short text that changes, such as a date, rebuilds the image", "x".repeat(80)))]
fn annotations_that_the_controller_reads_lie_in_their_bounds(
    #[case] key: &str,
    #[case] value: String,
    #[case] text: &str,
) {
    let new = with(&json!({"metadata": {"annotations": {key: value}}}));
    let expected = [format!("metadata.annotations[{key}]: {text}")];
    assert_eq!(texts(&judge(&new, None)), expected);
    assert_eq!(texts(&judge(&new, Some(&with(&json!({}))))), expected);
    // An UPDATE that leaves it alone, or removes it, is not blocked.
    let mut changed = new.clone();
    json_patch::merge(&mut changed, &json!({"spec": {"source": "y"}}));
    assert!(judge(&changed, Some(&new)).is_allowed());
    assert!(judge(&with(&json!({})), Some(&new)).is_allowed());
}

#[test]
fn an_update_of_annotations_judges_nothing_but_them() {
    let old = with(&json!({"spec": {"runtime": "cobol"}}));
    let mut new = old.clone();
    json_patch::merge(&mut new, &json!({"metadata": {"annotations": {POLL: "30s", REBUILD: "2", "a": "b"}}}));
    assert_eq!(judge(&new, Some(&old)), Decision::allowed());
    json_patch::merge(&mut new, &json!({"metadata": {"annotations": {POLL: "1s"}}}));
    let expected = format!(
        "metadata.annotations[{POLL}]: Invalid value: \"1s\": must be a duration between 5s and 24h, such as 30s or 5m"
    );
    assert_eq!(texts(&judge(&new, Some(&old))), [expected]);
}
