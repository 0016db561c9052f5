//! Whatever is typed or stored has an answer.

use crate::support::{ask, doc, fewer, found, indexed};
use lakegate_search::{Document, Facet, Query, Sort, UnlistedText};
use proptest::prelude::*;

fn corpus() -> Vec<Document> {
    vec![
        Document {
            columns: vec!["顧客_住所".into(), "a\u{0}b".into()],
            unlisted_columns: vec![UnlistedText { text: "x y".into(), tokens: vec!["all".into()] }],
            description: "🙂 مرحبا بالعالم \u{202e}rtl\u{202c} שלום \u{0} end".into(),
            ..doc("odd", "Naïve 顧客データ 🙂")
        },
        doc("long", &"x".repeat(300)),
        doc("empty", ""),
    ]
}

#[test]
fn unusual_text_is_found() {
    let place = indexed(corpus());
    for text in ["naive", "NAÏVE", "顧客", "データ", "🙂", "مرحبا", "שלום", "rtl", "住所", "end", "\"顧客データ\""]
    {
        assert_eq!(found(&place.index, text), ["odd"], "{text}");
    }
    assert_eq!(found(&place.index, &"x".repeat(300)), ["long"]);
    assert_eq!(found(&place.index, "?!").len(), 3);
}

fn typed() -> impl Strategy<Value = String> {
    let bits = prop::sample::select(
        &[
            "\"", "-", "tag:", "column:", "project:", " ", "*", "~", "(", "\\", "\u{0}", "_", "aB", "顧", "🙂", "x",
            "catalog", "\u{301}", "ﬃ", "İ",
        ][..],
    );
    prop_oneof![
        any::<String>(),
        prop::collection::vec(any::<char>(), 0..1_000).prop_map(|chars| chars.into_iter().collect()),
        prop::collection::vec(bits, 0..200).prop_map(|bits| bits.concat()),
    ]
}

proptest! {
    #![proptest_config(fewer(4))]

    #[test]
    fn any_text_has_an_answer(texts in prop::collection::vec(typed(), 8), sort in prop::sample::select(&[Sort::Relevance, Sort::Newest, Sort::Title][..])) {
        let place = indexed(corpus());
        for text in texts {
            let query = Query { sort, facets: Facet::ALL.to_vec(), ..ask(&text) };
            let answer = place.index.search(&query).unwrap();
            prop_assert!(answer.total <= 3 && answer.hits.len() as u64 == answer.total);
            for highlight in answer.hits.iter().flat_map(|hit| &hit.highlights) {
                prop_assert_eq!(highlight.pieces().iter().map(|piece| piece.0).collect::<String>(), highlight.text.clone());
            }
            place.index.suggest(&text, &query.visible, 10).unwrap();
        }
    }

    #[test]
    fn any_document_is_found_by_its_title(title in any::<String>(), description in any::<String>()) {
        let place = indexed(vec![Document { description, name: title.clone(), ..doc("it", &title) }]);
        let asked: String = title.chars().map(|c| if "\"-:".contains(c) { ' ' } else { c }).collect();
        prop_assert_eq!(found(&place.index, &asked), ["it"]);
    }
}
