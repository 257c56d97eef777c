//! A folder as the kubelet mounts a Secret: files are links through `..data`, which is swapped at once.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use tempfile::TempDir;

/// A mounted Secret with a certificate and its key.
pub struct Mounted {
    folder: TempDir,
    generation: usize,
}

impl Mounted {
    pub fn new(certificate: &str, key: &str) -> Self {
        let mut new = Self { folder: tempfile::tempdir().unwrap(), generation: 0 };
        new.swap(certificate, key);
        for file in ["tls.crt", "tls.key"] {
            symlink(PathBuf::from("..data").join(file), new.folder.path().join(file)).unwrap();
        }
        new
    }

    /// Replaces the content, as the kubelet does after a change of the Secret.
    pub fn swap(&mut self, certificate: &str, key: &str) {
        let folder = self.folder.path();
        let (old, data) = (self.generation, folder.join(format!("..{}", self.generation + 1)));
        fs::create_dir(&data).unwrap();
        fs::write(data.join("tls.crt"), certificate).unwrap();
        fs::write(data.join("tls.key"), key).unwrap();
        symlink(&data, folder.join("..data_tmp")).unwrap();
        fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
        if old > 0 {
            fs::remove_dir_all(folder.join(format!("..{old}"))).unwrap();
        }
        self.generation += 1;
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("tls.crt")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.path().join("tls.key")
    }
}
