//! Why a program has crashed, in what it wrote last: the line that names the error, and not the stack around it.

/// The last line that names an error, as Node.js and Python write it: `TypeError: x is not a function`. Lines of the stack
/// are indented.
pub(super) fn error(output: &str) -> Option<&str> {
    output
        .lines()
        .map(str::trim_end)
        .rfind(|line| !line.starts_with(char::is_whitespace) && names_an_error(line))
}

/// Whether a line has the name of an error, and what follows it: `…Error: text`, or `…Error [CODE]: text`.
fn names_an_error(line: &str) -> bool {
    let words = || line.split(' ');
    words().zip(words().skip(1)).any(|(word, next)| {
        let name = if next.starts_with('[') { Some(word) } else { word.strip_suffix(':') };
        name.is_some_and(|name| name.ends_with("Error") || name.ends_with("Exception"))
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::error;

    #[rstest]
    #[case::node(
        "/kubeless/handler.js:1\nthrow new Error('it cannot start')\n^\n\nError: it cannot start\n    at Object.<anonymous> (/kubeless/handler.js:1:7)\n    at Module._compile (node:internal/modules/cjs/loader:1554:14)\n\nNode.js v22.23.1\n",
        Some("Error: it cannot start")
    )]
    #[case::of_the_runtime(
        "/kubeless/handler.js cannot be loaded: Error: it cannot start\n    at Object.<anonymous> (/kubeless/handler.js:1:7)\n",
        Some("/kubeless/handler.js cannot be loaded: Error: it cannot start")
    )]
    #[case::missing_module(
        "Error: Cannot find module 'lodash'\nRequire stack:\n- /kubeless/handler.js\n    at Function._resolveFilename (node:internal/modules/cjs/loader:1212:15) {\n  code: 'MODULE_NOT_FOUND'\n}\n",
        Some("Error: Cannot find module 'lodash'")
    )]
    #[case::with_a_code(
        "AssertionError [ERR_ASSERTION]: no\n    at x",
        Some("AssertionError [ERR_ASSERTION]: no")
    )]
    #[case::python(
        "Traceback (most recent call last):\n  File \"/opt/serverless/server.py\", line 231, in <module>\n    handler = load()\nModuleNotFoundError: No module named 'requests'\n",
        Some("ModuleNotFoundError: No module named 'requests'")
    )]
    #[case::of_a_package(
        "requests.exceptions.ConnectionError: refused\n",
        Some("requests.exceptions.ConnectionError: refused")
    )]
    #[case::other_words("the database is not there\nError\n", None)]
    #[case::nothing("", None)]
    fn the_error_is_found(#[case] output: &str, #[case] expected: Option<&str>) {
        assert_eq!(error(output), expected);
    }
}
