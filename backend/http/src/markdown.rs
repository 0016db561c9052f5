//! Markdown that people wrote, as HTML that may stand in a page.

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use std::{collections::HashSet, sync::LazyLock};

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(cleaner);

/// What may stand in a text: words, lists, tables, code and links. Pictures come from nowhere.
fn cleaner() -> Builder<'static> {
    let tags: HashSet<&str> = [
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
    .into();
    let mut builder = Builder::empty();
    builder
        .tags(tags)
        .clean_content_tags(["script", "style"].into())
        .tag_attributes([("a", ["href", "title"].into()), ("ol", ["start"].into())].into())
        .url_schemes(["http", "https", "mailto"].into())
        .url_relative(UrlRelative::Custom(Box::new(inside)))
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
}

/// Relative addresses lead to our own pages or to a place of this page; `//host` would lead away.
fn inside(url: &str) -> Option<std::borrow::Cow<'_, str>> {
    let own = (url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\")) || url.starts_with('#');
    own.then_some(url.into())
}

/// Sanitised HTML of a Markdown text. Headings begin below those of the page; a picture becomes its description.
pub fn html(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(text, options).filter_map(tame);
    let mut out = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut out, events);
    CLEANER.clean(&out).to_string()
}

fn tame(event: Event<'_>) -> Option<Event<'_>> {
    use pulldown_cmark::HeadingLevel::{H1, H2, H3, H4, H5, H6};
    let lower = |level| match level {
        H1 | H2 => H3,
        H3 => H4,
        H4 => H5,
        H5 | H6 => H6,
    };
    Some(match event {
        Event::Start(Tag::Heading { level, .. }) => {
            Event::Start(Tag::Heading { level: lower(level), id: None, classes: Vec::new(), attrs: Vec::new() })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => return None,
        // Raw HTML is shown as it was written.
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        other => other,
    })
}

/// The words of a Markdown text on one line, at most `most` characters: for lists.
pub fn plain(text: &str, most: usize) -> String {
    let mut words = String::new();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(piece) | Event::Code(piece) => words.push_str(&piece),
            Event::SoftBreak | Event::HardBreak => words.push(' '),
            Event::End(tag) if is_block(tag) && !words.ends_with(' ') => words.push(' '),
            _ => {}
        }
        if words.chars().count() > most {
            break;
        }
    }
    let trimmed = words.trim();
    if trimmed.chars().count() <= most {
        return trimmed.to_owned();
    }
    let cut: String = trimmed.chars().take(most).collect();
    format!("{}…", cut.trim_end())
}

/// Whether what follows an element begins a line of its own.
fn is_block(tag: TagEnd) -> bool {
    !matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_its_form() {
        let shown = html(
            "# Orders\n\nOne *row* per `line`.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[home](/search) [away](https://example.org)",
        );
        assert!(shown.contains("<h3>Orders</h3>"), "{shown}");
        assert!(shown.contains("<em>row</em>") && shown.contains("<code>line</code>") && shown.contains("<td>1</td>"));
        assert!(
            shown.contains("href=\"/search\"") && shown.contains("rel=\"noopener noreferrer nofollow\""),
            "{shown}"
        );
    }

    #[test]
    fn nothing_foreign_runs_or_loads() {
        let hostile = "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n![see](https://evil.example/p.png) \
            [a](javascript:alert(1)) [b](//evil.example) [c](data:text/html,x) <a href=\"/x\" style=\"color:red\" onclick=x>d</a>";
        let shown = html(hostile);
        for harm in ["<script", "<img", "javascript:", "\"//evil", "data:text", "<a href=\"/x"] {
            assert!(!shown.contains(harm), "{harm} in {shown}");
        }
        assert!(shown.contains("see"), "{shown}");
    }

    #[test]
    fn teasers_are_one_line_of_words() {
        assert_eq!(plain("# Orders\n\nOne **row**, per\nline.", 80), "Orders One row, per line.");
        assert_eq!(plain("abcdefghij", 4), "abcd…");
        assert_eq!(plain("", 4), "");
    }
}
