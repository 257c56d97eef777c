//! How the servers of a `hosts.toml` are spoken to, and what is sent to them.

use super::super::finding::Finding;
use super::super::hosts_file::{Fields, HostsFile, Url};
use super::super::input::Input;
use super::super::node::{HostFolder, Node};

/// A server that a file names.
struct Server<'a> {
    folder: &'a HostFolder<'a>,
    url: &'a Url,
    /// The line that names it.
    line: usize,
    fields: &'a Fields,
    is_mirror: bool,
}

pub(super) fn check(input: &Input<'_>, node: &Node<'_>) -> Vec<Finding> {
    let servers = node.folders.iter().flat_map(servers);
    let checks = [plain_credentials, plain_with_tls, pull_secrets, dial_timeout, header];
    servers.flat_map(|server| checks.into_iter().filter_map(move |check| check(input, &server))).collect()
}

fn servers<'a>(folder: &'a HostFolder<'a>) -> Vec<Server<'a>> {
    let named = folder.read().into_iter().flat_map(HostsFile::servers);
    let server = |(url, line, fields): (&'a Url, usize, &'a Fields)| Server {
        folder,
        url,
        line,
        fields,
        is_mirror: !url.is_upstream_of(&folder.host),
    };
    named.map(server).collect()
}

/// Credentials are sent with TLS.
fn plain_credentials(_: &Input<'_>, server: &Server<'_>) -> Option<Finding> {
    let Server { folder, url, fields, .. } = server;
    (url.is_http && fields.has_credentials()).then(|| {
        let problem = format!("sends credentials to {url} without TLS: anybody on the way can read them");
        folder.line(fields.line_of("header")).error(problem, "use https, or delete the header")
    })
}

/// Plain HTTP has no settings of TLS.
fn plain_with_tls(_: &Input<'_>, server: &Server<'_>) -> Option<Finding> {
    let Server { folder, url, fields, .. } = server;
    let set = ["ca", "client", "skip_verify"].into_iter().find(|key| fields.has(key))?;
    url.is_http.then(|| {
        let problem = format!("has `{set}` for {url}: containerd tries https first");
        folder.line(fields.line_of(set)).warning(problem, format!("use https, or delete `{set}`"))
    })
}

/// No stranger gets the pull Secrets of Pods.
fn pull_secrets(_: &Input<'_>, server: &Server<'_>) -> Option<Finding> {
    let Server { folder, url, fields, .. } = server;
    let is_own = fields.has_credentials() || !fields.ca.is_empty();
    if is_own || !server.is_mirror || url.is_loopback() {
        return None;
    }
    let problem = format!("containerd sends the pull Secrets of Pods to {url} if it answers 401");
    let remedy = "give it a `ca` or an Authorization header, or delete it if you do not trust it";
    let place = folder.line(server.line);
    Some(if url.is_http {
        place.error(problem + ", without TLS", remedy)
    } else {
        place.warning(problem, remedy)
    })
}

/// A mirror that is down does not delay pulls.
fn dial_timeout(input: &Input<'_>, server: &Server<'_>) -> Option<Finding> {
    let Server { folder, url, fields, .. } = server;
    let is_missing = fields.dial_timeout.is_none() && input.version.knows_dial_timeout();
    (is_missing && server.is_mirror).then(|| {
        let problem = format!("has no `dial_timeout`: a pull waits 30s for {url} if it is down");
        folder.line(server.line).warning(problem, "add `dial_timeout = \"1s\"`")
    })
}

/// A header reaches the token server, too.
fn header(input: &Input<'_>, server: &Server<'_>) -> Option<Finding> {
    let Server { folder, url, fields, .. } = server;
    let version = input.version;
    if version.sends_headers_to_token_servers() || !fields.has_credentials() {
        return None;
    }
    let place = folder.line(fields.line_of("header"));
    let remedy = "use containerd 2.1, or the credential provider of the kubelet";
    Some(if url.is_upstream_of("docker.io") {
        let problem =
            format!("containerd {version} does not send the header to the token server of Docker Hub");
        place.error(format!("{problem}: pulls are anonymous"), remedy)
    } else {
        let problem = format!("containerd {version} does not send the header to a token server");
        place.warning(format!("{problem}: pulls are anonymous if {url} uses tokens"), remedy)
    })
}
