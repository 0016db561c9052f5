//! The best answer stands first, and shows why.

use crate::support::{Place, ask, doc, found, indexed, keys};
use lakegate_search::{Document, Facet, FacetFilter, Facets, HitField, Sort};

fn corpus() -> Place {
    let sales = Document {
        name: "catalog_sales".into(),
        description: "Orders placed through the printed catalogue, one row for each order line.".into(),
        columns: vec!["cs_sold_date_sk".into(), "cs_sales_price".into(), "shipCustomer".into()],
        facets: Facets { tags: vec!["finance".into()], project: Some("p1".into()), ..Facets::default() },
        project_name: "Retail analytics".into(),
        owners: vec!["Zoë Müller".into()],
        updated_at: 30,
        ..doc("sales", "Catalog Sales Data")
    };
    let returns = Document {
        description: "What came back of catalog sales.".into(),
        columns: vec!["cr_returned_date_sk".into()],
        facets: Facets { tags: vec!["returns".into()], project: Some("p2".into()), ..Facets::default() },
        updated_at: 20,
        ..doc("returns", "Returned goods")
    };
    let companies = Document {
        description: "Registered companies and where they sit.".into(),
        columns: vec!["company_name".into(), "sales".into()],
        term_names: vec!["Legal entity".into()],
        updated_at: 10,
        ..doc("companies", "Companies")
    };
    indexed(vec![sales, returns, companies])
}

#[test]
fn titles_rank_before_columns_before_descriptions() {
    let place = corpus();
    assert_eq!(found(&place.index, "catalog sales"), ["sales", "returns"]);
    assert_eq!(found(&place.index, "sales"), ["sales", "companies", "returns"]);
    assert_eq!(found(&place.index, "sal"), ["sales", "companies", "returns"]);
}

#[test]
fn an_exact_title_ranks_before_one_that_only_holds_the_words() {
    let place = indexed(vec![doc("long", "Sales of the year"), doc("exact", "Sales"), doc("other", "Sales area")]);
    assert_eq!(found(&place.index, "sales")[0], "exact");
    assert_eq!(found(&place.index, "SALES  ")[0], "exact");
}

#[test]
fn misspelt_words_find_but_rank_after_exact_ones() {
    let place = corpus();
    let answer = place.index.search(&ask("catlog")).unwrap();
    assert!(answer.similar);
    assert_eq!(keys(&answer), ["sales", "returns"]);
    let place = indexed(vec![doc("typo", "Catlog"), doc("right", "Catalog")]);
    assert_eq!(found(&place.index, "catlog "), ["typo", "right"]);
    assert!(found(&place.index, "cat1og_x9z").is_empty());
}

#[test]
fn enough_exact_hits_leave_similar_words_out() {
    let mut documents: Vec<Document> = (0..3).map(|i| doc(&format!("exact{i}"), "Catalog")).collect();
    documents.push(doc("similar", "Catalok"));
    let place = indexed(documents);
    let answer = place.index.search(&ask("catalog")).unwrap();
    assert_eq!((answer.total, answer.similar), (3, false));
}

#[test]
fn columns_are_found_by_their_parts_and_as_a_whole() {
    let place = corpus();
    for text in ["sales_price", "cs_sales_price", "salesPrice", "column:price", "ship customer", "shipcustomer"] {
        assert_eq!(found(&place.index, text)[0], "sales", "{text}");
    }
    let mut both = found(&place.index, "column:sales");
    both.sort();
    assert_eq!(both, ["companies", "sales"]);
}

#[test]
fn scopes_phrases_and_negations_narrow() {
    let place = corpus();
    assert_eq!(found(&place.index, "tag:finance"), ["sales"]);
    assert_eq!(found(&place.index, "project:retail"), ["sales"]);
    assert_eq!(found(&place.index, "owner:muller"), ["sales"]);
    assert_eq!(found(&place.index, "term:entity"), ["companies"]);
    assert_eq!(found(&place.index, "title:companies"), ["companies"]);
    assert_eq!(found(&place.index, "\"order line\""), ["sales"]);
    assert!(found(&place.index, "\"line order\"").is_empty());
    assert_eq!(found(&place.index, "sales -catalog"), ["companies"]);
    assert_eq!(found(&place.index, "sales -tag:finance"), ["companies", "returns"]);
    assert_eq!(found(&place.index, "-sales "), Vec::<String>::new());
}

