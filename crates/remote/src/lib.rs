//! Everything that is not Kubernetes: Git servers and registries. Tenants choose their addresses, so each address is
//! checked before it is contacted (`guard`), redirects are not followed, and every answer is bounded.

#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "git")]
pub mod git;
pub mod guard;
mod http;
pub mod registry;
