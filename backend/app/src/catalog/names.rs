//! Business names for technical ones, by rule and by a list of abbreviations. Nothing is asked of anybody.

use std::{collections::HashMap, sync::LazyLock};

/// `abbreviation meaning`, one a line; a meaning written in capitals keeps them.
const LIST: &str = include_str!("abbreviations.txt");

static MEANINGS: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| LIST.lines().filter_map(|line| line.trim().split_once(' ')).collect());

/// Longest suggestion, in characters.
const LONGEST: usize = 200;

/// A name for people: `cust_addr_sk` gives `Customer address key`. `None` where nothing readable is in it.
pub fn suggest(technical: &str) -> Option<String> {
    let words: Vec<String> = split(technical).iter().map(|word| meaning(word)).collect();
    let text: String = words.join(" ").chars().take(LONGEST).collect();
    let mut chars = text.chars();
    let first = chars.next()?;
    text.chars().any(char::is_alphabetic).then(|| first.to_uppercase().chain(chars).collect())
}

fn meaning(word: &str) -> String {
    let lower = word.to_lowercase();
    match MEANINGS.get(lower.as_str()) {
        Some(meaning) => (*meaning).to_owned(),
        None => lower,
    }
}

/// Words of a name: at `_`, `-`, points and spaces, where lower case turns upper, and between letters and digits.
fn split(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at)).copied();
        let after = chars.get(at + 1).copied();
        if !c.is_alphanumeric() || before.is_some_and(|before| begins_word(before, c, after)) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.push(c);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn begins_word(before: char, c: char, after: Option<char>) -> bool {
    let camel = before.is_lowercase() && c.is_uppercase();
    let end_of_capitals = before.is_uppercase() && c.is_uppercase() && after.is_some_and(char::is_lowercase);
    let digits = before.is_alphabetic() && c.is_numeric() || before.is_numeric() && c.is_alphabetic();
    camel || end_of_capitals || digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_are_spelled_out() {
        for (technical, name) in [
            ("cust_addr_sk", "Customer address key"),
            ("ship_customer_sk", "Ship customer key"),
            ("bill_customer_sk", "Bill customer key"),
            ("qty", "Quantity"),
            ("catalog_sales", "Catalog sales"),
            ("owner_id", "Owner ID"),
            ("id", "ID"),
            ("lastLoginTs", "Last login time"),
            ("HTTPStatusCd", "HTTP status code"),
            ("addr2", "Address 2"),
            ("dob", "Date of birth"),
        ] {
            assert_eq!(suggest(technical).as_deref(), Some(name), "{technical}");
        }
    }

    #[test]
    fn nothing_readable_gives_nothing() {
        for technical in ["", "___", "42", "🎉"] {
            assert_eq!(suggest(technical), None, "{technical}");
        }
    }

    #[test]
    fn the_list_is_in_order_and_without_doubles() {
        let words: Vec<&str> = LIST.lines().filter_map(|line| line.split_once(' ').map(|(word, _)| word)).collect();
        assert_eq!(words.len(), LIST.lines().count());
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(words.iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())));
    }
}