#[test]
fn other_forms_of_a_word_match() {
    let place = corpus();
    assert_eq!(found(&place.index, "company "), ["companies"]);
    assert_eq!(found(&place.index, "ordering "), ["sales"]);
}

#[test]
fn highlights_mark_the_words() {
    let place = corpus();
    let answer = place.index.search(&ask("catalog sales_price")).unwrap();
    let highlights = &answer.hits[0].highlights;
    let title = highlights.iter().find(|h| h.field == HitField::Title).unwrap();
    let pieces = title.pieces();
    assert_eq!(pieces, [("Catalog", true), (" ", false), ("Sales", true), (" Data", false)]);
    let column = highlights.iter().find(|h| h.text == "cs_sales_price").unwrap();
    assert_eq!(column.field, HitField::Column);
    assert_eq!(column.pieces(), [("cs_", false), ("sales", true), ("_", false), ("price", true)]);
}

#[test]
fn long_descriptions_show_the_fragment_with_the_match() {
    let description = format!("{}the needle stands here{}", "größer als ".repeat(80), " und weiter".repeat(80));
    let place = indexed(vec![Document { description, ..doc("a", "Haystack") }]);
    let answer = place.index.search(&ask("needle")).unwrap();
    let fragment = &answer.hits[0].highlights[0];
    assert!(fragment.text.starts_with('…') && fragment.text.ends_with('…') && fragment.text.len() < 300);
    assert!(fragment.pieces().contains(&("needle", true)));
}

#[test]
fn sorting_by_time_and_title_and_paging() {
    let place = corpus();
    let mut query = ask("");
    query.sort = Sort::Newest;
    assert_eq!(keys(&place.index.search(&query).unwrap()), ["sales", "returns", "companies"]);
    query.sort = Sort::Title;
    assert_eq!(keys(&place.index.search(&query).unwrap()), ["sales", "companies", "returns"]);
    query.offset = 1;
    query.limit = 1;
    let answer = place.index.search(&query).unwrap();
    assert_eq!((answer.total, keys(&answer)), (3, vec!["companies".to_owned()]));
}

#[test]
fn a_facet_is_counted_without_its_own_filter() {
    let place = corpus();
    let mut query = ask("sales");
    query.facets = vec![Facet::Project, Facet::Tag];
    query.filters = vec![FacetFilter { facet: Facet::Project, values: vec!["p1".into()] }];
    let answer = place.index.search(&query).unwrap();
    let count = |i: usize| -> Vec<(&str, u64)> {
        answer.facets[i].values.iter().map(|value| (value.value.as_str(), value.count)).collect()
    };
    assert_eq!(keys(&answer), ["sales"]);
    assert_eq!(count(0), [("p1", 1), ("p2", 1)]);
    assert_eq!(count(1), [("finance", 1)]);
    assert_eq!(answer.hits[0].payload["title"], "Catalog Sales Data");
}

#[test]
fn certified_first_and_deprecated_last_among_equals() {
    let place = indexed(vec![
        Document { deprecated: true, ..doc("old", "Orders") },
        doc("plain", "Orders"),
        Document { certified: true, ..doc("best", "Orders") },
    ]);
    assert_eq!(found(&place.index, "orders"), ["best", "plain", "old"]);
}

#[test]
fn suggestions_come_from_titles_names_and_columns() {
    let place = corpus();
    let tokens = ["all".to_owned()];
    let texts = |typed: &str| -> Vec<String> {
        place.index.suggest(typed, &tokens, 10).unwrap().into_iter().map(|s| s.text.text).collect()
    };
    assert_eq!(texts("cat"), ["Catalog Sales Data"]);
    assert_eq!(texts("comp"), ["Companies"]);
    assert_eq!(texts("company n"), ["company_name"]);
    assert_eq!(texts("returned d"), ["cr_returned_date_sk"]);
    assert!(texts("").is_empty() && texts("registered").is_empty());
    assert!(place.index.suggest("cat", &[], 10).unwrap().is_empty());
}
