#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use rstest::rstest;

use super::*;

/// The end of the log of buildctl, where npm of Node.js 22 does not find a package.
const NPM: &str = r#"#11 0.412 npm error code E404
#11 0.412 npm error 404 Not Found - GET http://mirror.example.com/lodahs
#11 0.412 npm error 404
#11 0.412 npm error 404  'lodahs@1.0.0' is not in this registry.
#11 0.412 npm error 404
#11 0.412 npm error 404 Note that you can also install from a
#11 0.412 npm error 404 tarball, folder, http url, or git url.
#11 0.413 npm error A complete log of this run can be found in: /root/.npm/_logs/2026-11-26T14_46_05_737Z-debug-0.log
#11 ERROR: process "/bin/sh -c cd /kubeless && npm install --no-audit --no-fund --no-package-lock" did not complete successfully: exit code: 1
------
 > [7/8] RUN cd /kubeless && npm install --no-audit --no-fund --no-package-lock:
0.412 npm error 404
0.412 npm error 404  'lodahs@1.0.0' is not in this registry.
0.412 npm error 404
0.412 npm error 404 Note that you can also install from a
0.412 npm error 404 tarball, folder, http url, or git url.
0.413 npm error A complete log of this run can be found in: /root/.npm/_logs/2026-11-26T14_46_05_737Z-debug-0.log
------
Dockerfile:9
--------------------
   7 |     COPY --link /runtime/server.js /opt/serverless/
   8 |     COPY /src/package.json /kubeless/package.json
   9 | >>> RUN cd /kubeless && npm install --no-audit --no-fund --no-package-lock
  10 |     COPY --link /src /kubeless
  11 |     USER 1000
--------------------
error: failed to solve: process "/bin/sh -c cd /kubeless && npm install --no-audit --no-fund --no-package-lock" did not complete successfully: exit code: 1
"#;

/// The end of the log of buildctl, where pip does not find a version.
const PIP: &str = r#"#11 1.105 Looking in indexes: http://mirror.example.com/simple
#11 1.301 ERROR: Could not find a version that satisfies the requirement toolz==99.0 (from versions: 1.0.0)
#11 1.301 ERROR: No matching distribution found for toolz==99.0
#11 ERROR: process "/bin/sh -c pip install -r /kubeless/requirements.txt" did not complete successfully: exit code: 1
------
 > [7/8] RUN pip install -r /kubeless/requirements.txt:
1.301 ERROR: Could not find a version that satisfies the requirement toolz==99.0 (from versions: 1.0.0)
1.301 ERROR: No matching distribution found for toolz==99.0
------
error: failed to solve: process "/bin/sh -c pip install -r /kubeless/requirements.txt" did not complete successfully: exit code: 1
"#;

/// The end of the log of kaniko, where npm of Node.js 12 does not find a version.
const KANIKO: &str = r"INFO[0009] RUN cd /kubeless && npm install --no-audit
INFO[0009] Cmd: /bin/sh
INFO[0009] Running: [/bin/sh -c cd /kubeless && npm install --no-audit]
npm ERR! code ETARGET
npm ERR! notarget No matching version found for ms@99.0.0.
npm ERR! notarget In most cases you or one of your dependencies are requesting
npm ERR! notarget a package version that doesn't exist.

npm ERR! A complete log of this run can be found in:
npm ERR!     /root/.npm/_logs/2026-11-26T14_46_09_059Z-debug.log
error building image: error building stage: failed to execute command: waiting for process to exit: exit status 1
";

