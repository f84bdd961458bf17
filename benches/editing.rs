//! Placeholder until the kernel stands.
fn main() {}
