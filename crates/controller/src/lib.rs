//! Turns Functions into `ConfigMaps`, build Jobs, Deployments, Services and autoscalers.
//!
//! Pure are what the objects of a Function are to be (`desired`), what is to be done next (`decide`) and who builds next
//! (`queue`). `stores` observes, `run` is the loop.

pub mod config;
pub mod decide;
pub mod desired;
pub mod difference;
pub mod image;
pub mod names;
pub mod queue;
pub mod run;
pub mod stores;
