//! Migrations are compiled in: a changed file has to rebuild the crate.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
