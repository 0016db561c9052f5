//! Names and texts that people write: what is allowed, and how they are compared.

use unicode_normalization::UnicodeNormalization;

use crate::Fault;

/// Longest name of a thing, in characters.
pub const NAME_MAX: usize = 120;
/// Longest title, in characters.
pub const TITLE_MAX: usize = 200;
/// Longest reason, comment or question, in characters.
pub const COMMENT_MAX: usize = 4_000;
/// Longest description (Markdown), in characters.
pub const DESCRIPTION_MAX: usize = 40_000;

/// Characters that change how neighbours are shown, or are not shown at all.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{FFF9}'..='\u{FFFB}')
}

/// A one-line text: trimmed, normalised (NFC), 1 to `max` characters, nothing invisible.
pub fn line(field: &str, raw: &str, max: usize) -> Result<String, Fault> {
    let text: String = raw.trim().nfc().collect();
    if text.is_empty() {
        return Err(Fault::invalid(field, "this may not be empty"));
    }
    if text.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err(Fault::invalid(field, "control, zero-width and direction-changing characters are not allowed"));
    }
    within(field, text, max)
}

/// A text of any number of lines, possibly empty; tabs and line breaks are its only control characters.
pub fn prose(field: &str, raw: &str, max: usize) -> Result<String, Fault> {
    let text: String = raw.replace("\r\n", "\n").trim_end().nfc().collect();
    if text.chars().any(|c| {
        (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    }) {
        return Err(Fault::invalid(field, "control and direction-changing characters are not allowed"));
    }
    within(field, text, max)
}

/// A name of a thing: one line of at most [`NAME_MAX`] characters.
pub fn name(field: &str, raw: &str) -> Result<String, Fault> {
    line(field, raw, NAME_MAX)
}

/// A name that SQL can write without quotes: lower-case letters, digits and `_`, not starting with a digit.
pub fn identifier(field: &str, raw: &str) -> Result<String, Fault> {
    let text = line(field, raw, 63)?.to_lowercase();
    let fits = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !fits || text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Fault::invalid(field, "use lower-case letters, digits and _ only, and begin with a letter")
            .fix(format!("try \"{}\"", slug(&text))));
    }
    Ok(text)
}

/// Turns any text into an identifier: `Sales producer project` becomes `sales_producer_project`.
pub fn slug(raw: &str) -> String {
    let mut out = String::new();
    for c in raw.nfkd().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => out.push(c),
            _ if !out.is_empty() && !out.ends_with('_') && !('\u{0300}'..='\u{036F}').contains(&c) => out.push('_'),
            _ => {}
        }
    }
    out.truncate(63);
    let out = out.trim_matches('_').to_owned();
    match out.chars().next() {
        None => "t".to_owned(),
        Some(c) if c.is_ascii_digit() => format!("t_{out}"),
        Some(_) => out,
    }
}

/// The form under which two names count as the same: compatibility-normalised and lower case.
pub fn fold(raw: &str) -> String {
    raw.nfkc().flat_map(char::to_lowercase).collect()
}

fn within(field: &str, text: String, max: usize) -> Result<String, Fault> {
    let length = text.chars().count();
    if length > max {
        return Err(Fault::invalid(field, format!("{length} characters are too many; the limit is {max}")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_identifiers() {
        assert_eq!(slug("Sales producer project"), "sales_producer_project");
        assert_eq!(slug("Übersicht 2024/Q1"), "ubersicht_2024_q1");
        assert_eq!(slug("42"), "t_42");
        assert_eq!(slug("🎉"), "t");
        for text in ["Sales", "a--b", "__x__", "日本", "9 lives"] {
            assert!(identifier("name", &slug(text)).is_ok(), "{text}");
        }
    }

    #[test]
    fn invisible_characters_are_refused() {
        for text in ["a\0b", "a\u{202E}b", "a\u{200B}b", "a\nb", "   ", "a\u{7}b"] {
            assert_eq!(line("name", text, 50).map_err(|f| f.field), Err(Some("name".into())), "{text:?}");
        }
        assert_eq!(line("name", "  e\u{301}  ", 50).ok().as_deref(), Some("é"));
    }

    #[test]
    fn length_counts_characters() {
        assert!(line("name", &"é".repeat(120), 120).is_ok());
        assert!(line("name", &"é".repeat(121), 120).is_err());
    }
}
