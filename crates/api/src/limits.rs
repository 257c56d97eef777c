//! Size limits for the parts of an object. They are far larger than any real object, and bound the work and memory for
//! each one. The schemas of the CRDs have them, and so has the webhook, which is called before the schemas are checked.

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
