//! Runtimes that should not be used any more.

use super::*;

#[rstest]
#[case::with_a_successor(
    "nodejs12",
    Some(r#"runtime "nodejs12" is deprecated: Node.js 12 has had no security fixes since 2022-04-30; set spec.runtime to "nodejs22""#)
)]
#[case::without("old", Some(r#"runtime "old" is deprecated: It is old; set spec.runtime to another one"#))]
#[case::current("nodejs22", None)]
fn a_deprecated_one_is_admitted_with_a_warning(#[case] runtime: &str, #[case] expected: Option<&str>) {
    let raw = json!({"runtimes": {"old": {"language": "nodejs", "deprecated": "It is old"}}});
    let config = serde_json::from_value::<RawConfig>(raw).unwrap().check().unwrap();
    let function = |change: &Value| decode(&with(change).to_string()).unwrap();
    let new = function(&json!({"spec": {"runtime": runtime}}));
    let expected: Vec<_> =
        expected.into_iter().map(|text| Warning::new(Rule::RuntimeDeprecated, text)).collect();
    assert_eq!(validate(&config, &new, None).warnings, expected);
    // Not with every write of something else.
    assert_eq!(validate(&config, &new, Some(&new)).warnings, []);
    // Who is refused has something else to correct first.
    let refused = function(&json!({"spec": {"runtime": runtime, "source": ""}}));
    assert_eq!(validate(&config, &refused, None).warnings, []);
}
