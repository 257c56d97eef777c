//! The pure admission rules: no clock, no environment, no I/O, no async.
