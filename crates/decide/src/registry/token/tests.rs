//! Requests and what they get.

mod granted;
mod refused;
mod requests;
