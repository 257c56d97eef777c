//! What `render` reads: files, the format they are in, and the registries that they say.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use decide::nodes::files::Files;
use decide::nodes::import::{self, Imported};
use decide::nodes::render::values;
use jiff::Timestamp;
use policy::container_registries::{self, HiddenText, Registries, Tree};
use policy::{Warning, base64};
use process::manifests::{Document, Documents};

use super::format::Source;
use crate::cli::input::shown;

/// The longest file, in bytes: containerd and k3s read no longer ones.
const LENGTH_MAX: u64 = 1 << 20;
/// The most files of a folder.
const FILES_MAX: usize = 10_000;
/// How deep folders are read: `certs.d/docker.io/hosts.toml`.
const DEPTH_MAX: usize = 3;
/// The file in the folder of a host.
const HOSTS_FILE: &str = "hosts.toml";
/// How the names of files with certificates end.
const CERTIFICATES: [&str; 4] = ["pem", "crt", "cer", "cert"];

/// What was read.
pub(super) struct Input {
    pub(super) registries: Registries,
    /// What the formats of others say, and ours does not.
    pub(super) left_out: Vec<String>,
    /// What its author should know.
    pub(super) warnings: Vec<Warning>,
    /// The name of the Secret that held the values.
    pub(super) secret: Option<String>,
}

/// Why nothing is rendered.
pub(super) enum Failure {
    /// A flag.
    Usage(String),
    /// A file.
    Unreadable(String),
    /// What is wrong in files of others.
    Malformed(Vec<String>),
    /// Nothing is left: what was left out, and that.
    Empty(Vec<String>, String),
    /// What the rules refuse.
    Refused(Vec<String>),
}

/// Reads a file, a folder or the standard input.
pub(super) fn read(path: &Path, from: Option<Source>, now: Timestamp) -> Result<Input, Failure> {
    let (main, files) =
        files(path).map_err(|error| Failure::Unreadable(format!("{}: {error}", shown(path))))?;
    let (source, file) = match (from, &main) {
        (Some(Source::Hosts), _) => (Source::Hosts, String::new()),
        (Some(source), Some(main)) => (source, main.clone()),
        (Some(_), None) => {
            return Err(Failure::Usage(format!(
                "{}: name a file, not a folder, for this format",
                shown(path)
            )));
        }
        (None, Some(main)) => (detect(main, &files), main.clone()),
        (None, None) if files.0.keys().any(|path| path.ends_with("/hosts.toml")) => {
            (Source::Hosts, String::new())
        }
        (None, None) => {
            let problem = "no folder in it holds hosts.toml: name a file, or the format with --from";
            return Err(Failure::Usage(format!("{}: {problem}", shown(path))));
        }
    };
    let imported = match source {
        Source::Values => {
            return read_values(&file, files.0.get(&file).map_or("", |text| text.reveal()), now);
        }
        Source::K3s => import::k3s::import(&file, &files),
        Source::Hosts => import::hosts::import(&files),
        Source::ContainerdConfig => import::containerd_config::import(&file, &files),
    };
    judge(imported, &shown(path), now)
}

/// Applies our rules to what others said.
fn judge(imported: Imported, path: &str, now: Timestamp) -> Result<Input, Failure> {
    let Imported { registries, left_out, errors } = imported;
    if !errors.is_empty() {
        return Err(Failure::Malformed(errors));
    }
    if registries.0.is_empty() {
        return Err(Failure::Empty(left_out, format!("{path}: there are no registries in it")));
    }
    let reading = container_registries::read(values::render(&registries).reveal(), now);
    if !reading.violations.is_empty() {
        let violations = reading.violations.iter().map(|violation| format!("{path}: {violation}"));
        return Err(Failure::Refused(violations.collect()));
    }
    Ok(Input { registries: reading.registries, left_out, warnings: reading.warnings, secret: None })
}

/// Reads the one document with values.
fn read_values(file: &str, text: &str, now: Timestamp) -> Result<Input, Failure> {
    let unreadable = |problem: String| Failure::Unreadable(format!("{file}: {problem}"));
    let documents = Documents::new(text.as_bytes(), "serverless-webhook render")
        .map_err(|error| unreadable(error.to_string()))?;
    let mut found = Vec::new();
    for document in documents {
        let document = document
            .map_err(|error| Failure::Unreadable(format!("{file}:{}: {}", error.line, error.text)))?;
        let values = values_of(&document).map_err(|(field, must)| {
            Failure::Unreadable(format!("{file}:{}: {field} {must}", document.line_of(field)))
        })?;
        found.extend(values.map(|values| (document, values)));
    }
    let [(document, values)] = found.as_slice() else {
        let problem = format!("it must hold containerRegistries once, and holds it {} times", found.len());
        return Err(unreadable(problem));
    };
    let reading = container_registries::read(values.text.reveal(), now);
    if !reading.violations.is_empty() {
        let line_of = |field| document.line_of(values.field.unwrap_or(field));
        let violations = reading
            .violations
            .iter()
            .map(|violation| format!("{file}:{}: {violation}", line_of(&violation.field)));
        return Err(Failure::Refused(violations.collect()));
    }
    Ok(Input {
        registries: reading.registries,
        left_out: Vec::new(),
        warnings: reading.warnings,
        secret: values.secret.clone(),
    })
}

/// The fields of a Secret that hold values.
const IN_CLEAR: &str = "stringData.values";
const ENCODED: &str = "data.values";

