//! Patterns for `LIKE … ESCAPE '\'` made from texts that people type.

/// Matches whatever holds the text somewhere.
pub(crate) fn containing(text: &str) -> String {
    format!("%{}%", literal(text))
}

/// Matches whatever begins with the text.
pub(crate) fn beginning(text: &str) -> String {
    format!("{}%", literal(text))
}

/// The text as itself: no character of it is a wildcard. NUL, which no kept text holds, is left out.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| *c != '\0') {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_themselves() {
        assert_eq!(containing("a_b%c\\d\0"), "%a\\_b\\%c\\\\d%");
        assert_eq!(beginning("service_account"), "service\\_account%");
    }
}
