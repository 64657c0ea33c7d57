//! Rebuilds the crate when a migration is added: `sqlx::migrate!` embeds the folder, but cargo only watches files it already knows.

fn main() {
    // Cargo reads build script instructions from standard output.
    #[expect(clippy::print_stdout, reason = "this is how a build script talks to cargo")]
    {
        println!("cargo:rerun-if-changed=migrations");
    }
}
