//! Why a build has failed: the last error of the builder in the end of its log, what the step that failed has written, and
//! what helps.

use super::inputs::Inputs;
use super::model::Source;

/// The most characters of the error of the builder, and of the command in it: what the step has written comes after it.
const ERROR: usize = 200;

/// Two beginnings of one error: which of its two sides reports a Dockerfile that cannot be built first is chance. The second
/// one is replaced by the first.
const FAILED: [&str; 2] = ["failed to solve: ", "failed to run Build function: "];

/// How BuildKit says that a command of the Dockerfile has failed; what it ended with comes after it.
const FAILED_STEP: &str = " did not complete successfully: ";

/// A cause that is known by its words.
pub(super) struct Known {
    /// What the words hold then, in lower case: one of these.
    pub(super) marks: &'static [&'static str],
    /// What to do. `SECRET`, `DEPENDENCIES` and `RUNTIME` stand for those of the Function.
    pub(super) remedy: &'static str,
}

const PACKAGE: Known = Known {
    marks: &[
        "is not in this registry",
        "is not in the npm registry",
        "no matching version found for",
        "no matching distribution found for",
        "404 not found - get",
    ],
    remedy: "there is no such package or version: correct its name or version in DEPENDENCIES",
};
const UNREACHABLE: Known = Known {
    marks: &[
        "enotfound",
        "eai_again",
        "etimedout",
        "econnrefused",
        "newconnectionerror",
        "name resolution",
        "network is unreachable",
    ],
    remedy: "the build does not reach the registry of packages: allow it in the network policies of the namespace",
};
const LIMITED: Known =
    Known { marks: &["exceeds the limit"], remedy: "a build may take no more disk than this: install less" };
const DISK: Known = Known {
    marks: &["no space left on device", "ephemeral"],
    remedy: "the build needs more disk than it has: install less, or ask the operator for a node with more disk",
};
const MEMORY: Known = Known {
    marks: &["oomkilled", "exit code: 137", "exit status 137", "signal: killed", "heap out of memory"],
    remedy: "the build needs more memory: choose a larger build preset",
};
const NO_TLS: Known = Known {
    marks: &["server gave http response to https client"],
    remedy: "the registry has no TLS: the operator adds it to registryCheck.plainHttp",
};
const AUTHORITY: Known = Known {
    marks: &["certificate signed by unknown authority"],
    remedy: "the builder does not trust the certificate of the registry: the operator gives the builder its CA",
};
const BASE_IMAGE: Known = Known {
    marks: &["failed to resolve source metadata for", "unable to retrieve image", "no match for platform in"],
    remedy: "the base image of the runtime cannot be pulled: correct its name in ConfigMap RUNTIME, or in runtimes of the controller's configuration",
};
pub(super) const REFUSED: Known = Known {
    marks: &[
        "unauthorized",
        "authentication required",
        "denied:",
        "403 forbidden",
        "no basic auth credentials",
        "insufficient_scope",
    ],
    remedy: "the registry refuses the credentials of Secret SECRET: correct its username and password",
};
const SOURCE: Known = Known {
    marks: &["\"/src/", "/workspace/src/"],
    remedy: "the Dockerfile copies a file that the source lacks: add it",
};
const DOCKERFILE: Known =
    Known { marks: &["dockerfile"], remedy: "the operator corrects the Dockerfile in ConfigMap RUNTIME" };

/// Causes of a step that fails, in their order.
const OF_STEPS: [&Known; 4] = [&PACKAGE, &DISK, &MEMORY, &UNREACHABLE];
/// Causes of everything else, in their order.
const OF_BUILDERS: [&Known; 9] =
    [&LIMITED, &DISK, &MEMORY, &NO_TLS, &AUTHORITY, &BASE_IMAGE, &REFUSED, &SOURCE, &DOCKERFILE];

/// The last error in the log of a builder, with the cause if a step of the build has failed. `None` if the log has no
/// error.
pub(super) fn cause(log: &str) -> Option<String> {
    let lines: Vec<_> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let (before, rest) = lines.split_at(lines.iter().rposition(|line| is_error(line))?);
    let error = rest.first()?;
    let error = error.strip_prefix("error: ").unwrap_or(error);
    let [first, second] = FAILED;
    let error = error.strip_prefix(second).map_or_else(|| error.to_owned(), |rest| format!("{first}{rest}"));
    let written = if is_of_step(&error) { written(before, &error) } else { None };
    Some(match written {
        None => error,
        Some(written) => format!("{}: {written}", shortened(&error)),
    })
}

