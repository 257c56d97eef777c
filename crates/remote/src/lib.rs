//! What is not Kubernetes: Git servers and registries. Tenants choose their addresses, so each is judged before it is asked
//! (`guard`), nobody is followed elsewhere, and every answer is bounded.

#[doc(hidden)]
pub mod fuzzing;
pub mod git;
pub mod guard;
mod http;
pub mod registry;
