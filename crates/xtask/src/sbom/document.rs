//! A tree of crates as an SBOM, pure.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use cyclonedx_bom::external_models::spdx::SpdxExpression;
use cyclonedx_bom::external_models::uri::Purl;
use cyclonedx_bom::models::bom::{Bom, SpecVersion};
use cyclonedx_bom::models::component::{Classification, Component, Components};
use cyclonedx_bom::models::dependency::{Dependencies, Dependency};
use cyclonedx_bom::models::hash::{Hash, HashAlgorithm, HashValue, Hashes};
use cyclonedx_bom::models::license::{LicenseChoice, Licenses};
use cyclonedx_bom::models::metadata::Metadata;
use cyclonedx_bom::validation::Validate as _;

use super::tree::{Crate, Id, Tree};

/// The document, as JSON. It is valid, or this is an error.
pub(super) fn json(tree: &Tree, checksums: &BTreeMap<Id, String>) -> anyhow::Result<String> {
    let mut root = None;
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    for (id, krate) in &tree.crates {
        let component = component(id, krate, checksums.get(id), *id == tree.root);
        let component = component.with_context(|| format!("{} {}", id.0, id.1))?;
        if *id == tree.root {
            root = Some(component);
        } else {
            components.push(component);
        }
        let uses = krate.uses.iter().map(reference).collect();
        dependencies.push(Dependency { dependency_ref: reference(id), dependencies: uses });
    }
    let bom = Bom {
        // It would be a random one.
        serial_number: None,
        metadata: Some(Metadata { component: root, ..Metadata::default() }),
        components: Some(Components(components)),
        dependencies: Some(Dependencies(dependencies)),
        spec_version: SpecVersion::V1_5,
        ..Bom::default()
    };
    let verdict = bom.validate();
    ensure!(verdict.passed(), "the document is not valid: {verdict:?}");
    let mut text = Vec::new();
    bom.output_as_json_v1_5(&mut text)?;
    text.push(b'\n');
    Ok(String::from_utf8(text)?)
}

fn component(id: &Id, krate: &Crate, checksum: Option<&String>, is_root: bool) -> anyhow::Result<Component> {
    let kind = if is_root { Classification::Application } else { Classification::Library };
    let mut component = Component::new(kind, &id.0, &id.1, Some(reference(id)));
    component.purl = Some(Purl::new("cargo", &id.0, &id.1)?);
    component.hashes = checksum.map(|checksum| {
        Hashes(vec![Hash { alg: HashAlgorithm::SHA_256, content: HashValue(checksum.clone()) }])
    });
    if !krate.license.is_empty() {
        // Some authors write `MIT/Apache-2.0`.
        let license = SpdxExpression::parse_lax(krate.license.clone())?;
        component.licenses = Some(Licenses(vec![LicenseChoice::Expression(license)]));
    }
    Ok(component)
}

/// How the document refers to a crate.
fn reference(id: &Id) -> String {
    format!("{} {}", id.0, id.1)
}
