//! Writes an image as an OCI image layout, without a container engine: folders become layers. The same folders and flags
//! make the same bytes, on every machine.

mod args;
mod blobs;
mod documents;
mod layer;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use oci_spec::image::MediaType;
use serde::Serialize;

pub use args::{Arch, Args, Pair};
use blobs::{Blob, Blobs};

/// The file that marks a folder as a layout.
const MARK: &str = "oci-layout";

/// Writes the layout. Returns the digest of its image.
pub fn write(args: &Args) -> anyhow::Result<String> {
    let output = &args.output;
    let blobs = clear(output).with_context(|| format!("--output {}", output.display()))?;
    let layers = args.layers.iter().map(|folder| {
        layer::store(folder, args, &blobs).with_context(|| format!("--layer {}", folder.display()))
    });
    let layers = layers.collect::<anyhow::Result<Vec<_>>>()?;
    let configuration = store(&blobs, &documents::configuration(args, &layers)?)?;
    let layers =
        layers.iter().map(|layer| layer.blob.descriptor(args.layer_type())).collect::<Result<_, _>>()?;
    let manifest = documents::manifest(configuration.descriptor(MediaType::ImageConfig)?, layers)?;
    let image = store(&blobs, &manifest)?;
    let index = documents::index(image.descriptor(MediaType::ImageManifest)?, args);
    // Last: a layout that is not complete has none, and every tool refuses it.
    fs::write(output.join("index.json"), text(&index)?)?;
    Ok(image.digest())
}

/// Deletes an earlier layout in a folder, and nothing else.
fn clear(output: &Path) -> anyhow::Result<Blobs> {
    fs::create_dir_all(output)?;
    if output.join(MARK).exists() {
        fs::remove_file(output.join("index.json")).or_else(absent)?;
        fs::remove_dir_all(output.join("blobs")).or_else(absent)?;
    } else if fs::read_dir(output)?.next().is_some() {
        bail!("the folder is not empty and is no OCI layout: name another, or delete its files");
    }
    // First: so the next run may replace what a failed one has left.
    fs::write(output.join(MARK), text(&documents::mark()?)?)?;
    Blobs::create(output)
}

fn absent(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn store<T: Serialize>(blobs: &Blobs, document: &T) -> anyhow::Result<Blob> {
    let text = text(document)?;
    Ok(blobs.store(|out| Ok(out.write_all(text.as_bytes())?))?.0)
}

/// The bytes of a document. Converted to a value first, which sorts the keys: the maps of the types do not.
fn text<T: Serialize>(document: &T) -> anyhow::Result<String> {
    Ok(serde_json::to_value(document)?.to_string())
}
