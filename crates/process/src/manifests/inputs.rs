//! The input of an offline command as its flags name it, and the files that are meant.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::documents::Document;
use super::stream::Documents;

/// The name of the standard input.
const STDIN: &str = "-";

/// The flags that name the input, the same for every command.
#[derive(Clone, Debug, clap::Args)]
pub struct Inputs {
    /// Files or folders; - is the standard input
    #[arg(required_unless_present = "filename", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The same as PATH, as kubectl names it; may be repeated
    #[arg(short, long, value_name = "PATH")]
    filename: Vec<PathBuf>,
    /// Leaves out files and folders with this name or path in a folder; may be repeated
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<Pattern>,
    /// Names what is skipped
    #[arg(short, long)]
    pub verbose: bool,
}

/// What a walk through the input has found.
#[derive(Debug, Default)]
pub struct Files {
    /// The files, in order.
    pub files: Vec<PathBuf>,
    /// The bytes in them, as far as they are known.
    pub bytes: u64,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// How many files and folders were met, visited before or not.
    met: usize,
    /// The real folders and files so far: each is visited once, whatever links lead to it.
    seen: HashSet<PathBuf>,
}

/// A file or folder, or a document in it, that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The file or folder.
    pub path: PathBuf,
    /// Where in the file, if known, from 1.
    pub line: Option<usize>,
    /// Why.
    pub text: String,
}

impl Inputs {
    /// The files of the input. Of folders those that are wanted, in order, but nothing hidden; a folder without any is a
    /// problem, which says that it holds no `what`.
    #[must_use]
    pub fn files(&self, wanted: fn(&Path) -> bool, what: &str) -> Files {
        let mut found = Files::default();
        for path in self.paths.iter().chain(&self.filename) {
            if !path.is_dir() {
                found.add(path.clone());
                continue;
            }
            let before = (found.met, found.problems.len());
            found.collect(path, &|inner| wanted(inner) && !self.leaves_out(inner, path), &|inner| {
                !self.leaves_out(inner, path)
            });
            if before == (found.met, found.problems.len()) {
                let text = format!("no {what} found in \"{}\"", path.display());
                found.problems.push(Problem { path: path.clone(), line: None, text });
            }
        }
        found
    }

    fn leaves_out(&self, path: &Path, root: &Path) -> bool {
        let inside = path.strip_prefix(root).unwrap_or(path);
        let name = path.file_name().map_or(path, Path::new);
        self.exclude
            .iter()
            .any(|pattern| [name, inside, path].into_iter().any(|path| pattern.matches_path(path)))
    }
}

impl Files {
    /// Reads the documents of the files, one at a time, by way of `wrap`; what cannot be read is reported in between.
    /// `command` takes what a template is rendered to.
    pub fn read(
        self,
        command: &'static str,
        wrap: impl Fn(Box<dyn Read>) -> Box<dyn Read>,
        mut each: impl FnMut(&Path, Result<Document, Problem>),
    ) {
        for problem in self.problems {
            each(&problem.path.clone(), Err(problem));
        }
        for path in self.files {
            let problem = |line, text| Problem { path: path.clone(), line, text };
            match open(&path).and_then(|file| Documents::new(wrap(file), command)) {
                Ok(documents) => {
                    for document in documents {
                        each(&path, document.map_err(|error| problem(Some(error.line), error.to_string())));
                    }
                }
                Err(error) => each(&path, Err(problem(None, error.to_string()))),
            }
        }
    }

    /// Whether this was visited before, by whatever path.
    fn is_seen(&mut self, path: &Path) -> bool {
        let is_seen = path.canonicalize().is_ok_and(|real| !self.seen.insert(real));
        self.met += usize::from(is_seen);
        is_seen
    }

    fn add(&mut self, file: PathBuf) {
        if self.is_seen(&file) {
            return;
        }
        self.met += 1;
        self.bytes += file.metadata().map_or(0, |metadata| metadata.len());
        self.files.push(file);
    }

    fn collect(&mut self, folder: &Path, wanted: &dyn Fn(&Path) -> bool, entered: &dyn Fn(&Path) -> bool) {
        if self.is_seen(folder) {
            return;
        }
        let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut paths: Vec<_> = match entries {
            Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
            Err(error) => {
                let (path, text) = (folder.to_owned(), error.to_string());
                return self.problems.push(Problem { path, line: None, text });
            }
        };
        paths.retain(|path| !is_hidden(path));
        paths.sort();
        for path in paths {
            if !path.is_dir() {
                if wanted(&path) {
                    self.add(path);
                }
            } else if entered(&path) {
                self.collect(&path, wanted, entered);
            }
        }
    }
}

/// A mounted ConfigMap keeps its content in hidden folders, to which its files are links.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Opens a file; `-` is the standard input.
fn open(file: &Path) -> io::Result<Box<dyn Read>> {
    if file.as_os_str() == STDIN { Ok(Box::new(io::stdin())) } else { Ok(Box::new(File::open(file)?)) }
}

/// Whether a file of a folder can hold manifests, by its name.
#[must_use]
pub fn holds_manifests(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["json", "yaml", "yml"].contains(&extension)
}
