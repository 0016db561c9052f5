//! Glossary, CSV of words, bench, and what people do around assets.

use lakegate_app::{
    access::notices,
    catalog::{
        bench::{self, Lack},
        edit::AssetEdit,
        glossary::{self, TermInput},
        social, words_csv,
    },
    places::domains,
};
use lakegate_model::{
    Code, PageRequest,
    catalog::Term,
    ids::AssetId,
    words::{Discover, Mark},
};

use crate::{
    stage::Stage,
    support::{Person, refused},
};

async fn asset(stage: &Stage, folder: &str) -> AssetId {
    stage.write(&format!("{folder}/{folder}.csv"), "id,price\n1,2.50\n");
    stage.crawled(folder).await.1
}

async fn steward(stage: &Stage) -> Person {
    let steward = stage.world.person("stella").await;
    domains::add_steward(stage.app(), &stage.admin.caller, stage.domain, steward.id).await.unwrap();
    steward
}

async fn term(stage: &Stage, steward: &Person, name: &str) -> Term {
    let input = TermInput { name: name.into(), definition: "What it means.".into() };
    glossary::create(stage.app(), &steward.caller, stage.domain, &input).await.unwrap()
}

#[tokio::test]
async fn terms_and_the_assets_that_use_them() {
    for stage in Stage::each().await {
        let app = stage.app();
        let steward = steward(&stage).await;
        let revenue = term(&stage, &steward, "Revenue").await;
        let input = TermInput { name: "revenue".into(), definition: String::new() };
        let double = glossary::create(app, &steward.caller, stage.domain, &input).await;
        refused(double, Code::Conflict, Some("name"));
        let foreign = glossary::create(app, &stage.owner.caller, stage.domain, &input).await;
        refused(foreign, Code::Forbidden, None);
        term(&stage, &steward, "Discount").await;
        let page = PageRequest::default();
        let found = glossary::list(app, &stage.outsider.caller, None, "VEN", &page).await.unwrap();
        assert_eq!(found.items, std::slice::from_ref(&revenue));

        let (shown, kept) = (asset(&stage, "shown").await, asset(&stage, "kept").await);
        for id in [shown, kept] {
            stage.edit(id, &AssetEdit { terms: Some(vec![revenue.id]), ..AssetEdit::default() }).await;
        }
        stage.publish(shown, "Shown").await;
        let uses = async |person: &Person| {
            let (_, cards) = glossary::get(app, &person.caller, revenue.id, &page).await.unwrap();
            cards.items.into_iter().map(|card| card.id).collect::<Vec<_>>()
        };
        assert_eq!(uses(&stage.outsider).await, [shown]);
        assert_eq!(uses(&stage.owner).await, [kept, shown]);

        assert_eq!(stage.hits(&stage.outsider, "term:revenue").await, 1);
        let renamed = TermInput { name: "Turnover".into(), definition: String::new() };
        glossary::update(app, &steward.caller, revenue.id, &renamed).await.unwrap();
        assert_eq!(stage.hits(&stage.outsider, "term:turnover").await, 1);
        assert_eq!(stage.hits(&stage.outsider, "term:revenue").await, 0);
    }
}

#[tokio::test]
async fn words_go_out_and_come_back_as_csv() {
    for stage in Stage::each().await {
        let (app, owner) = (stage.app(), &stage.owner.caller);
        let steward = steward(&stage).await;
        term(&stage, &steward, "Revenue").await;
        let id = asset(&stage, "t").await;
        let text = words_csv::export(app, owner, id).await.unwrap();
        assert_eq!(text, "column,title,description,tags,terms\nid,,,,\nprice,,,,\n");
        let filled = "column,title,description,tags,terms\r\nprice,Price,\"'=1+1, in\neuros\",Money; net,Revenue\r\n";
        let view = words_csv::import(app, owner, id, 1, filled).await.unwrap();
        let price = &view.columns[1];
        assert_eq!((price.column.title.as_str(), price.column.description.as_str()), ("Price", "=1+1, in\neuros"));
        assert_eq!((price.tags.clone(), price.terms[0].name.as_str()), (vec!["money".into(), "net".into()], "Revenue"));
        let text = words_csv::export(app, owner, id).await.unwrap();
        let again = words_csv::import(app, owner, id, view.asset.revision, &text).await.unwrap();
        assert_eq!(again.asset.revision, view.asset.revision, "what went out changes nothing");

        let head = "column,title,description,tags,terms\n";
        for (lines, field) in [
            ("id,A,,,\nnone,B,,,\n", "line 3, column"),
            ("id,A,,,\nid,B,,,\n", "line 3, column"),
            ("id,A,,,\nprice,B,,,Nothing\n", "line 3, terms"),
            ("id,A,,\"a,b\",\n", "line 2, tags"),
            ("id,A\n", "line 2, column"),
        ] {
            let wrong = words_csv::import(app, owner, id, view.asset.revision, &format!("{head}{lines}")).await;
            refused(wrong, Code::Invalid, Some(field));
        }
        let untouched = stage.view(&stage.owner, id).await;
        assert_eq!(untouched.columns[0].column.title, "", "all or nothing");
        let foreign = words_csv::export(app, &stage.outsider.caller, id).await;
        refused(foreign, Code::NotFound, None);
    }
}

