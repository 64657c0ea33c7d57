//! Development tasks: cargo xtask <name>.
fn main() {}