/// Values in a document.
struct Values {
    text: HiddenText,
    /// The field that holds them, if they are in a Secret.
    field: Option<&'static str>,
    /// The name of the Secret.
    secret: Option<String>,
}

/// The values in a document, or what a field must be that does not hold them.
fn values_of(document: &Document) -> Result<Option<Values>, (&'static str, &'static str)> {
    let value = &document.value;
    // A misspelt key is refused with its place.
    if container_registries::recognise(value) != container_registries::Document::Other {
        return Ok(Some(Values { text: HiddenText::new(document.text()), field: None, secret: None }));
    }
    if value.get("kind").and_then(|kind| kind.as_str()) != Some("Secret") {
        return Ok(None);
    }
    let name = value.pointer("/metadata/name").and_then(|name| name.as_str()).map(str::to_owned);
    let in_field =
        |text: &str, field| Values { text: HiddenText::new(text), field: Some(field), secret: name.clone() };
    if let Some(text) = value.pointer("/stringData/values").and_then(|text| text.as_str()) {
        return Ok(Some(in_field(text, IN_CLEAR)));
    }
    let Some(encoded) = value.pointer("/data/values").filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let bytes = encoded.as_str().and_then(base64::decode);
    let text = bytes.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.map(|text| Some(in_field(text, ENCODED))).ok_or((ENCODED, "must be the base64 of YAML"))
}

/// The format of a file: TOML by its name, anything else by its content.
fn detect(path: &str, files: &Files) -> Source {
    let name = path.rsplit('/').next().unwrap_or_default();
    if name == HOSTS_FILE {
        return Source::Hosts;
    }
    if Path::new(name).extension().is_some_and(|end| end == "toml") {
        return Source::ContainerdConfig;
    }
    let text = files.0.get(path).map_or("", |text| text.reveal());
    match Tree::parse(text) {
        Ok(tree) if ["mirrors", "configs"].iter().any(|key| tree.get(key).is_some()) => Source::K3s,
        // A Secret can hold TOML.
        Ok(Tree::Map(_)) => Source::Values,
        _ if text.lines().any(|line| line.trim_start().starts_with("[plugins")) => Source::ContainerdConfig,
        _ => Source::Values,
    }
}

/// The files of a path by their paths, and the one that is meant, unless it is a folder.
fn files(path: &Path) -> io::Result<(Option<String>, Files)> {
    let mut files = Files::default();
    if path.as_os_str() == "-" {
        files.0.insert("-".to_owned(), read_text(io::stdin())?);
        return Ok((Some("-".to_owned()), files));
    }
    if path.is_dir() {
        add_folder(&mut files, path, path, DEPTH_MAX)?;
        return Ok((None, files));
    }
    if !fs::metadata(path)?.is_file() {
        // A pipe, such as /dev/stdin. What is beside it belongs to something else.
        files.0.insert(shown(path), read_text(fs::File::open(path)?)?);
        return Ok((Some(shown(path)), files));
    }
    let text = text_of(path)?.ok_or_else(|| io::Error::other("it is no text"))?;
    // The folder of a hosts.toml has the name of its host.
    let folder = if path.parent().is_some_and(|parent| parent.as_os_str().is_empty()) {
        Path::new(".").canonicalize()?
    } else {
        path.parent().map(Path::to_owned).unwrap_or_default()
    };
    let is_of_host = is_hosts_file(path);
    let main = if is_of_host { folder.join(HOSTS_FILE) } else { path.to_owned() };
    files.0.insert(shown(&main), text);
    for entry in fs::read_dir(&folder)?.flatten() {
        let beside = entry.path();
        if is_certificate(&beside)
            && let Ok(Some(text)) = text_of(&beside)
        {
            files.0.entry(shown(&main.with_file_name(entry.file_name()))).or_insert(text);
        }
    }
    Ok((Some(shown(&main)), files))
}

fn add_folder(files: &mut Files, root: &Path, folder: &Path, depth: usize) -> io::Result<()> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if depth > 0 {
                add_folder(files, root, &path, depth - 1)?;
            }
        } else if (is_hosts_file(&path) || is_certificate(&path))
            && let Some(text) = text_of(&path)?
        {
            if files.0.len() >= FILES_MAX {
                return Err(io::Error::other(format!("it holds more than {FILES_MAX} files")));
            }
            files.0.insert(shown(path.strip_prefix(root).unwrap_or(&path)), text);
        }
    }
    Ok(())
}

fn is_hosts_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == HOSTS_FILE)
}

fn is_certificate(path: &Path) -> bool {
    path.extension().is_some_and(|end| CERTIFICATES.iter().any(|known| end == *known))
}

/// The text of a file; none if it is something else.
fn text_of(path: &Path) -> io::Result<Option<HiddenText>> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Ok(None);
    }
    check_length(metadata.len())?;
    Ok(String::from_utf8(fs::read(path)?).ok().map(HiddenText::new))
}

/// A text of unknown length.
fn read_text(from: impl io::Read) -> io::Result<HiddenText> {
    let mut text = String::new();
    let read = from.take(LENGTH_MAX + 1).read_to_string(&mut text);
    // Hidden first, so that it is wiped.
    let text = HiddenText::new(text);
    read?;
    check_length(text.reveal().len() as u64)?;
    Ok(text)
}

fn check_length(length: u64) -> io::Result<()> {
    if length <= LENGTH_MAX { Ok(()) } else { Err(io::Error::other("it is longer than 1 MiB")) }
}
