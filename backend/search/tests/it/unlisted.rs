//! What is hidden stays hidden, in every answer.

use crate::support::{ask, doc, indexed, keys};
use lakegate_search::{Document, Facet, FacetFilter, HitField, Index, Query, UnlistedText};

fn unlisted(text: &str, tokens: &[&str]) -> UnlistedText {
    UnlistedText { text: text.into(), tokens: tokens.iter().map(|t| (*t).to_owned()).collect() }
}

fn as_holder(text: &str, extra: &[&str]) -> Query {
    let mut query = ask(text);
    query.visible.extend(extra.iter().map(|t| (*t).to_owned()));
    query
}

fn count(index: &Index, query: &Query) -> u64 {
    index.search(query).unwrap().total
}

#[test]
fn unlisted_columns_are_found_by_holders_of_their_tokens_alone() {
    let place = indexed(vec![Document {
        unlisted_columns: vec![unlisted("hiv_status", &["hr", "audit"]), unlisted("nobodys_column", &[])],
        ..doc("people", "People")
    }]);
    let index = &place.index;
    let ways = ["hiv", "hiv_status", "hiv_sta", "statuses ", "\"hiv status\"", "column:hiv", "column:\"hiv status\""];
    for text in ways {
        assert_eq!(count(index, &ask(text)), 0, "{text}");
        assert_eq!(count(index, &as_holder(text, &["sales"])), 0, "{text}");
        assert_eq!(count(index, &as_holder(text, &["hr"])), 1, "{text}");
    }
    // Leaving the word out tells nothing to who may not know it.
    assert_eq!(count(index, &ask("people -hiv")), 1);
    assert_eq!(count(index, &as_holder("people -hiv", &["hr"])), 0);
    assert_eq!(count(index, &as_holder("nobodys", &["hr", ""])), 0);
}

#[test]
fn unlisted_columns_are_not_shown_or_suggested_to_others() {
    let place = indexed(vec![Document {
        unlisted_columns: vec![unlisted("status_hiv", &["hr"])],
        columns: vec!["status_age".into()],
        ..doc("people", "People")
    }]);
    let shown = |query: &Query| -> Vec<String> {
        let answer = place.index.search(query).unwrap();
        answer.hits[0].highlights.iter().filter(|h| h.field == HitField::Column).map(|h| h.text.clone()).collect()
    };
    assert_eq!(shown(&ask("status")), ["status_age"]);
    assert_eq!(shown(&as_holder("status", &["hr"])), ["status_age", "status_hiv"]);
    let suggested = |query: Query| place.index.suggest("hi", &query.visible, 5).unwrap().len();
    assert_eq!((suggested(ask("")), suggested(as_holder("", &["hr"]))), (0, 1));
}

#[test]
fn tokens_with_odd_characters_do_not_reach_over() {
    let place =
        indexed(vec![Document { unlisted_columns: vec![unlisted("secret", &["a\u{1f}b", "b:c"])], ..doc("x", "X") }]);
    for token in ["a", "a\u{1f}", "b", "b:", "", "\u{1f}"] {
        for text in ["b", "bs", "secret", "s", "b\u{1f}secret", "column:b", "column:c"] {
            assert_eq!(count(&place.index, &as_holder(text, &[token])), 0, "{token:?} {text:?}");
        }
    }
    assert_eq!(count(&place.index, &as_holder("secret", &["b:c"])), 1);
}

#[test]
fn hidden_documents_leave_no_trace() {
    let hidden = |i: usize| Document {
        visible_to: vec!["board".into()],
        facets: lakegate_search::Facets { tags: vec!["merger".into()], ..Default::default() },
        ..doc(&format!("hidden{i}"), "Catalog merger plan")
    };
    let mut documents: Vec<Document> = (0..5).map(hidden).collect();
    documents.extend([doc("a", "Catalog of parts"), doc("b", "Parts, and a catalogue"), doc("c", "Catalg")]);
    let with = indexed(documents.clone());
    let without = indexed(documents.split_off(5));
    for text in ["catalog", "merger", "mergr", "parts", "", "-merger", "tag:merger", "\"merger plan\""] {
        let mut query = ask(text);
        query.facets = Facet::ALL.to_vec();
        let (seen, alone) = (with.index.search(&query).unwrap(), without.index.search(&query).unwrap());
        assert_eq!(
            (seen.total, seen.similar, seen.hits, seen.facets),
            (alone.total, alone.similar, alone.hits, alone.facets)
        );
        let tokens = &query.visible;
        assert_eq!(with.index.suggest(text, tokens, 9).unwrap(), without.index.suggest(text, tokens, 9).unwrap());
    }
    let mut query = ask("");
    query.filters = vec![FacetFilter { facet: Facet::Tag, values: vec!["merger".into()] }];
    assert_eq!(count(&with.index, &query), 0);
    query.visible = Vec::new();
    assert_eq!(count(&with.index, &Query { filters: Vec::new(), ..query }), 0);
    assert_eq!(keys(&with.index.search(&as_holder("merger", &["board"])).unwrap()).len(), 5);
}
