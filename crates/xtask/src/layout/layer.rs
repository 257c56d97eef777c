//! A folder as a layer: a tar archive whose bytes follow from the folder's content alone.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::Write;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};
use walkdir::WalkDir;

use super::args::Args;
use super::blobs::{Blob, Blobs, Digesting};

/// A layer, as it is stored.
pub(super) struct Layer {
    pub(super) blob: Blob,
    /// The digest of the archive before it is compressed.
    pub(super) diff_id: String,
}

/// Stores a folder as a layer.
pub(super) fn store(folder: &Path, args: &Args, blobs: &Blobs) -> anyhow::Result<Layer> {
    let (blob, diff_id) = blobs.store(|out| {
        if args.uncompressed {
            return archive(folder, args.source_date_epoch, out);
        }
        // No name and no time in its header; the operating system is "unknown".
        let mut gzip = GzBuilder::new().mtime(0).operating_system(255).write(out, Compression::default());
        let diff_id = archive(folder, args.source_date_epoch, &mut gzip)?;
        gzip.finish()?;
        Ok(diff_id)
    })?;
    Ok(Layer { blob, diff_id })
}

/// Writes a folder as an archive. Returns the digest of the archive.
fn archive(folder: &Path, time: u32, out: &mut dyn Write) -> anyhow::Result<String> {
    if !fs::metadata(folder).context("name a folder that exists")?.is_dir() {
        bail!("this is a file: name the folder that holds it");
    }
    let mut archive = Archive { builder: Builder::new(Digesting::new(out)), time, linked: BTreeMap::new() };
    // The order of their names, a folder before what it holds.
    for entry in WalkDir::new(folder).min_depth(1).sort_by_file_name() {
        let entry = entry?;
        let path = entry.path().strip_prefix(folder)?;
        let metadata = entry.metadata()?;
        archive.append(path, entry.path(), &metadata).with_context(|| path.display().to_string())?;
    }
    Ok(archive.builder.into_inner()?.finish().digest())
}

/// An archive that is being written.
struct Archive<W: Write> {
    builder: Builder<W>,
    time: u32,
    /// Files with more than one name, by device and inode, and the name that came first.
    linked: BTreeMap<(u64, u64), PathBuf>,
}

impl<W: Write> Archive<W> {
    /// Appends what is at `source` as `path`.
    fn append(&mut self, path: &Path, source: &Path, metadata: &Metadata) -> anyhow::Result<()> {
        let mut header = Header::new_gnu();
        header.set_mode(metadata.permissions().mode() & 0o7777);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(self.time.into());
        header.set_size(0);
        if metadata.is_symlink() {
            header.set_entry_type(EntryType::Symlink);
            self.builder.append_link(&mut header, path, fs::read_link(source)?)?;
        } else if metadata.is_dir() {
            header.set_entry_type(EntryType::Directory);
            self.builder.append_data(&mut header, path, std::io::empty())?;
        } else if !metadata.is_file() {
            bail!("a layer holds files, folders and links only: delete it");
        } else if let Some(first) = self.first_name(path, metadata) {
            header.set_entry_type(EntryType::Link);
            self.builder.append_link(&mut header, path, first)?;
        } else {
            header.set_entry_type(EntryType::Regular);
            header.set_size(metadata.len());
            self.builder.append_data(&mut header, path, File::open(source)?)?;
        }
        Ok(())
    }

    /// The name under which the archive holds this file already.
    fn first_name(&mut self, path: &Path, metadata: &Metadata) -> Option<PathBuf> {
        if metadata.nlink() < 2 {
            return None;
        }
        let file = (metadata.dev(), metadata.ino());
        let first = self.linked.get(&file).cloned();
        if first.is_none() {
            self.linked.insert(file, path.to_owned());
        }
        first
    }
}
