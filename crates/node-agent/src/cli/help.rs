//! The text that `--help` of each command prints below its flags.

use process::exit::EXIT_CODES;
use process::help::below;

pub(super) fn program() -> String {
    EXIT_CODES.to_owned()
}

pub(super) fn run() -> String {
    below(&[
        ("Follow the Secret of the namespace of this Pod", "serverless-node-agent run"),
        (
            "Follow the file `values` in a folder, for another folder of containerd",
            "serverless-node-agent run --source /etc/registries --hosts-dir /etc/containerd/hosts",
        ),
    ])
}

pub(super) fn clean() -> String {
    below(&[
        ("Remove every file of the agent from this node", "serverless-node-agent clean"),
        (
            "The same at the end of a Pod, unless only this Pod ends",
            "serverless-node-agent clean --unless-daemon-set serverless-node-agent",
        ),
        (
            "The same on a node whose containerd reads another folder",
            "serverless-node-agent clean --hosts-dir /etc/containerd/hosts",
        ),
    ])
}

pub(super) fn doctor() -> String {
    below(&[
        ("Examine this node", "serverless-node-agent doctor"),
        (
            "Compare a copy of /etc/containerd with the Secret that was asked for",
            "serverless-node-agent doctor --root copy --containerd 2.4.2 --offline --wanted secret.yaml",
        ),
    ])
}

pub(super) fn completions() -> String {
    below(&[("Load the completions into this shell", "source <(serverless-node-agent completions bash)")])
}

pub(super) fn man() -> String {
    below(&[
        ("Read the page of the program", "serverless-node-agent man | man -l -"),
        ("Install all pages", "serverless-node-agent man --out /usr/local/share/man/man1"),
    ])
}
