//! The registry configuration of nodes: from the model to the files of each runtime, and back.

pub mod files;
pub mod version;
