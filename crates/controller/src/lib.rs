//! Turns Functions into `ConfigMaps`, build Jobs, Deployments, Services and autoscalers.
//!
//! Here are the pure parts: what the objects of a Function are to be (`desired`), and what is to be done next (`decide`).

pub mod config;
pub mod decide;
pub mod desired;
pub mod difference;
pub mod image;
pub mod names;
