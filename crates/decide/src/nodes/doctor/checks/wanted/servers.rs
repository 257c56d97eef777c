//! The servers of a `hosts.toml` against those that were asked for.

use std::collections::BTreeSet;

use policy::container_registries::{HiddenText, Host};

use super::super::super::authorities::certificates;
use super::super::super::hosts_file::{Fields, HostsFile, Url};
use super::super::super::input::Input;
use super::super::super::node::HostFolder;
use super::super::super::tree::{Entry, joined};

/// A line, and what differs there.
type Difference = (usize, String);

/// What is on the node, and what was asked for.
pub(super) struct Sides<'a> {
    pub(super) input: &'a Input<'a>,
    pub(super) folder: &'a HostFolder<'a>,
    pub(super) found: &'a HostsFile,
    pub(super) wanted: &'a HostsFile,
    /// The authorities that were asked for, by the names that the wanted file gives them.
    pub(super) authority: &'a dyn Fn(&str) -> Option<&'a HiddenText>,
}

pub(super) fn differences(sides: &Sides<'_>) -> Vec<Difference> {
    let Sides { found, wanted, .. } = sides;
    let mut all = hosts(sides);
    for host in &wanted.hosts {
        let same = found.hosts.iter().find(|other| other.url == host.url);
        all.extend(same.into_iter().flat_map(|same| keys(sides, &host.url, &same.fields, &host.fields)));
    }
    let [server, wanted_server] = [found, wanted].map(|file| server(sides, file));
    if server != wanted_server {
        let line = found.server.as_ref().map_or(1, |(_, line)| *line);
        let [is, not] =
            [server, wanted_server].map(|url| url.map_or("the registry".to_owned(), |url| url.to_string()));
        all.push((line, format!("asks {is} last, and {not} was asked for")));
    } else if let Some(url) = server {
        all.extend(keys(sides, &url, &found.top, &wanted.top));
    }
    all
}

/// The hosts and their order.
fn hosts(sides: &Sides<'_>) -> Vec<Difference> {
    let Sides { found, wanted, .. } = sides;
    let names = |file: &HostsFile| file.hosts.iter().map(|host| host.url.clone()).collect::<BTreeSet<_>>();
    let (here, asked) = (names(found), names(wanted));
    let extra = found.hosts.iter().filter(|host| !asked.contains(&host.url));
    let mut all: Vec<_> =
        extra.map(|host| (host.line, format!("names {}, which nobody asked for", host.url))).collect();
    let lacking = asked.difference(&here);
    all.extend(lacking.map(|url| (1, format!("does not name {url}, which was asked for"))));
    if all.is_empty() {
        let mut pairs = found.hosts.iter().zip(&wanted.hosts);
        let other = pairs.find(|(one, other)| one.url != other.url);
        all.extend(other.map(|(one, other)| {
            (one.line, format!("tries {} before {}: another order was asked for", one.url, other.url))
        }));
    }
    all
}

/// The server that is asked last; none if it is the registry of the image.
fn server(sides: &Sides<'_>, file: &HostsFile) -> Option<Url> {
    let own = || Url::parse(Host::parse(&sides.folder.host).ok()?.api()?);
    file.server.as_ref().map(|(url, _)| url.clone()).or_else(own)
}

/// The keys of a server.
fn keys(sides: &Sides<'_>, url: &Url, found: &Fields, wanted: &Fields) -> Vec<Difference> {
    let knows_timeout = sides.input.version.knows_dial_timeout();
    let differs = [
        ("capabilities", found.capabilities != wanted.capabilities),
        ("skip_verify", found.skip_verify != wanted.skip_verify),
        ("override_path", found.override_path != wanted.override_path),
        ("dial_timeout", knows_timeout && found.dial_timeout != wanted.dial_timeout),
        ("ca", authorities_here(sides, found) != authorities_asked_for(sides, wanted)),
    ];
    let differs = differs.into_iter().filter(|(_, differs)| *differs);
    let mut all: Vec<_> = differs
        .map(|(key, _)| (found.line_of(key), format!("`{key}` of {url} is not what was asked for")))
        .collect();
    if found.headers != wanted.headers {
        let problem = match (found.headers.is_empty(), wanted.headers.is_empty()) {
            (true, _) => format!("has no credentials for {url}"),
            (_, true) => format!("has a header for {url}, which nobody asked for"),
            _ => format!("has other credentials for {url} than those that were asked for"),
        };
        all.push((found.line_of("header"), problem));
    }
    all
}

/// The certificates of authorities on the node.
fn authorities_here(sides: &Sides<'_>, fields: &Fields) -> BTreeSet<Vec<u8>> {
    let paths = fields.ca.iter().map(|path| joined(&sides.folder.path, path));
    let texts = paths.filter_map(|path| match sides.input.tree.get(&path) {
        Some(Entry::File(file)) => Some(certificates(file.text.reveal())),
        _ => None,
    });
    texts.flatten().collect()
}

/// The certificates of authorities that were asked for.
fn authorities_asked_for(sides: &Sides<'_>, fields: &Fields) -> BTreeSet<Vec<u8>> {
    let texts = fields.ca.iter().filter_map(|name| (sides.authority)(name));
    texts.flat_map(|text| certificates(text.reveal())).collect()
}
