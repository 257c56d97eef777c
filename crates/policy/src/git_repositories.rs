//! The rules of a `GitRepository`: an address that a Git client can be given, and credentials that fit it.

use api::GitAuth;
use api::names::registry_secret;

use crate::decision::{Decision, Warning};
use crate::git_url::{self, GitUrlError, GitUrls, Transport};
use crate::object::GitRepositoryObject;
use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Value, Violation, Violations};

const AUTH_TYPES: [&str; 2] = ["basic", "key"];

/// What is wrong with a `GitRepository`, on CREATE and UPDATE; `old` is the object before the UPDATE.
#[must_use]
pub fn validate(rule: GitUrls, new: &GitRepositoryObject, old: Option<&GitRepositoryObject>) -> Decision {
    if new.is_untouched_since(old, &[]) {
        return Decision::allowed();
    }
    let mut decision = Decision::default();
    let Some(spec) = &new.spec else {
        return Decision::of(vec![Violation::required(Rule::SchemaRequired, "spec", "")]);
    };
    let transport = check_url(rule, &spec.url, &mut decision.violations);
    check_auth(transport, spec.auth.as_ref(), &mut decision);
    if decision.is_allowed()
        && transport == Some(Transport::Http)
        && spec.auth.as_ref().is_some_and(|auth| auth.auth_type == "key")
    {
        let warning = "spec.auth.type \"key\" cannot work over HTTP: use \"basic\", or the SSH address of the repository";
        decision.warnings.push(Warning::new(Rule::GitAuthKeyOverHttp, warning));
    }
    if decision.is_allowed()
        && let Some(port) = git_url::port_in_path(&spec.url)
    {
        let warning = format!(
            "spec.url: {port} is the first folder of the path, not a port: if it is a port, write ssh://user@host:{port}/path.git"
        );
        decision.warnings.push(Warning::new(Rule::GitUrlPortInPath, warning));
    }
    decision
}

fn check_url(rule: GitUrls, url: &str, violations: &mut Violations) -> Option<Transport> {
    if url.trim().is_empty() {
        violations.push(Violation::required(
            Rule::GitUrlMissing,
            "spec.url",
            "the address of the repository",
        ));
        return None;
    }
    let (transport, judged) = git_url::parse(url, rule);
    if let Err(error) = judged {
        let shown = if git_url::may_hold_credentials(url) { Value::Withheld } else { url.into() };
        violations.push(match rule_of(error) {
            Rule::TextTooLong => Violation::too_long("spec.url", api::limits::URL_MAX),
            rule => Violation::invalid(rule, "spec.url", shown, error.to_string()),
        });
    }
    transport
}

fn rule_of(error: GitUrlError) -> Rule {
    match error {
        GitUrlError::Length => Rule::TextTooLong,
        GitUrlError::Surrounded | GitUrlError::Unprintable => Rule::GitUrlSpaces,
        GitUrlError::Scheme => Rule::GitUrlScheme,
        GitUrlError::Credentials => Rule::GitUrlCredentials,
        GitUrlError::Host => Rule::GitUrlHost,
        GitUrlError::Query => Rule::GitUrlQuery,
        GitUrlError::Parent => Rule::GitUrlParent,
        GitUrlError::Option => Rule::GitUrlOption,
        GitUrlError::Path => Rule::GitUrlPath,
        GitUrlError::Suffix => Rule::GitUrlSuffix,
    }
}

