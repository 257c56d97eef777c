//! Reads what a request must be for a rule: `match`.

use policy::container_registries::Tree;

use super::reader::{Reader, member, shown};
use crate::registry::acl::network::Network;
use crate::registry::acl::pattern::Pattern;
use crate::registry::acl::template::Field;

/// The conditions of a rule: the pattern of each field, the network, and the labels.
pub(super) type Conditions = ([Option<Pattern>; 4], Option<Network>, Vec<(String, Pattern)>);

const KEYS: [&str; 6] = ["account", "type", "name", "service", "ip", "labels"];
/// Labels of accounts that people write where conditions are.
const KNOWN_LABELS: [&str; 3] = ["origin", "accessMode", "namespace"];
/// The most labels that a rule asks for.
const LABELS_MAX: usize = 16;

pub(super) fn read(reader: &mut Reader, tree: &Tree, path: &str) -> Option<Conditions> {
    let members = reader.members(tree, path)?;
    reader.only(members, path, &KEYS, &[], |key, value, near| {
        let is_label = KNOWN_LABELS.contains(&key) || (near.is_none() && matches!(value, Tree::Text(_)));
        is_label.then(|| {
            // What image-registry-operator ships: docker_auth ignores the key, and everybody may push.
            let label = shown("", key);
            format!("there is no such condition, and without one the rule matches everybody: for a label, write `labels: {{{label}: …}}`")
        })
    });
    let fields = Field::ALL.map(|field| {
        let text = reader.text(tree, path, field.as_str())?;
        pattern(reader, text, &member(path, field.as_str()))
    });
    let labels = tree.get("labels").map(|labels| read_labels(reader, labels, &member(path, "labels")));
    let labels = labels.unwrap_or_default();
    groups(reader, &fields, &labels, path);
    Some((fields, network(reader, tree, path), labels))
}

fn pattern(reader: &mut Reader, text: &str, path: &str) -> Option<Pattern> {
    Pattern::parse(text).map_err(|error| reader.refuse(path, error.to_string())).ok()
}

fn network(reader: &mut Reader, tree: &Tree, path: &str) -> Option<Network> {
    let network = Network::parse(reader.text(tree, path, "ip")?);
    if network.is_none() {
        reader.refuse(&member(path, "ip"), "must be an address or a network, such as 10.0.0.0/8");
    }
    network
}

fn read_labels(reader: &mut Reader, tree: &Tree, path: &str) -> Vec<(String, Pattern)> {
    let members = reader.members(tree, path).unwrap_or_default();
    if members.len() > LABELS_MAX {
        reader.refuse(path, "must have at most 16 labels");
        return Vec::new();
    }
    let mut labels = Vec::new();
    for (name, value) in members {
        let path = shown(path, name);
        let Some(text) = reader.is_text(value, &path) else { continue };
        let Some(pattern) = pattern(reader, text, &path) else { continue };
        if !pattern.labels().is_empty() {
            reader.refuse(&path, "must not use values of labels");
        }
        labels.push((name.clone(), pattern));
    }
    labels
}

/// Refuses groups that no regular expression has.
fn groups(reader: &mut Reader, fields: &[Option<Pattern>; 4], labels: &[(String, Pattern)], path: &str) {
    let of = |field: Field| {
        let pattern = fields.iter().zip(Field::ALL).find(|(_, known)| *known == field);
        pattern.and_then(|(pattern, _)| pattern.as_ref()).map_or(0, Pattern::groups)
    };
    let named = fields
        .iter()
        .zip(Field::ALL)
        .filter_map(|(pattern, field)| Some((member(path, field.as_str()), pattern.as_ref()?)));
    let labels = labels.iter().map(|(name, pattern)| (shown(&member(path, "labels"), name), pattern));
    for (path, pattern) in named.chain(labels) {
        for (field, _) in pattern.uses().iter().filter(|(field, group)| *group >= of(*field)) {
            let field = field.as_str();
            reader.refuse(
                &path,
                format!("uses a group of {field}, which must be a regular expression with it and without variables"),
            );
        }
    }
}
