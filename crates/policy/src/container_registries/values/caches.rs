//! The caches that the chart of Giant Swarm knows beside the value. They come before all endpoints of a host.

use std::collections::BTreeSet;

use super::reader::{Reader, member};
use crate::container_registries::host::{Address, Host};
use crate::container_registries::model::{Endpoint, Registries, Scheme};
use crate::container_registries::tree::Tree;
use crate::rule::Rule;
use crate::violation::Violation;

/// The key of the cache on each node.
pub(super) const LOCAL: &str = "localRegistryCache";
/// The key of the cache in the cluster that manages this one.
pub(super) const OF_MANAGEMENT_CLUSTER: &str = "managementClusterRegistryCache";

const ENABLED: &str = "enabled";
const MIRRORED: &str = "mirroredRegistries";
const PORT: &str = "port";

/// The port of the cache on each node, unless another is set.
const DEFAULT_PORT: u64 = 32767;
/// The registry that the cache of the managing cluster mirrors, unless others are set.
const DEFAULT_MIRRORED: &str = "gsoci.azurecr.io";

/// Adds the caches that are enabled in `parent`. `paths` are those of the root and of the parent.
pub(super) fn add(
    reader: &mut Reader,
    registries: &mut Registries,
    root: &Tree,
    parent: &Tree,
    paths: [&str; 2],
) {
    let [of_root, of_parent] = paths;
    // The last one that is added comes first.
    if let Some((cache, path)) = enabled(reader, parent, of_parent, OF_MANAGEMENT_CLUSTER, true) {
        let hosts = mirrored(reader, cache, &path, Some(DEFAULT_MIRRORED));
        if let Some(address) = zot(reader, root, of_root) {
            put_first(registries, hosts, &Endpoint::at(address));
        }
    }
    if let Some((cache, path)) = enabled(reader, parent, of_parent, LOCAL, false) {
        let hosts = mirrored(reader, cache, &path, None);
        if let Some(address) = local(reader, cache, &path) {
            put_first(registries, hosts, &Endpoint { scheme: Scheme::Http, ..Endpoint::at(address) });
        }
    }
}

/// A cache and its path, if it is there and enabled.
fn enabled<'a>(
    reader: &mut Reader,
    parent: &'a Tree,
    path: &str,
    key: &str,
    default: bool,
) -> Option<(&'a Tree, String)> {
    let cache = parent.get(key)?;
    let path = member(path, key);
    let members = reader.members(cache, &path)?;
    let known: &[&str] = if key == LOCAL { &[ENABLED, MIRRORED, PORT] } else { &[ENABLED, MIRRORED] };
    reader.only(members, &path, known, |_| true);
    let is_enabled = reader.flag(cache, &path, ENABLED).unwrap_or(default);
    is_enabled.then_some((cache, path))
}

fn mirrored(reader: &mut Reader, cache: &Tree, path: &str, default: Option<&str>) -> BTreeSet<Host> {
    let path = member(path, MIRRORED);
    let Some(list) = cache.get(MIRRORED) else {
        return default.and_then(|host| Host::parse(host).ok()).into_iter().collect();
    };
    let mut hosts = BTreeSet::new();
    for (index, item) in reader.items(list, &path).unwrap_or_default().iter().enumerate() {
        let name = if let Tree::Text(name) = item { name.as_str() } else { "" };
        match Host::parse(name) {
            Ok(host) => drop(hosts.insert(host)),
            Err(error) => {
                reader.refuse(Rule::RegistryHostInvalid, format!("{path}[{index}]"), error.as_str());
            }
        }
    }
    hosts
}

/// `zot.<management cluster>.<base domain>`.
fn zot(reader: &mut Reader, root: &Tree, path: &str) -> Option<Address> {
    let global = root.get("global").unwrap_or(&Tree::Null);
    let of_global = member(path, "global");
    let connectivity = global.get("connectivity").unwrap_or(&Tree::Null);
    let of_connectivity = member(&of_global, "connectivity");
    let cluster = named(reader, global, &of_global, "managementCluster");
    let domain = named(reader, connectivity, &of_connectivity, "baseDomain");
    let text = format!("zot.{}.{}", cluster?, domain?);
    let address = Address::parse(&text).ok().filter(|address| address.path().is_empty());
    if address.is_none() {
        let must = "must give the name of a host: zot.<managementCluster>.<baseDomain>";
        reader.refuse(Rule::RegistryCacheAddress, member(&of_connectivity, "baseDomain"), must);
    }
    address
}

fn named<'a>(reader: &mut Reader, map: &'a Tree, path: &str, key: &str) -> Option<&'a str> {
    let before = reader.violations.len();
    let text = reader.text(map, path, key);
    if text.is_none() && reader.violations.len() == before {
        let what_for = format!("{OF_MANAGEMENT_CLUSTER} is at zot.<managementCluster>.<baseDomain>");
        let violation = Violation::required(Rule::RegistryCacheAddress, member(path, key), what_for);
        reader.violations.push(violation);
    }
    text
}

/// The cache on each node.
fn local(reader: &mut Reader, cache: &Tree, path: &str) -> Option<Address> {
    let port = match cache.get(PORT) {
        None => DEFAULT_PORT,
        Some(Tree::Whole(port)) => *port,
        Some(_) => 0,
    };
    let address = Address::parse(&format!("127.0.0.1:{port}")).ok();
    if address.is_none() {
        let must = "must be a number between 1 and 65535";
        reader.refuse(Rule::RegistryCacheAddress, member(path, PORT), must);
    }
    address
}

fn put_first(registries: &mut Registries, hosts: BTreeSet<Host>, endpoint: &Endpoint) {
    for host in hosts {
        let endpoints = &mut registries.0.entry(host).or_default().endpoints;
        if !endpoints.iter().any(|known| known.is_at_same_place_as(endpoint)) {
            endpoints.insert(0, endpoint.clone());
        }
    }
}
