//! The text that `--help` of each command prints below its flags.

use process::exit::EXIT_CODES;
use process::help::below;

pub(super) fn program() -> String {
    EXIT_CODES.to_owned()
}

pub(super) fn serve() -> String {
    below(&[(
        "Guard the registry at port 5000 of this machine",
        "serverless-registry serve --tls-cert-file tls.crt --tls-private-key-file tls.key --token-ca-cert-file ca.crt --token-ca-key-file ca.key --token-issuer registry --token-service registry",
    )])
}

pub(super) fn cache() -> String {
    below(&[
        (
            "Serve the cache at port 5002 of this machine, whose registry asks for credentials",
            "serverless-registry cache --tls-cert-file tls.crt --tls-private-key-file tls.key --remote-url https://registry-1.docker.io --credentials-secret registry-docker-io-credentials --namespace kyma-system",
        ),
        (
            "Let clients pull what their own logins may pull from the upstream",
            "serverless-registry cache --tls-cert-file tls.crt --tls-private-key-file tls.key --remote-url https://registry-1.docker.io --authorize --token-issuer cache --token-service cache --token-ca-cert-file ca.crt --token-ca-key-file ca.key",
        ),
    ])
}

pub(super) fn get() -> String {
    below(&[(
        "Ask the gateway in this Pod",
        "echo registry-1.docker.io | serverless-registry credentials get",
    )])
}

pub(super) fn install() -> String {
    below(&[(
        "Put the helper where the registry finds it",
        "serverless-registry credentials install /helper/docker-credential-cache",
    )])
}

pub(super) fn explain() -> String {
    below(&[
        (
            "Ask whether an account for pushes may push",
            "serverless-registry acl explain --account push.team.web.1 --label origin=cr --label accessMode=push --repository team/app --action push auth_config.yml",
        ),
        (
            "Ask what a client may do that has not logged in",
            "serverless-registry acl explain --repository hello-world --action pull,push --ip 10.0.0.1 auth_config.yml",
        ),
        (
            "Ask who may list all repositories",
            "serverless-registry acl explain --account admin --catalog auth_config.yml",
        ),
    ])
}

pub(super) fn completions() -> String {
    below(&[("Load the completions into this shell", "source <(serverless-registry completions bash)")])
}

pub(super) fn man() -> String {
    below(&[
        ("Read the page of the program", "serverless-registry man | man -l -"),
        ("Install all pages", "serverless-registry man --out /usr/local/share/man/man1"),
    ])
}
