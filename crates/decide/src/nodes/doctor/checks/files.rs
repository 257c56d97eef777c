//! Whether containerd can read each `hosts.toml` and the files that it names, and whether others cannot.

use super::super::authorities::{self, Fault};
use super::super::finding::{Finding, Place};
use super::super::hosts_file::{Fields, HostsFile};
use super::super::input::Input;
use super::super::node::{Content, HostFolder, Node};
use super::super::tree::{Entry, File, joined};
use crate::nodes::credentials_file::DEFAULT_PATH;
use crate::nodes::files::MARKER;

/// The permission bits of a file that one user alone reads and writes.
const PRIVATE: u32 = 0o600;

pub(super) fn check(input: &Input<'_>, node: &Node<'_>) -> Vec<Finding> {
    let mut findings: Vec<_> =
        node.folders.iter().flat_map(|folder| folder_findings(input, folder)).collect();
    let with_credentials =
        node.settings.registry.credentials.iter().map(String::as_str).chain([DEFAULT_PATH]);
    findings.extend(with_credentials.filter_map(|path| match input.tree.get(path) {
        Some(Entry::File(file) | Entry::NotText(file)) => mode(path, file, true),
        _ => None,
    }));
    findings
}

fn folder_findings(input: &Input<'_>, folder: &HostFolder<'_>) -> Vec<Finding> {
    let ignored = format!("containerd ignores the file and asks {} itself", folder.host);
    match &folder.content {
        Content::Missing => Vec::new(),
        Content::Unreadable(why) => {
            let problem = format!("cannot be read: {why}");
            vec![folder.line(1).error(problem, "run the doctor as root on the node")]
        }
        Content::NotText(file) => {
            let finding = folder.line(1).error("is no UTF-8", "write the file as UTF-8");
            std::iter::once(finding).chain(mode(&folder.file(), file, may_hold_header(file))).collect()
        }
        Content::Empty => {
            let remedy = "write the mirrors to the file, or delete its folder";
            vec![folder.line(1).error(format!("is empty: {ignored}"), remedy)]
        }
        Content::Broken(file, broken) => {
            let problem = format!("{}: {ignored}", broken.what);
            let broken = folder.line(broken.line).error(problem, "correct the line");
            std::iter::once(broken).chain(mode(&folder.file(), file, may_hold_header(file))).collect()
        }
        Content::Read(file, hosts) => {
            let has_header = tables(hosts).any(|fields| !fields.headers.is_empty());
            let mut findings = readable(input, folder, hosts);
            findings.extend(mode(&folder.file(), file, has_header));
            findings.extend(named(input, folder));
            findings
        }
    }
}

/// Whether a file that cannot be parsed can hold credentials: its words say so, or that the agent wrote it.
fn may_hold_header(file: &File) -> bool {
    let text = file.text.reveal();
    text.starts_with(MARKER) || text.to_ascii_lowercase().contains("authorization")
}

/// containerd reads the file and all its hosts.
fn readable(input: &Input<'_>, folder: &HostFolder<'_>, hosts: &HostsFile) -> Vec<Finding> {
    let version = input.version;
    let mut findings = Vec::new();
    if hosts.hosts.is_empty() && !version.reads_files_without_hosts() {
        let problem = format!("has no table [host]: containerd {version} ignores the file");
        findings.push(folder.line(1).error(problem, "add a table [host.\"https://…\"] for the server"));
    }
    let bracket = hosts.hosts.iter().find(|host| host.url.authority().starts_with('['));
    if let Some(host) = bracket.filter(|_| !version.reads_brackets_in_tables()) {
        let problem =
            format!("has an IPv6 address in the name of a table: containerd {version} ignores the file");
        findings.push(folder.line(host.line).error(problem, "use a name for the address, or containerd 2.0"));
    }
    for line in &hosts.unseen {
        let problem = "has a host without a header of its own: containerd does not see it";
        findings.push(folder.line(*line).error(problem, "begin it with a line [host.\"https://…\"]"));
    }
    findings
}

/// Nobody but its owner reads a file with credentials.
fn mode(path: &str, file: &File, has_credentials: bool) -> Option<Finding> {
    let mode = file.mode & 0o777;
    (has_credentials && mode & !PRIVATE != 0).then(|| {
        let problem = format!("holds credentials, and its mode {mode:04o} is wider than 0600");
        Place::whole(path).error(problem, format!("chmod 600 {path}"))
    })
}

/// The files of authorities and certificates exist.
fn named(input: &Input<'_>, folder: &HostFolder<'_>) -> Vec<Finding> {
    let is_absent =
        |path: &str| input.tree.covers(path) && !matches!(input.tree.get(path), Some(Entry::File(_)));
    let absent = named_files(folder).filter(|(path, _)| is_absent(path));
    let find = |(path, line): (String, usize)| {
        let problem =
            format!("names {path}, which cannot be read: containerd pulls nothing for {}", folder.host);
        folder.line(line).error(problem, "write the file, or delete the line")
    };
    absent.map(find).chain(authorities(input, folder)).collect()
}

/// The authorities are certificates, and valid.
fn authorities<'a>(
    input: &'a Input<'_>,
    folder: &'a HostFolder<'_>,
) -> impl Iterator<Item = Finding> + use<'a> {
    let tables = folder.read().into_iter().flat_map(tables);
    let named = tables.flat_map(|fields| fields.ca.iter().map(|path| (path, fields.line_of("ca"))));
    named.filter_map(|(path, line)| {
        let path = joined(&folder.path, path);
        let Some(Entry::File(file)) = input.tree.get(&path) else { return None };
        let place = folder.line(line);
        let remedy = "write the certificates of the authority to the file";
        Some(match authorities::fault(file.text.reveal(), input.now)? {
            Fault::None => {
                let pulls = format!("containerd pulls nothing for {}", folder.host);
                place.error(format!("names {path}, which holds no certificate: {pulls}"), remedy)
            }
            Fault::Expired(when) => {
                place.error(format!("names {path}, which holds a certificate that expired at {when}"), remedy)
            }
        })
    })
}

/// The paths of the files that a `hosts.toml` names, each with its line.
pub(in super::super) fn named_files(folder: &HostFolder<'_>) -> impl Iterator<Item = (String, usize)> {
    let tables = folder.read().into_iter().flat_map(tables);
    tables.flat_map(|fields| {
        let ca = fields.ca.iter().map(|path| (path, fields.line_of("ca")));
        let client = fields.client.iter().map(|path| (path, fields.line_of("client")));
        // A text with lines is no path, and may be a key.
        let is_path = |(path, _): &(&String, usize)| !path.contains(['\n', '\r']);
        ca.chain(client).filter(is_path).map(|(path, line)| (joined(&folder.path, path), line))
    })
}

/// The keys beside `server`, and those of each host.
fn tables(hosts: &HostsFile) -> impl Iterator<Item = &Fields> {
    std::iter::once(&hosts.top).chain(hosts.hosts.iter().map(|host| &host.fields))
}
