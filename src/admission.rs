//! From a request of the API server to the answer: bodies, the envelope of reviews, and which rules an endpoint asks. No
//! rule is here, and nothing of connections.

pub mod app;
pub mod body;
mod handlers;
pub mod question;
pub mod review;
pub mod routes;
mod secret_buffer;
pub mod wire;
