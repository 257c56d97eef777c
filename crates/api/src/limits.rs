//! How large the parts of an object may be: far beyond any real one, so that work and memory for each object are bounded.
//! The schemas of the CRDs hold them, and so does the webhook, which is asked before the schemas are.

/// The most entries of a list or a map.
pub const ENTRIES_MAX: usize = 1000;
/// The longest source and the longest dependencies, in characters.
pub const TEXT_MAX: usize = 1 << 20;
/// The longest address of a repository, in characters.
pub const URL_MAX: usize = 2048;
/// The longest directory or reference in a repository, in characters.
pub const PATH_MAX: usize = 4096;
/// The longest name, in characters.
pub const NAME_MAX: usize = 253;
