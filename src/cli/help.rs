//! What `--help` of each command says below its flags.

use process::exit::EXIT_CODES;
use process::help::below;

use crate::config;

pub(super) fn program() -> String {
    EXIT_CODES.to_owned()
}

pub(super) fn serve() -> String {
    let examples = below(&[
        (
            "Serve with a certificate from files, and with a configuration",
            "serverless-webhook serve --tls-cert-file tls.crt --tls-private-key-file tls.key --config webhook.yaml",
        ),
        ("In a Pod: issue and renew the certificate, too", "serverless-webhook serve --self-managed-certs"),
    ]);
    format!("{examples}\n{}", config::SETTINGS.help())
}

/// What the commands that print reports read from the environment.
const COLOUR: &str = "Environment:\n  NO_COLOR\n      reports without colours, unless it is empty\n";

pub(super) fn replay() -> String {
    let examples = below(&[
        ("Show what becomes of the requests in an audit log", "serverless-webhook replay audit.log"),
        (
            "Compare the answers with the recorded ones",
            "serverless-webhook replay --expect fixtures/admission",
        ),
        (
            "Ask a server that runs",
            "serverless-webhook replay --url https://localhost:8443 --ca-file ca.crt review.json",
        ),
    ]);
    format!("{examples}\n{COLOUR}")
}

pub(super) fn check() -> String {
    let examples = below(&[
        ("Check the manifests of a folder", "serverless-webhook check manifests/"),
        ("Check what Helm renders", "helm template chart/ | serverless-webhook check -"),
        ("Show which defaults each object gets", "serverless-webhook check --diff function.yaml"),
        ("Annotate a pull request on GitHub", "serverless-webhook check --output github manifests/"),
    ]);
    format!("{examples}\n{COLOUR}")
}

pub(super) fn render() -> String {
    below(&[
        ("Print hosts.toml for containerd 2.4", "serverless-webhook render values.yaml"),
        (
            "Write them to a node with containerd 1.7",
            "serverless-webhook render values.yaml --containerd 1.7 --out /etc/containerd",
        ),
        (
            "Take over the configuration of k3s",
            "serverless-webhook render /etc/rancher/k3s/registries.yaml --to values --out .",
        ),
        (
            "Move a node from the older configuration of containerd to hosts.toml",
            "serverless-webhook render /etc/containerd/config.toml --to hosts --out /etc/containerd",
        ),
        ("Print the files of a KubeadmConfig", "serverless-webhook render secret.yaml --to kubeadm"),
    ])
}

pub(super) fn certs() -> String {
    below(&[(
        "Make certificates that are valid for localhost and for the Service",
        "serverless-webhook certs --out certs/",
    )])
}

pub(super) fn completions() -> String {
    below(&[
        ("Load the completions into this shell", "source <(serverless-webhook completions bash)"),
        (
            "Install them for fish",
            "serverless-webhook completions fish > ~/.config/fish/completions/serverless-webhook.fish",
        ),
    ])
}

pub(super) fn man() -> String {
    below(&[
        ("Read the page of the program", "serverless-webhook man | man -l -"),
        ("Install all pages", "serverless-webhook man --out /usr/local/share/man/man1"),
    ])
}
