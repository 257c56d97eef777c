//! The files of containerd that a node is to have, without mirrors that do not answer.

use std::collections::BTreeMap;

use policy::container_registries::{Address, Endpoint, Host, Registries, Registry};

use super::probe::Mirrors;
use super::render::hosts::{self, Options};
use super::tree::Wanted;

/// What the folder of each host is to hold. Each file has the marker of the agent.
#[must_use]
pub fn wanted(registries: &Registries, mirrors: &Mirrors, options: Options) -> BTreeMap<String, Wanted> {
    let options = Options { owned: true, ..options };
    let of_host = |(host, registry): (&Host, &Registry)| {
        let folder = host.as_str().to_owned();
        let Some(registry) = mirrors.answering(host, registry) else { return Some((folder, Wanted::AsIs)) };
        let registry = or_upstream(host, registry)?;
        let rendered = hosts::render_host(host, &registry, options);
        let named = |(path, text): (String, _)| Some((path.split_once('/')?.1.to_owned(), text));
        Some((folder, Wanted::Files(rendered.files.0.into_iter().filter_map(named).collect())))
    };
    registries.0.iter().filter_map(of_host).collect()
}

/// A registry none of whose mirrors answers is asked itself: without a file, containerd would use that of all other hosts.
/// `None` if there is no such registry, as for all other hosts.
fn or_upstream(host: &Host, registry: Registry) -> Option<Registry> {
    if !registry.endpoints.is_empty() {
        return Some(registry);
    }
    let upstream = Address::parse(host.api()?).ok()?;
    Some(Registry { endpoints: vec![Endpoint::at(upstream)], ..registry })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use policy::container_registries::Fallback;
    use rstest::rstest;

    use super::*;

    /// The servers and hosts in the file of a host, `as is`, or `none`; `up` are the mirrors that answer.
    fn lines(host: &str, fallback: Fallback, endpoints: &[&str], up: &[&str], asked: bool) -> Vec<String> {
        let host = Host::parse(host).unwrap();
        let endpoints = endpoints.iter().map(|text| Endpoint::at(Address::parse(text).unwrap())).collect();
        let registries = Registries([(host.clone(), Registry { endpoints, fallback })].into());
        let (mut mirrors, now) = (Mirrors::default(), Instant::now());
        mirrors.follow(&registries, now);
        for target in mirrors.due(now, 9).iter().filter(|_| asked) {
            mirrors.answered(target, up.contains(&target.host.as_str()), now);
        }
        match wanted(&registries, &mirrors, Options::default()).remove(host.as_str()) {
            None => vec!["none".to_owned()],
            Some(Wanted::AsIs) => vec!["as is".to_owned()],
            Some(Wanted::Files(files)) => {
                let lines = files["hosts.toml"].reveal().lines().filter(|line| line.contains("//"));
                lines.map(str::to_owned).collect()
            }
        }
    }

    #[rstest]
    #[case::all_answer(
        "docker.io", Fallback::Upstream, &["a", "b"], &["a", "b"],
        &["server = \"https://registry-1.docker.io\"", "[host.\"https://a\"]", "[host.\"https://b\"]"]
    )]
    #[case::one_is_dead(
        "docker.io", Fallback::Upstream, &["a", "b"], &["b"],
        &["server = \"https://registry-1.docker.io\"", "[host.\"https://b\"]"]
    )]
    #[case::the_upstream_stays(
        "ghcr.io", Fallback::Upstream, &["a", "ghcr.io"], &[],
        &["server = \"https://ghcr.io\"", "[host.\"https://ghcr.io\"]"]
    )]
    #[case::all_are_dead(
        "ghcr.io", Fallback::Upstream, &["a"], &[],
        &["server = \"https://ghcr.io\"", "[host.\"https://ghcr.io\"]"]
    )]
    #[case::nothing_else("ghcr.io", Fallback::None, &["a", "b"], &[], &["server = \"https://b\""])]
    #[case::any_host("_default", Fallback::Upstream, &["a"], &[], &["none"])]
    fn mirrors_that_do_not_answer_are_left_out(
        #[case] host: &str,
        #[case] fallback: Fallback,
        #[case] endpoints: &[&str],
        #[case] up: &[&str],
        #[case] expected: &[&str],
    ) {
        assert_eq!(lines(host, fallback, endpoints, up, true), expected);
    }

    #[test]
    fn a_host_stays_as_it_is_until_its_mirrors_have_been_asked() {
        assert_eq!(lines("ghcr.io", Fallback::Upstream, &["a"], &[], false), ["as is"]);
    }
}