#[rstest]
#[case::npm(
    NPM,
    "failed to solve: process \"/bin/sh -c cd /kubeless && npm install --no-audit --no-fund --no-package-lock\" did not complete successfully: exit code: 1: npm error 404  'lodahs@1.0.0' is not in this registry."
)]
#[case::pip(
    PIP,
    "failed to solve: process \"/bin/sh -c pip install -r /kubeless/requirements.txt\" did not complete successfully: exit code: 1: ERROR: No matching distribution found for toolz==99.0"
)]
#[case::long_command(
    "#9 0.3 ERROR: No matching distribution found for x\nerror: failed to solve: process \"/bin/sh -c pip install --no-cache-dir --disable-pip-version-check --no-compile --target /kubeless/packages --requirement /kubeless/requirements.txt --constraint /kubeless/constraints.txt --upgrade\" did not complete successfully: exit code: 1",
    "failed to solve: process \"/bin/sh -c pip install --no-cache-dir --disable-pip-version-check --no-compile --target /kubeless/packages --requirement /kubeless/requirements.txt --constraint /kubeless/co… did not complete successfully: exit code: 1: ERROR: No matching distribution found for x"
)]
#[case::kaniko(
    KANIKO,
    "error building image: error building stage: failed to execute command: waiting for process to exit: exit status 1: npm ERR! notarget No matching version found for ms@99.0.0."
)]
#[case::unknown_complaint(
    "#9 0.3 node-gyp: no compiler\n#9 0.3 npm error gyp ERR! not ok\n#9 0.4 npm error A complete log of this run can be found in: /root/.npm/_logs/x.log\n#9 0.5 bye\nerror: failed to solve: process \"/bin/sh -c npm ci\" did not complete successfully: exit code: 1",
    "failed to solve: process \"/bin/sh -c npm ci\" did not complete successfully: exit code: 1: npm error gyp ERR! not ok"
)]
#[case::no_complaint(
    "#9 0.3 one\n#9 0.4 two\n#9 DONE 0.4s\nerror: failed to solve: process \"/bin/sh -c x\" did not complete successfully: exit code: 3",
    "failed to solve: process \"/bin/sh -c x\" did not complete successfully: exit code: 3: two"
)]
#[case::either_side_of_buildkit(
    "error: failed to run Build function: dockerfile parse error on line 3: unknown instruction: RAN",
    "failed to solve: dockerfile parse error on line 3: unknown instruction: RAN"
)]
#[case::nothing_written(
    "error: failed to solve: process \"/bin/sh -c x\" did not complete successfully: exit code: 3",
    "failed to solve: process \"/bin/sh -c x\" did not complete successfully: exit code: 3"
)]
#[case::no_step_failed(
    "#9 0.3 npm warn deprecated x\n#10 ERROR: failed to push registry.example.com/x:1: unexpected status from HEAD request to https://registry.example.com/v2/x/blobs/sha256:0: 401 Unauthorized\n------\n > pushing manifest for registry.example.com/x:1:\n------\nerror: failed to solve: failed to push registry.example.com/x:1: unexpected status from HEAD request to https://registry.example.com/v2/x/blobs/sha256:0: 401 Unauthorized",
    "failed to solve: failed to push registry.example.com/x:1: unexpected status from HEAD request to https://registry.example.com/v2/x/blobs/sha256:0: 401 Unauthorized"
)]
#[case::wrong_argument_of_kaniko(
    "Error: unknown flag: --cash\nUsage:\n  executor [flags]\n\nFlags:\n  -h, --help",
    "Error: unknown flag: --cash"
)]
fn the_last_error_of_the_builder_is_told_with_its_cause(#[case] log: &str, #[case] expected: &str) {
    assert_eq!(cause(log).as_deref(), Some(expected));
}

#[test]
fn a_long_command_leaves_room_for_its_cause() {
    let command = "x".repeat(900);
    let log = format!(
        "#9 0.3 ERROR: no\nerror: failed to solve: process \"/bin/sh -c {command}\" did not complete successfully: exit code: 1"
    );
    let cause = cause(&log).unwrap();
    let end = " did not complete successfully: exit code: 1: ERROR: no";
    assert!(cause.ends_with(&format!("xx…{end}")) && cause.chars().count() == 200 + end.len(), "{cause}");
}

#[rstest]
#[case("")]
#[case("npm ERR! 404 no such package: lodahs")]
#[case("errors everywhere\nINFO[0001] done")]
fn a_log_without_an_error_has_no_cause(#[case] log: &str) {
    assert_eq!(cause(log), None);
}