fn check_auth(transport: Option<Transport>, auth: Option<&GitAuth>, decision: &mut Decision) {
    let violations = &mut decision.violations;
    let Some(auth) = auth else {
        if transport == Some(Transport::Ssh) {
            let what_for = "a repository over SSH is read with auth of type \"key\" and a secretName";
            violations.push(Violation::required(Rule::GitAuthMissing, "spec.auth", what_for));
        }
        return;
    };
    let supported: &[&str] = match transport {
        Some(Transport::Git) => {
            let why = "git:// cannot carry credentials: use https:// or SSH";
            violations.push(Violation::forbidden(Rule::GitAuthUnsupported, "spec.auth", why));
            return;
        }
        Some(Transport::Ssh) => &["key"],
        Some(Transport::Http) | None => &AUTH_TYPES,
    };
    let auth_type = auth.auth_type.as_str();
    if auth_type.trim().is_empty() {
        let what_for = supported.join(" or ");
        violations.push(Violation::required(Rule::GitAuthType, "spec.auth.type", what_for));
    } else if !supported.contains(&auth_type) {
        let supported = supported.iter().copied();
        violations.push(Violation::not_supported(Rule::GitAuthType, "spec.auth.type", auth_type, supported));
    }
    let (field, secret_name) = ("spec.auth.secretName", auth.secret_name.as_str());
    if secret_name.trim().is_empty() {
        let what_for = "the Secret with the credentials";
        violations.push(Violation::required(Rule::GitAuthSecretName, field, what_for));
    } else if let Err(must) = syntax::dns_1123_subdomain(secret_name) {
        violations.push(Violation::invalid(Rule::GitAuthSecretName, field, secret_name, must));
    } else if registry_secret::USED.contains(&secret_name) {
        let why = "a registry Secret would send push credentials to any server: use a Secret that is for this repository alone";
        violations.push(Violation::forbidden(Rule::GitAuthRegistrySecret, field, why));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::decode::decode;

    const URL: &str = "https://h/r.git";

    fn judge(spec: &str) -> Decision {
        validate(GitUrls::Strict, &decode(&format!(r#"{{"spec": {spec}}}"#)).unwrap(), None)
    }

    #[rstest]
    #[case::public(r#"{"url": "https://h/r.git"}"#)]
    #[case::basic(r#"{"url": "https://h/r.git", "auth": {"type": "basic", "secretName": "s"}}"#)]
    #[case::git(r#"{"url": "git://h/r.git"}"#)]
    #[case::ssh(r#"{"url": "git@h:r.git", "auth": {"type": "key", "secretName": "s"}}"#)]
    fn accepts(#[case] spec: &str) {
        assert_eq!(judge(spec), Decision::allowed());
    }

    #[rstest]
    #[case::no_spec("null", "spec: Required value")]
    #[case::blank(r#"{"url": "  "}"#, "spec.url: Required value: the address of the repository")]
    #[case::scheme(r#"{"url": "some_url"}"#, r#"spec.url: Invalid value: "some_url": must start with http://, https://, git://, ssh:// or git+ssh://, or have the form user@host:path"#)]
    #[case::suffix(
        r#"{"url": "https://h/r"}"#,
        r#"spec.url: Invalid value: "https://h/r": must end with .git, unless the installation sets gitUrls: lenient"#
    )]
    #[case::credentials(
        r#"{"url": "https://user:password@h/r.git"}"#,
        "spec.url: Invalid value: must not hold credentials: put them into a Secret and name it in spec.auth.secretName"
    )]
    #[case::token_as_user(
        r#"{"url": "https://ghp_hush@github.com/o/r.git"}"#,
        "spec.url: Invalid value: must not hold credentials: put them into a Secret and name it in spec.auth.secretName"
    )]
    #[case::token_in_query(
        r#"{"url": "https://h/r.git?private_token=hush"}"#,
        "spec.url: Invalid value: must not have a query or a fragment: put credentials into a Secret and name it in spec.auth.secretName"
    )]
    #[case::token_with_another_fault(
        r#"{"url": "https://ghp_hush@github.com/o/r"}"#,
        "spec.url: Invalid value: must not hold credentials: put them into a Secret and name it in spec.auth.secretName"
    )]
    #[case::encoded_option(
        r#"{"url": "ssh://git@h/%2d%2dx.git", "auth": {"type": "key", "secretName": "s"}}"#,
        "spec.url: Invalid value: host, user and path must not start with '-'"
    )]
    #[case::registry_secret(
        r#"{"url": "http://127.0.0.1:29600/x.git", "auth": {"type": "basic", "secretName": "serverless-registry-config-default"}}"#,
        "spec.auth.secretName: Forbidden: a registry Secret would send push credentials to any server: use a Secret that is for this repository alone"
    )]
    #[case::own_registry_secret(
        r#"{"url": "https://h/x.git", "auth": {"type": "basic", "secretName": "serverless-registry-config"}}"#,
        "spec.auth.secretName: Forbidden: a registry Secret would send push credentials to any server: use a Secret that is for this repository alone"
    )]
    #[case::credentials_of_another_scheme(
        r#"{"url": "ftp://user:password@h/r.git"}"#,
        "spec.url: Invalid value: must start with http://, https://, git://, ssh:// or git+ssh://, or have the form user@host:path"
    )]
    #[case::ssh_without_auth(r#"{"url": "git@h:r.git"}"#, r#"spec.auth: Required value: a repository over SSH is read with auth of type "key" and a secretName"#)]
    #[case::ssh_with_basic(
        r#"{"url": "git@h:r.git", "auth": {"type": "basic", "secretName": "s"}}"#,
        r#"spec.auth.type: Unsupported value: "basic": supported values: "key""#
    )]
    #[case::ssh_all(
        r#"{"url": "git@h:r.git", "auth": {"secretName": " "}}"#,
        "spec.auth.type: Required value: key; spec.auth.secretName: Required value: the Secret with the credentials"
    )]
    #[case::http_type(
        r#"{"url": "https://h/r.git", "auth": {"type": "token", "secretName": "s"}}"#,
        r#"spec.auth.type: Unsupported value: "token": supported values: "basic", "key""#
    )]
    #[case::git_with_auth(
        r#"{"url": "git://h/r.git", "auth": {"type": "basic", "secretName": "s"}}"#,
        "spec.auth: Forbidden: git:// cannot carry credentials: use https:// or SSH"
    )]
    #[case::secret_name(r#"{"url": "https://h/r.git", "auth": {"type": "basic", "secretName": "S"}}"#, r#"spec.auth.secretName: Invalid value: "S": must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')"#)]
    #[case::url_and_auth(r#"{"url": "https://h/r", "auth": {}}"#, r#"spec.url: Invalid value: "https://h/r": must end with .git, unless the installation sets gitUrls: lenient; spec.auth.type: Required value: basic or key; spec.auth.secretName: Required value: the Secret with the credentials"#)]
    fn refuses(#[case] spec: &str, #[case] text: &str) {
        let violations: Vec<_> = judge(spec).violations.iter().map(ToString::to_string).collect();
        assert_eq!(violations.join("; "), text);
    }

    #[test]
    fn an_address_has_a_greatest_length() {
        let judge =
            |length: usize| judge(&format!(r#"{{"url": "https://h/{}.git"}}"#, "a".repeat(length - 14)));
        assert_eq!(judge(2048), Decision::allowed());
        let texts: Vec<_> = judge(2049).violations.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["spec.url: Too long: may not be more than 2048 bytes"]);
    }

    #[test]
    fn warns_of_a_key_over_http() {
        let decision = judge(r#"{"url": "https://h/r.git", "auth": {"type": "key", "secretName": "s"}}"#);
        let text = "spec.auth.type \"key\" cannot work over HTTP: use \"basic\", or the SSH address of the repository";
        let warning = Warning::new(Rule::GitAuthKeyOverHttp, text);
        assert_eq!((decision.violations, decision.warnings), (vec![], vec![warning]));
    }

    #[rstest]
    #[case::port("git@h:7999/p/r.git", Some("7999"))]
    #[case::name("git@h:7999p/r.git", None)]
    #[case::no_port("git@h:99999/p/r.git", None)]
    #[case::url("ssh://git@h:7999/p/r.git", None)]
    fn warns_of_a_port_that_is_a_folder(#[case] url: &str, #[case] port: Option<&str>) {
        let decision = judge(&format!(r#"{{"url": "{url}", "auth": {{"type": "key", "secretName": "s"}}}}"#));
        let warning = |port: &str| {
            let text = format!(
                "spec.url: {port} is the first folder of the path, not a port: if it is a port, write ssh://user@host:{port}/path.git"
            );
            Warning::new(Rule::GitUrlPortInPath, text)
        };
        assert_eq!(
            (decision.violations, decision.warnings),
            (vec![], port.map(warning).into_iter().collect())
        );
    }

    #[test]
    fn an_update_that_leaves_the_specification_alone_is_allowed() {
        let object = |label: &str, url: &str| -> GitRepositoryObject {
            decode(Box::leak(
                format!(r#"{{"metadata": {{"labels": {{"a": "{label}"}}}}, "spec": {{"url": "{url}"}}}}"#)
                    .into_boxed_str(),
            ))
            .unwrap()
        };
        let judge = |new: GitRepositoryObject, old: GitRepositoryObject| {
            validate(GitUrls::Strict, &new, Some(&old)).is_allowed()
        };
        assert!(judge(object("new", "bad"), object("old", "bad")));
        assert!(!judge(object("new", "bad"), object("old", URL)));
    }
}