/// A cause, and what to do about it, if that is known.
pub(super) fn advised(words: &str, inputs: &Inputs<'_>) -> String {
    let known: &[&Known] = if is_of_step(words) { &OF_STEPS } else { &OF_BUILDERS };
    Known::advised(known, words, inputs)
}

impl Known {
    /// The words, and what to do about the first of these causes that they hold.
    pub(super) fn advised(all: &[&Self], words: &str, inputs: &Inputs<'_>) -> String {
        let Some(found) = all.iter().find(|known| known.fits(words)) else { return words.to_owned() };
        let dependencies = match inputs.function.source {
            Source::Inline { .. } => "spec.deps",
            Source::Git { .. } => &inputs.runtime.dependencies_file,
        };
        let remedy = found
            .remedy
            .replace("SECRET", &inputs.registry.secret)
            .replace("DEPENDENCIES", dependencies)
            .replace("RUNTIME", &inputs.runtime_image.config_map);
        format!("{words} ({remedy})")
    }

    fn fits(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.marks.iter().any(|mark| text.contains(mark))
    }
}

/// Whether a line is an error of a builder: of buildctl (`error: …`), of kaniko (`error building image: …`), or of the
/// command line of either (`Error: …`).
fn is_error(line: &str) -> bool {
    let start = line.get(..6).unwrap_or_default();
    start.eq_ignore_ascii_case("error:") || start.eq_ignore_ascii_case("error ")
}

/// Whether an error is that a command of the Dockerfile has failed, in the words of BuildKit or of kaniko.
fn is_of_step(error: &str) -> bool {
    is_of_buildkit(error) || error.contains("waiting for process to exit: ")
}

fn is_of_buildkit(error: &str) -> bool {
    error.contains(FAILED_STEP)
}

/// An error without the end of the command that it names, if that is long. How it ended stays: the remedy depends on it.
fn shortened(error: &str) -> String {
    let (command, end) = error.split_at(error.rfind(FAILED_STEP).unwrap_or(error.len()));
    format!("{}{}", policy::text::cut(command, ERROR), policy::text::cut(end, ERROR))
}

/// The line by which the failed command says why.
fn written<'a>(before: &[&'a str], error: &str) -> Option<&'a str> {
    let lines: Vec<&str> = if is_of_buildkit(error) {
        before.iter().filter_map(|line| after_time(line)).collect()
    } else {
        before.iter().filter(|line| !is_of_kaniko(line)).copied().collect()
    };
    let last = |is_wanted: &dyn Fn(&str) -> bool| lines.iter().rev().copied().find(|line| is_wanted(line));
    let known = OF_STEPS.iter().find_map(|known| last(&|line| known.fits(line)));
    known.or_else(|| last(&is_complaint)).or_else(|| last(&|_| true))
}

/// The text of a line that a command writes in a log of BuildKit: `#9 3.214 text`, or `3.214 text` where it repeats the
/// end.
fn after_time(line: &str) -> Option<&str> {
    let line = if line.starts_with('#') { line.split_once(' ')?.1 } else { line };
    let (time, text) = line.split_once(' ')?;
    let (seconds, fraction) = time.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(seconds) && is_number(fraction)).then_some(text.trim())
}

/// Whether a line is the log of kaniko itself: `INFO[0003] …`.
fn is_of_kaniko(line: &str) -> bool {
    ["INFO[", "WARN[", "DEBU[", "ERRO["].iter().any(|level| line.starts_with(level))
}

/// Whether npm, pip or another program complains, and does not only name its own log.
fn is_complaint(line: &str) -> bool {
    let starts = ["npm err", "error", "fatal", "err!"];
    let lower = line.to_lowercase();
    starts.iter().any(|start| lower.starts_with(start))
        && !lower.contains("_logs/")
        && !lower.contains("a complete log of this run")
}

#[cfg(test)]
mod tests;