#[tokio::test]
async fn the_bench_lists_what_lacks_something() {
    for stage in Stage::each().await {
        let app = stage.app();
        let (one, two) = (asset(&stage, "one").await, asset(&stage, "two").await);
        let described = AssetEdit { description: Some("x".into()), owner: Some(None), ..AssetEdit::default() };
        stage.edit(one, &described).await;
        let list = async |person: &Person, lack| {
            let page = PageRequest::default();
            bench::list(app, &person.caller, lack, None, &page).await.unwrap().items
        };
        let ids = |items: Vec<bench::BenchItem>| items.into_iter().map(|item| item.row.asset_id).collect::<Vec<_>>();
        assert_eq!(ids(list(&stage.owner, Lack::UndescribedAssets).await), [two]);
        assert_eq!(ids(list(&stage.owner, Lack::Ownerless).await), [one]);
        assert_eq!(list(&stage.outsider, Lack::UndescribedColumns).await, []);
        let mut after = None;
        let mut seen = Vec::new();
        loop {
            let page = PageRequest { size: 3, after };
            let part = bench::list(app, &stage.owner.caller, Lack::UndescribedColumns, None, &page).await.unwrap();
            seen.extend(part.items);
            after = part.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 4);
        assert_eq!(seen, list(&stage.owner, Lack::UndescribedColumns).await);
    }
}

#[tokio::test]
async fn the_steward_sees_pending_columns_of_what_is_out() {
    for stage in Stage::each().await {
        let steward = steward(&stage).await;
        stage.write("t/t.csv", "a\n1\n");
        let (source, id) = stage.crawled("t").await;
        stage.publish(id, "T").await;
        stage.write("t/t.csv", "a,b\n1,2\n");
        stage.run(&source).await;
        let page = PageRequest::default();
        let list = async |person: &Person| {
            bench::list(stage.app(), &person.caller, Lack::PendingColumns, None, &page).await.unwrap().items.len()
        };
        assert_eq!((list(&steward).await, list(&stage.owner).await, list(&stage.outsider).await), (1, 1, 0));
    }
}

#[tokio::test]
async fn marks_news_and_questions() {
    for stage in Stage::each().await {
        let (app, outsider) = (stage.app(), &stage.outsider.caller);
        let (id, hidden) = (asset(&stage, "a").await, asset(&stage, "h").await);
        refused(social::mark(app, outsider, id, Mark::Bookmark, true).await, Code::NotFound, None);
        stage.publish(id, "A").await;
        stage.publish(hidden, "H").await;
        stage.edit(hidden, &AssetEdit { discover: Some(Some(Discover::Hidden)), ..AssetEdit::default() }).await;
        let page = PageRequest::default();
        let ids = |page: lakegate_model::Page<lakegate_app::catalog::Card>| {
            page.items.into_iter().map(|card| card.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(social::whats_new(app, outsider, &page).await.unwrap()), [id]);
        social::mark(app, outsider, id, Mark::Bookmark, true).await.unwrap();
        social::mark(app, outsider, id, Mark::Watch, true).await.unwrap();
        social::seen(app, outsider, id).await.unwrap();
        assert_eq!(ids(social::marked(app, outsider, Mark::Bookmark, &page).await.unwrap()), [id]);
        assert_eq!(ids(social::marked(app, outsider, Mark::Seen, &page).await.unwrap()), [id]);
        social::mark(app, outsider, id, Mark::Bookmark, false).await.unwrap();
        assert_eq!(ids(social::marked(app, outsider, Mark::Bookmark, &page).await.unwrap()), []);

        let titles = async |person: &Person| {
            let all = notices::list(app, &person.caller, &page).await.unwrap().items;
            all.into_iter().map(|notice| notice.title).collect::<Vec<_>>()
        };
        stage.edit(id, &AssetEdit { tags: Some(vec!["new".into()]), ..AssetEdit::default() }).await;
        assert_eq!(titles(&stage.outsider).await, ["A changed"]);
        let question = social::ask(app, outsider, id, "Is it net?").await.unwrap();
        assert!(titles(&stage.owner).await.contains(&"A question about A".to_owned()));
        refused(social::answer(app, outsider, question.id, "no").await, Code::Forbidden, None);
        let answered = social::answer(app, &stage.owner.caller, question.id, "Gross.").await.unwrap();
        assert_eq!(answered.answer.as_deref(), Some("Gross."));
        assert_eq!(social::questions(app, outsider, id, &page).await.unwrap().items, [answered]);

        stage.edit(id, &AssetEdit { discover: Some(Some(Discover::Hidden)), ..AssetEdit::default() }).await;
        assert_eq!(ids(social::marked(app, outsider, Mark::Seen, &page).await.unwrap()), [], "trimmed again each time");
    }
}
