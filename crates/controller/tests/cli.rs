//! The command line of the controller as its users see it: the real binary, its output and its exit codes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

/// The exit code, standard output and standard error.
fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_serverless-controller"));
    // A home directory without a kubeconfig.
    let output = command.args(args).env_clear().env("HOME", "/nonexistent").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const COMMANDS: [&str; 5] = ["run", "plan", "cleanup", "completions", "man"];

#[test]
fn the_help_of_each_command_has_examples_and_exit_codes_and_no_markup() {
    for command in COMMANDS {
        let (code, help, _) = run(&[command, "--help"]);
        assert_eq!(code, Some(0));
        for text in ["\nExamples:\n  # ", "serverless-controller ", "\nExit codes:\n", "  64  wrong use"] {
            assert!(help.contains(text), "{command}: {text}: {help}");
        }
        assert!(!help.contains('`') && !help.contains("<http"), "{command}: {help}");
    }
    let (_, help, _) = run(&["run", "--help"]);
    assert!(help.contains("\n  APP_FUNCTION_BUILD_EXECUTOR_IMAGE\n      build.executorImage\n"), "{help}");
}

#[test]
fn completions_and_manual_pages_come_from_the_definition() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, script, _) = run(&["completions", shell]);
        assert_eq!(code, Some(0));
        assert!(script.contains("serverless-controller") && script.contains("finalizers-only"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(&["man", "--out", folder.path().to_str().unwrap()]).0, Some(0));
    for command in COMMANDS {
        let page = std::fs::read_to_string(folder.path().join(format!("serverless-controller-{command}.1")));
        let page = page.unwrap();
        for text in [".SH \"EXIT STATUS\"\n", ".SH EXAMPLES\n", "\"serverless-controller 0."] {
            assert!(page.contains(text), "{command}: {text}: {page}");
        }
    }
    let main = std::fs::read_to_string(folder.path().join("serverless-controller.1")).unwrap();
    assert_eq!(run(&["man"]), (Some(0), main.clone(), String::new()));
    assert_eq!(main.lines().filter(|line| line.ends_with("(1)")).count(), COMMANDS.len(), "{main}");
}

#[test]
fn wrong_flags_are_refused_with_what_is_right() {
    let (code, _, err) = run(&["run", "--log-level", "loud"]);
    assert_eq!(
        (code, err.as_str()),
        (
            Some(64),
            "error: --log-level \"loud\": must be a level (off, error, warn, info, debug or trace), or levels by module, such as info,serverless_webhook=debug\n"
        )
    );
    let (code, _, err) = run(&["run", "--admin-listen", "localhost:8080"]);
    assert_eq!(code, Some(64));
    assert!(err.contains("must be an address with a port, such as [::]:8443 or 127.0.0.1:8443"), "{err}");
}

#[test]
fn a_missing_kubeconfig_is_reported_once() {
    for args in [&["run", "--admin-listen", "127.0.0.1:0"][..], &["cleanup"]] {
        let (code, _, err) = run(args);
        assert_eq!(
            (code, err.as_str()),
            (
                Some(2),
                "error: no API server is known: this process does not run in a Pod, and the kubeconfig /nonexistent/.kube/config cannot be read: No such file or directory (os error 2)\n"
            )
        );
    }
}
