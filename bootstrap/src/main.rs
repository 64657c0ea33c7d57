//! `meteorite-bootstrap`: starts the server.

fn main() {}
