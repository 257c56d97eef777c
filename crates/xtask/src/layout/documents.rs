//! The JSON documents of a layout, pure.

use std::collections::HashMap;

use jiff::Timestamp;
use oci_spec::image::{
    ANNOTATION_REF_NAME, Arch as Processor, Config, Descriptor, ImageConfiguration, ImageIndex,
    ImageManifest, ImageManifestBuilder, MediaType, OciLayout, OciLayoutBuilder, Os, Platform, RootFs,
    SCHEMA_VERSION,
};

use super::args::{Arch, Args};
use super::layer::Layer;

/// How the image starts, and which layers it has.
pub(super) fn configuration(args: &Args, layers: &[Layer]) -> anyhow::Result<ImageConfiguration> {
    let created = Timestamp::from_second(args.source_date_epoch.into())?.to_string();
    let mut process = Config::default();
    process.set_env(some(args.environment.iter().map(|pair| format!("{}={}", pair.name, pair.value))));
    process.set_user(args.user.clone());
    process.set_working_dir(args.workdir.clone());
    process.set_entrypoint(some(args.entrypoint.iter().cloned()));
    process.set_cmd(some(args.cmd.iter().cloned()));
    process.set_exposed_ports(some(args.expose.iter().map(|port| format!("{port}/tcp"))));
    let labels = args.labels.iter().map(|pair| (pair.name.clone(), pair.value.clone()));
    process.set_labels(Some(labels.collect::<HashMap<_, _>>()).filter(|labels| !labels.is_empty()));

    let mut root = RootFs::default();
    root.set_diff_ids(layers.iter().map(|layer| layer.diff_id.clone()).collect());
    let mut configuration = ImageConfiguration::default();
    configuration.set_created(Some(created));
    configuration.set_architecture(processor(args.arch));
    configuration.set_os(Os::Linux);
    configuration.set_config(Some(process));
    configuration.set_rootfs(root);
    Ok(configuration)
}

/// The image: its configuration and its layers.
pub(super) fn manifest(configuration: Descriptor, layers: Vec<Descriptor>) -> anyhow::Result<ImageManifest> {
    let manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .config(configuration)
        .layers(layers);
    Ok(manifest.build()?)
}

/// What is in the layout: one image, with its name.
pub(super) fn index(mut image: Descriptor, args: &Args) -> ImageIndex {
    let name = (ANNOTATION_REF_NAME.to_owned(), args.name.clone());
    image.set_annotations(Some(HashMap::from([name])));
    let mut platform = Platform::default();
    platform.set_architecture(processor(args.arch));
    platform.set_os(Os::Linux);
    image.set_platform(Some(platform));
    let mut index = ImageIndex::default();
    index.set_media_type(Some(MediaType::ImageIndex));
    index.set_manifests(vec![image]);
    index
}

/// The content of the file that marks a layout.
pub(super) fn mark() -> anyhow::Result<OciLayout> {
    Ok(OciLayoutBuilder::default().image_layout_version("1.0.0").build()?)
}

fn processor(arch: Arch) -> Processor {
    match arch {
        Arch::Amd64 => Processor::Amd64,
        Arch::Arm64 => Processor::ARM64,
    }
}

/// A list that is left out if it is empty.
fn some(texts: impl Iterator<Item = String>) -> Option<Vec<String>> {
    Some(texts.collect::<Vec<_>>()).filter(|texts| !texts.is_empty())
}
