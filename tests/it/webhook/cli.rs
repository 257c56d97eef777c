//! The command line as its users see it: the real binary, its output and its exit codes.

use rstest::rstest;

use crate::harness::cli::{run, shown, webhook};

#[test]
fn help_explains_commands_and_exit_codes() {
    let (code, help, _) = run(&["--help"]);
    assert_eq!(code, 0);
    for text in [
        "serve",
        "replay",
        "check",
        "render",
        "certs",
        "completions",
        "man",
        "64  wrong use: a flag or the configuration",
        "69  the server",
    ] {
        assert!(help.contains(text), "{text}: {help}");
    }
    let (code, help, _) = run(&["serve", "--help"]);
    assert_eq!(code, 0);
    for flag in [
        "listen",
        "admin-listen",
        "tls-cert-file",
        "tls-private-key-file",
        "config",
        "client-ca-file",
        "client-name",
        "shutdown-delay",
        "drain-timeout",
        "max-in-flight",
    ] {
        let variable = format!("[env: WEBHOOK_{}=]", flag.to_uppercase().replace('-', "_"));
        assert!(help.contains(&format!("--{flag} ")) && help.contains(&variable), "{flag}: {help}");
    }
    assert!(help.contains("WEBHOOK_VALIDATION_RESERVED_ENVS\n"), "{help}");
}

#[rstest]
#[case::serve("serve")]
#[case::replay("replay")]
#[case::check("check")]
#[case::render("render")]
#[case::certs("certs")]
#[case::completions("completions")]
#[case::man("man")]
fn the_help_of_each_command_has_examples_and_exit_codes_and_no_markup(#[case] command: &str) {
    let (code, help, _) = run(&[command, "--help"]);
    assert_eq!(code, 0);
    for text in ["\nExamples:\n  # ", "serverless-webhook ", "\nExit codes:\n", "  64  wrong use"] {
        assert!(help.contains(text), "{text}: {help}");
    }
    assert!(!help.contains('`') && !help.contains("<http"), "{help}");
}

#[test]
fn flags_stand_under_their_own_heading() {
    let (_, help, _) = run(&["serve", "--help"]);
    let (_, options) = help.split_once("\nOptions:\n").unwrap();
    let (options, tls) = options.split_once("\nTLS:\n").unwrap();
    for flag in ["--listen ", "--admin-listen ", "--config ", "--reload-interval "] {
        assert!(options.contains(flag) && !tls.contains(&format!("      {flag}<")), "{flag}: {help}");
    }
    assert!(tls.contains("--tls-cert-file ") && tls.contains("--client-ca-file "), "{help}");
}

#[rstest]
#[case::unknown_level(&["--log-level", "loud"], "error: --log-level \"loud\": must be a level (off, error, warn, info, debug or trace), or levels by module, such as info,serverless_webhook=debug\n")]
#[case::no_certificate(&[], "error: a certificate is missing: give --tls-cert-file and --tls-private-key-file, or --self-managed-certs, with which the webhook issues its own\n")]
#[case::no_kubeconfig(&["--self-managed-certs"], "error: --self-managed-certs: no API server is known: this process does not run in a Pod, and the kubeconfig /nonexistent/.kube/config cannot be read: No such file or directory (os error 2)\n")]
fn serve_says_what_is_missing_and_how_to_give_it(#[case] args: &[&str], #[case] text: &str) {
    // A home directory without a kubeconfig.
    let output = webhook().arg("serve").args(args).env("HOME", "/nonexistent").output().unwrap();
    let (code, _, err) = shown(&output);
    assert_eq!((code, err.as_str()), (64, text));
}

#[test]
fn an_address_needs_no_host_but_a_port() {
    let (code, _, err) = run(&["serve", "--listen", "localhost:8443"]);
    assert_eq!(code, 64);
    assert!(err.contains("must be an address with a port, such as [::]:8443 or 127.0.0.1:8443"), "{err}");
    let (code, _, err) = run(&["serve", "--listen", ":8443", "--admin-listen", ":9090"]);
    assert_eq!(code, 64);
    assert!(err.starts_with("error: a certificate is missing: "), "{err}");
}

