//! A Function without dependencies does not wait for a package manager.

use std::fs;
use std::process::Command;

use rstest::rstest;

/// Blank dependencies are `{}` for Node.js, as the controller writes them.
#[rstest]
#[case("nodejs", "package.json", "{}", false)]
#[case("nodejs", "package.json", "{}\n", false)]
#[case("nodejs", "package.json", r#"{"dependencies": {}}"#, true)]
#[case("nodejs", "package.json", r#"{"dependencies": {"ms": "2.1.3"}}"#, true)]
// The package manager says what is wrong.
#[case("nodejs", "package.json", "", true)]
#[case("nodejs", "package.json", "{", true)]
#[case("python", "requirements.txt", "", false)]
#[case("python", "requirements.txt", " \n\t\n", false)]
#[case("python", "requirements.txt", "toolz==1.0.0\n", true)]
fn the_package_manager_runs_if_there_is_something_to_install(
    #[case] language: &str,
    #[case] file: &str,
    #[case] dependencies: &str,
    #[case] expected: bool,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("kubeless")).unwrap();
    fs::write(path("kubeless").join(file), dependencies).unwrap();
    for name in ["npm", "pip"] {
        fs::write(path(name), "#!/bin/sh\necho \"$@\"\nexit $STATUS\n").unwrap();
        assert!(Command::new("chmod").arg("+x").arg(path(name)).status().unwrap().success());
    }
    let dockerfile = testenv::root().join("runtimes").join(language).join("Dockerfile");
    let dockerfile = fs::read_to_string(dockerfile).unwrap();
    let mut steps = dockerfile.lines().filter_map(|line| line.strip_prefix("RUN "));
    let step = steps.find(|step| step.contains("/kubeless")).unwrap();
    let step = step.replace("/kubeless", &path("kubeless").display().to_string());
    let run = |status: &str| {
        let paths = format!("{}:/usr/bin:/bin", folder.path().display());
        let output = Command::new("sh")
            .args(["-ec", &step])
            .env_clear()
            .envs([("PATH", paths.as_str()), ("STATUS", status)])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{step}");
        (output.status.success(), said.starts_with("install "))
    };
    assert_eq!(run("0"), (true, expected));
    // If it fails, the build does.
    assert_eq!(run("1"), (!expected, expected));
}
