//! A `hosts.toml` as containerd reads it, with the lines of what it holds.

mod fields;
mod url;

use toml_edit::{Item, Key, TableLike};

use super::toml::{Broken, Toml, entry};
use crate::nodes::version::Version;
pub(super) use fields::Fields;
pub(super) use url::Url;

/// The name of such a file.
pub(super) const NAME: &str = "hosts.toml";

/// A `hosts.toml`.
#[derive(Debug)]
pub(super) struct HostsFile {
    /// `server`, with its line.
    pub(super) server: Option<(Url, usize)>,
    /// The keys beside `server`, which belong to it.
    pub(super) top: Fields,
    /// The host tables, in the order in which containerd tries them.
    pub(super) hosts: Vec<HostTable>,
    /// The lines of hosts that containerd does not see, because no header of a table begins them.
    pub(super) unseen: Vec<usize>,
}

/// A table `[host."…"]`.
#[derive(Debug)]
pub(super) struct HostTable {
    pub(super) url: Url,
    pub(super) line: usize,
    pub(super) fields: Fields,
}

impl HostsFile {
    /// The hosts, then `server`: each with the line that names it, and its keys.
    pub(super) fn servers(&self) -> impl Iterator<Item = (&Url, usize, &Fields)> {
        let hosts = self.hosts.iter().map(|host| (&host.url, host.line, &host.fields));
        hosts.chain(self.server.iter().map(|(url, line)| (url, *line, &self.top)))
    }

    /// Reads a file as a version of containerd does.
    pub(super) fn parse(text: &str, version: Version) -> Result<Self, Broken> {
        let toml = Toml::parse(text)?;
        let top = toml.top();
        let mut file = Self {
            server: server(&toml)?,
            top: Fields::read(&toml, version, top, 1)?,
            hosts: Vec::new(),
            unseen: Vec::new(),
        };
        let Some((key, item)) = entry(top, "host") else { return Ok(file) };
        let broken = Broken { line: toml.line_of(key, item), what: "has a `host` that is no table" };
        let tables = item.as_table_like().ok_or(broken)?;
        for (name, _) in tables.iter() {
            let Some((key, item)) = entry(tables, name) else { continue };
            file.read_host(&toml, version, key, item)?;
        }
        Ok(file)
    }

    fn read_host(&mut self, toml: &Toml<'_>, version: Version, key: &Key, item: &Item) -> Result<(), Broken> {
        let line = toml.line_of(key, item);
        let table = item.as_table_like().ok_or(Broken { line, what: "has a host that is no table" })?;
        let fields = Fields::read(toml, version, table, line)?;
        let url = Url::parse(key.get()).ok_or(Broken { line, what: "has a host that is no URL" })?;
        let has_header = item.as_table().is_some_and(|table| !table.is_dotted());
        if has_header || version.reads_hosts_without_headers() {
            self.hosts.push(HostTable { url, line, fields });
        } else {
            self.unseen.push(line);
        }
        Ok(())
    }
}

fn server(toml: &Toml<'_>) -> Result<Option<(Url, usize)>, Broken> {
    let Some((key, item)) = entry(toml.top(), "server") else { return Ok(None) };
    let line = toml.line_of(key, item);
    let text = item.as_str().ok_or(Broken { line, what: "has a `server` that is no text" })?;
    // Without a host, it is the registry of the image.
    if ["", "http://", "https://"].contains(&text) {
        return Ok(None);
    }
    let url = Url::parse(text).ok_or(Broken { line, what: "has a `server` that is no URL" })?;
    Ok(Some((url, line)))
}

/// Whether a table holds nothing.
pub(super) fn is_empty(text: &str) -> bool {
    Toml::parse(text).is_ok_and(|toml| TableLike::is_empty(toml.top()))
}
