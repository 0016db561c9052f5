//! Templates, styles and scripts are part of the program: it is built anew when one of them changes.

fn main() {
    for folder in ["templates", "static", "vendor"] {
        let folder = format!("../../frontend/{folder}");
        println!("cargo::rerun-if-changed={folder}");
    }
}
