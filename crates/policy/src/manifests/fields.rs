//! The fields that a kind has, for an author who misspells one.

use crate::schema::Schema;

const OBJECT: [&str; 3] = ["apiVersion", "kind", "metadata"];
const SECRET: [&str; 7] = ["apiVersion", "data", "immutable", "kind", "metadata", "stringData", "type"];
/// Of metadata those that authors write.
const METADATA: [&str; 7] =
    ["annotations", "finalizers", "generateName", "labels", "name", "namespace", "ownerReferences"];
/// How alike two names must be, from 0 to 1.
const LIKENESS_MIN: f64 = 0.85;

/// The field that the author of an unknown one most likely means. Of a kind without a schema, which is a Secret, only its
/// own fields and those of its metadata are known.
pub(super) fn nearest(schema: Option<&Schema>, unknown: &str) -> Option<String> {
    let (parent, name) = unknown.rsplit_once('.').unwrap_or(("", unknown));
    let known: Vec<&str> = match (parent, schema) {
        ("metadata", _) => METADATA.to_vec(),
        ("", None) => SECRET.to_vec(),
        ("", Some(schema)) => OBJECT.into_iter().chain(schema.fields("")).collect(),
        (_, schema) => schema.into_iter().flat_map(|schema| schema.fields(parent)).collect(),
    };
    let name = name.to_ascii_lowercase();
    let likeness = |known: &str| strsim::jaro_winkler(&known.to_ascii_lowercase(), &name);
    let nearest = known.into_iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(nearest) >= LIKENESS_MIN).then(|| nearest.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Function", "spec.resorces", Some("resources"))]
    #[case("Function", "spec.minreplicas", Some("minReplicas"))]
    #[case("Function", "spec.env[3].valuefrom", Some("valueFrom"))]
    #[case("Function", "spec.env[0].valueFrom.secretRef", Some("secretKeyRef"))]
    #[case("Function", "spec.resources.limit", Some("limits"))]
    #[case("Function", "spec.colour", None)]
    #[case("Function", "spec.nowhere.colour", None)]
    #[case("Function", "metdata", Some("metadata"))]
    #[case("Function", "sepc", Some("spec"))]
    #[case("Function", "metadata.lables", Some("labels"))]
    #[case("GitRepository", "spec.auth.secretname", Some("secretName"))]
    #[case("Secret", "stringdata", Some("stringData"))]
    #[case("Secret", "spec", None)]
    fn the_nearest_field_is_named(#[case] kind: &str, #[case] unknown: &str, #[case] known: Option<&str>) {
        let schema = api::schemas::of(kind).map(|schema| Schema::of(&schema));
        assert_eq!(nearest(schema.as_ref(), unknown).as_deref(), known);
    }
}
