//! Tags that are rules: whoever approves access to what stands under them keeps a distance (access rule 16).

/// The governed keys.
pub const KEYS: &[&str] = &["pii"];

/// Whether a tag is governed: its key, before `=` or `:`, is one of [`KEYS`].
pub fn is_governed(tag: &str) -> bool {
    let key = tag.split(['=', ':']).next().unwrap_or_default();
    KEYS.iter().any(|governed| key.trim().eq_ignore_ascii_case(governed))
}

#[cfg(test)]
mod tests {
    use super::is_governed;

    #[test]
    fn the_key_alone_counts() {
        for tag in ["pii", "PII", "pii=name", "pii:name", "pii = name"] {
            assert!(is_governed(tag), "{tag}");
        }
        for tag in ["", "spii", "piii", "about pii", "free=pii"] {
            assert!(!is_governed(tag), "{tag}");
        }
    }
}