#[rstest]
#[case::no_command(&[])]
#[case::unknown_flag(&["check", "--frobnicate", "x"])]
#[case::no_path(&["replay"])]
#[case::certificate_without_key(&["serve", "--tls-cert-file", "a"])]
#[case::bad_time(&["serve", "--tls-cert-file", "a", "--tls-private-key-file", "b", "--idle-timeout", "soon"])]
#[case::zero_time(&["serve", "--tls-cert-file", "a", "--tls-private-key-file", "b", "--idle-timeout", "0s"])]
#[case::name_without_authority(&["serve", "--tls-cert-file", "a", "--tls-private-key-file", "b", "--client-name", "x"])]
#[case::two_ways_to_trust(&["replay", "--url", "https://localhost", "--ca-file", "a", "--insecure", "x"])]
#[case::expect_and_record(&["replay", "--expect", "--record", "x"])]
fn wrong_use_ends_with_64(#[case] args: &[&str]) {
    let (code, out, err) = run(args);
    assert_eq!((code, out.as_str()), (64, ""));
    assert!(err.starts_with("error: ") || err.contains("Usage: "), "{err}");
}

#[test]
fn what_cannot_be_served_is_named_and_ends_with_64() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let serve = |cert: &str, extra: &[&str]| {
        let (code, _, err) = shown(
            &webhook()
                .args([
                    "serve",
                    "--listen",
                    "127.0.0.1:0",
                    "--admin-listen",
                    "127.0.0.1:0",
                    "--tls-cert-file",
                    cert,
                    "--tls-private-key-file",
                    &path("tls.key"),
                ])
                .args(extra)
                .output()
                .unwrap(),
        );
        (code, err.replace(folder.path().to_str().unwrap(), "DIR"))
    };
    assert_eq!(
        serve(&path("tls.crt"), &[]),
        (64, "error: --tls-cert-file DIR/tls.crt: No such file or directory (os error 2)\n".to_owned())
    );
    assert_eq!(run(&["certs", "--out", folder.path().to_str().unwrap()]).0, 0);
    std::fs::write(path("webhook.yaml"), "function:\n  replicas:\n    defaultPreset: XXL\n").unwrap();
    let expected = "error: DIR/webhook.yaml:3: function.replicas.defaultPreset: there is no preset \"XXL\"; there are: L, M, S, XL\n";
    assert_eq!(serve(&path("tls.crt"), &["--config", &path("webhook.yaml")]), (64, expected.to_owned()));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listener = std::net::TcpListener::bind(taken).unwrap();
    let (code, err) = serve(&path("tls.crt"), &["--listen", &taken.to_string(), "--log-format", "text"]);
    drop(listener);
    assert_eq!(
        (code, err.contains("cannot be used multiple times") || err.contains("Address already in use")),
        (64, true),
        "{err}"
    );
    assert_eq!(serve(&path("tls.crt"), &["--log-level", "a=b=c"]).0, 64);
}

#[test]
fn certs_are_written_once_with_private_keys() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("certs");
    let args = ["certs", "--out", out.to_str().unwrap()];
    let (code, listed, _) = run(&args);
    let names = ["ca.crt", "ca.key", "tls.crt", "tls.key"];
    assert_eq!((code, listed), (0, names.map(|name| format!("{}\n", out.join(name).display())).concat()));
    let mode = |name: &str| std::fs::metadata(out.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(names.map(mode), [0o644, 0o600, 0o644, 0o600]);
    let before = std::fs::read(out.join("ca.crt")).unwrap();
    let (code, _, err) = run(&args);
    assert_eq!(
        (code, err),
        (64, format!("error: {} exists: --force replaces it\n", out.join("ca.crt").display()))
    );
    assert_eq!(run(&[&args[..], &["--force"]].concat()).0, 0);
    assert_ne!(std::fs::read(out.join("ca.crt")).unwrap(), before);
}

#[test]
fn completions_and_manual_pages_come_from_the_definition() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, script, _) = run(&["completions", shell]);
        assert!(
            code == 0 && script.contains("serverless-webhook") && script.contains("tls-cert-file"),
            "{shell}"
        );
    }
    let (code, page, _) = run(&["man"]);
    assert!(code == 0 && page.contains(".TH serverless-webhook"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(&["man", "--out", folder.path().to_str().unwrap()]).0, 0);
    for command in ["serve", "replay", "check", "render", "certs", "completions", "man"] {
        let page = folder.path().join(format!("serverless-webhook-{command}.1"));
        let page = std::fs::read_to_string(page).unwrap();
        for text in [".SH \"EXIT STATUS\"\n", ".SH EXAMPLES\n", "\"serverless-webhook 0."] {
            assert!(page.contains(text), "{command}: {text}: {page}");
        }
    }
    let main = std::fs::read_to_string(folder.path().join("serverless-webhook.1")).unwrap();
    assert_eq!(main.lines().filter(|line| line.ends_with("(1)")).count(), 7, "{main}");
}
