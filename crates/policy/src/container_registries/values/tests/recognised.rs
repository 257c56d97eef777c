//! Which documents are values with the registries of nodes.

use serde_json::{Value as Json, json};

use super::*;

#[rstest]
#[case::top(json!({"containerRegistries": {}}), Document::Values)]
#[case::sibling(json!({"global": {"connectivity": {"localRegistryCache": {}}}}), Document::Values)]
#[case::misspelt_beside(json!({"containerRegistry": {}, "containerRegistries": {}}), Document::Values)]
#[case::misspelt_and_elsewhere(
    json!({"containerRegistry": {}, "connectivity": {"containerRegistries": {}}}),
    Document::Values
)]
#[case::misspelt(
    json!({"connectivity": {"containerRegistry": {}}}),
    Document::Near(
        "connectivity.containerRegistry: Forbidden: there is no such key: did you mean containerRegistries?".to_owned()
    )
)]
#[case::null(json!({"containerRegistries": null}), Document::Other)]
#[case::elsewhere(json!({"registries": {"containerRegistries": {}}}), Document::Other)]
#[case::an_object(json!({"apiVersion": "v1", "kind": "Secret", "containerRegistries": {}}), Document::Other)]
#[case::list(json!(["containerRegistries"]), Document::Other)]
fn documents_are_recognised(#[case] document: Json, #[case] expected: Document) {
    assert_eq!(recognise(&document), expected);
    // Whatever is values is read as such.
    let is_missing = violations(&document.to_string())
        == [
            "containerRegistries: Required value: it is read at the top, in connectivity, in global.connectivity and in global.components.containerd",
        ];
    assert_eq!(is_missing, expected == Document::Other && document.get("kind").is_none(), "{document}");
}
