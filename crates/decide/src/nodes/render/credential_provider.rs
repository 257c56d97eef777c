//! The kubelet's credential provider: its configuration, the logins that it reads, and `hosts.toml` without credentials.

use policy::container_registries::{Credentials, Fallback, HiddenText, Host, Registries, Registry, Scheme};
use serde::Serialize;

use super::hosts::{self, Options};
use super::loss;
use crate::nodes::credentials_file::{self, CredentialsFile, Login};
use crate::nodes::files::Rendered;

/// The name of the configuration, which `--image-credential-provider-config` of the kubelet names.
pub const CONFIG: &str = "credential-provider-config.yaml";
/// The folder of `hosts.toml`, and of the logins: by default the program reads them there.
pub const FOLDER: &str = "certs.d";
/// The name of the program in `--image-credential-provider-bin-dir`.
pub const PROGRAM: &str = "serverless-credential-provider";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    api_version: &'static str,
    kind: &'static str,
    providers: Vec<Provider<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Provider<'a> {
    name: &'static str,
    match_images: Vec<&'a String>,
    /// The kubelet asks again for each pull: a changed login has effect at once.
    default_cache_duration: &'static str,
    api_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<[String; 1]>,
}

/// All files. The kubelet has one login for the images of a host, which containerd offers to each of its endpoints. `path` is
/// where a node has the file with logins, if that is not where the program reads it by default.
#[must_use]
pub fn render(registries: &Registries, options: Options, path: Option<&str>) -> Rendered {
    let Rendered { files, mut losses } = hosts::render(registries, Options { credentials: false, ..options });
    let mut files = files.in_folder(FOLDER);
    let logins = logins(registries, &mut losses);
    let config = Config {
        api_version: "kubelet.config.k8s.io/v1",
        kind: "CredentialProviderConfig",
        providers: vec![Provider {
            name: PROGRAM,
            match_images: logins.registries.keys().collect(),
            default_cache_duration: "0s",
            api_version: "credentialprovider.kubelet.k8s.io/v1",
            args: path.map(|path| [format!("--file={path}")]),
        }],
    };
    // The kubelet refuses a provider for no images.
    if !logins.registries.is_empty() {
        // Lists and texts always become YAML.
        let text = HiddenText::new(serde_saphyr::to_string(&config).unwrap_or_default());
        files.0.insert(CONFIG.to_owned(), text);
    }
    files.0.insert(format!("{FOLDER}/{}", credentials_file::FILE_NAME), logins.to_text());
    Rendered { files, losses }
}

/// The logins of all hosts. What is left out is reported.
#[must_use]
pub fn logins(registries: &Registries, losses: &mut Vec<String>) -> CredentialsFile {
    let mut file = CredentialsFile::default();
    for (host, registry) in &registries.0 {
        let chosen = choose(host, registry);
        for (index, endpoint) in registry.endpoints.iter().enumerate() {
            let Some(credentials) = &endpoint.credentials else { continue };
            if let Some(text) = why_not(host, registry, credentials, chosen) {
                losses.push(loss(host, index, "credentials", text));
            }
        }
        if let Some(Credentials::Basic { username, password }) = chosen
            && !host.is_any()
        {
            let login = Login { username: username.clone(), password: password.clone() };
            file.registries.insert(host.to_string(), login);
        }
    }
    file
}

/// The one login for the images of a host: that of the registry itself; if that is never asked, the one that all endpoints
/// share. The login of a mirror is never offered to others.
fn choose<'a>(host: &Host, registry: &'a Registry) -> Option<&'a Credentials> {
    // containerd sends it to each endpoint that answers 401, even without TLS.
    if is_exposed(registry) {
        return None;
    }
    let mut of_upstream = registry.endpoints.iter().filter(|endpoint| endpoint.is_upstream_of(host));
    let of_upstream = of_upstream.find_map(|endpoint| endpoint.credentials.as_ref());
    if of_upstream.is_some() || registry.fallback == Fallback::Upstream {
        return of_upstream;
    }
    let first = registry.endpoints.first().and_then(|endpoint| endpoint.credentials.as_ref())?;
    let shared = registry.endpoints.iter().all(|endpoint| endpoint.credentials.as_ref() == Some(first));
    shared.then_some(first)
}

/// Whether a login would be sent without TLS.
fn is_exposed(registry: &Registry) -> bool {
    registry.endpoints.iter().any(|endpoint| endpoint.scheme == Scheme::Http)
}

/// Why credentials do not get to the node.
fn why_not(
    host: &Host,
    registry: &Registry,
    credentials: &Credentials,
    chosen: Option<&Credentials>,
) -> Option<&'static str> {
    if host.is_any() {
        return Some("the kubelet needs the names of hosts, so this login is left out");
    }
    if matches!(credentials, Credentials::IdentityToken(_)) {
        return Some("the kubelet hands over no identity tokens, so this login is left out");
    }
    if is_exposed(registry) {
        return Some("another endpoint has no TLS and would see it, so this login is left out");
    }
    let text = "the kubelet has one login for the images of a host, which all its endpoints see, so that of a mirror is left out";
    (chosen != Some(credentials)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::examples::{all, basic, endpoint, registry, seed, without_fallback};
    use policy::container_registries::Endpoint;

    #[test]
    fn the_seed_becomes_a_login_and_no_header() {
        let rendered = render(&seed(), Options::default(), None);
        let text = |path: &str| rendered.files.0.get(path).unwrap().reveal();
        let config = "\
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
- name: serverless-credential-provider
  matchImages:
  - docker.io
  defaultCacheDuration: 0s
  apiVersion: credentialprovider.kubelet.k8s.io/v1
";
        assert_eq!(text(CONFIG), config);
        let elsewhere = render(&seed(), Options::default(), Some("/var/lib/logins.json"));
        let with_file = format!("{config}  args:\n  - --file=/var/lib/logins.json\n");
        assert_eq!(elsewhere.files.0.get(CONFIG).unwrap().reveal(), with_file);
        let file: CredentialsFile = serde_json::from_str(text("certs.d/registry-credentials.json")).unwrap();
        let login = Login { username: "my_user_name".into(), password: HiddenText::new("my_password") };
        assert_eq!(file.registries, [("docker.io".to_owned(), login)].into());
        assert!(!text("certs.d/docker.io/hosts.toml").contains("header"));
        assert_eq!(rendered.losses, Vec::<String>::new());
    }

    #[test]
    fn the_login_of_a_mirror_is_never_offered_to_others() {
        let mirror = |address| Endpoint { credentials: Some(basic("me", "secret")), ..endpoint(address) };
        let mut losses = Vec::new();
        let one = registry("docker.io", vec![mirror("mirror.example.com")]);
        assert_eq!(logins(&one, &mut losses), CredentialsFile::default());
        let loss = "docker.io[0].credentials: the kubelet has one login for the images of a host, which all its endpoints see, so that of a mirror is left out";
        assert_eq!(losses, [loss]);
        losses.clear();
        let both = without_fallback("docker.io", vec![mirror("a.example.com"), mirror("b.example.com")]);
        assert_eq!(logins(&both, &mut losses).registries.len(), 1);
        assert_eq!(losses, Vec::<String>::new());
    }

    #[test]
    fn tokens_and_other_hosts_are_lost_and_said() {
        let rendered = render(&all(), Options::default(), None);
        let losses = [
            "_default[1].credentials: the kubelet needs the names of hosts, so this login is left out",
            "docker.io[0].credentials: the kubelet hands over no identity tokens, so this login is left out",
        ];
        assert_eq!(rendered.losses, losses);
    }
}
