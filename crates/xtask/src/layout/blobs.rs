//! Files of a layout that are named by their digest.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use aws_lc_rs::digest::{Context, SHA256};
use oci_spec::OciSpecError;
use oci_spec::image::{Descriptor, MediaType, Sha256Digest};
use tempfile::NamedTempFile;

/// The folder of the blobs.
pub(super) struct Blobs(PathBuf);

impl Blobs {
    pub(super) fn create(layout: &Path) -> anyhow::Result<Self> {
        let folder = layout.join("blobs/sha256");
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// Stores what is written. Returns the blob, and what the writer returns.
    pub(super) fn store<T>(
        &self,
        write: impl FnOnce(&mut dyn Write) -> anyhow::Result<T>,
    ) -> anyhow::Result<(Blob, T)> {
        let file = NamedTempFile::new_in(&self.0)?;
        let mut out = Digesting::new(BufWriter::new(&file));
        let result = write(&mut out)?;
        out.flush()?;
        let blob = out.finish();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644))?;
        let path = self.0.join(&blob.hex);
        file.persist(&path).with_context(|| path.display().to_string())?;
        Ok((blob, result))
    }
}

/// A file, by what it holds.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Blob {
    hex: String,
    size: u64,
}

impl Blob {
    pub(super) fn digest(&self) -> String {
        format!("sha256:{}", self.hex)
    }

    pub(super) fn descriptor(&self, of: MediaType) -> Result<Descriptor, OciSpecError> {
        Ok(Descriptor::new(of, self.size, self.hex.parse::<Sha256Digest>()?))
    }
}

/// Passes on what is written, and computes its digest.
pub(super) struct Digesting<W> {
    inner: W,
    digest: Context,
    size: u64,
}

impl<W: Write> Digesting<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, digest: Context::new(&SHA256), size: 0 }
    }

    /// What was written.
    pub(super) fn finish(self) -> Blob {
        let mut hex = String::new();
        for byte in self.digest.finish().as_ref() {
            let _ = write!(hex, "{byte:02x}");
        }
        Blob { hex, size: self.size }
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
