//! The text that `--help` of each command prints below its flags.

use crate::config;
use process::exit::EXIT_CODES;
use process::help::below;

pub(super) fn program() -> String {
    EXIT_CODES.to_owned()
}

pub(super) fn run() -> String {
    let examples = below(&[
        ("Manage the cluster of the kubeconfig", "serverless-controller run --config controller.yaml"),
        (
            "Copy runtimes and credentials only, beside another controller",
            "serverless-controller run --reconcile copies --lease-name serverless-copies",
        ),
    ]);
    format!("{examples}\n{}", config::SETTINGS.help())
}

pub(super) fn plan() -> String {
    below(&[
        ("Print the objects of a Function", "serverless-controller plan -f function.yaml"),
        ("Print those of what Helm renders", "helm template chart/ | serverless-controller plan -f -"),
    ])
}

pub(super) fn cleanup() -> String {
    below(&[
        ("Print what would be removed", "serverless-controller cleanup --dry-run"),
        (
            "Remove the finalizers, and keep the copies that running Functions need",
            "serverless-controller cleanup --finalizers-only",
        ),
    ])
}

pub(super) fn completions() -> String {
    below(&[("Load the completions into this shell", "source <(serverless-controller completions bash)")])
}

pub(super) fn man() -> String {
    below(&[
        ("Read the page of the program", "serverless-controller man | man -l -"),
        ("Install all pages", "serverless-controller man --out /usr/local/share/man/man1"),
    ])
}
