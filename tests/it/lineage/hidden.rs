//! What a caller may not know has no name in lineage, or is absent.

use lakegate_tests::{answer::id, both, story};
use serde_json::json;

use super::{LINEAGE, asset, code, edges, lineage, nodes};
use crate::derived::{closed::Lent, producer};

fn named(all: &[(&str, i64)]) -> Vec<(String, i64)> {
    all.iter().map(|(name, distance)| ((*name).to_owned(), *distance)).collect()
}

both!(
    async fn tables_of_others_are_nameless_beside_ones_own_and_absent_elsewhere(app) {
        let lent = Lent::of(app, json!({ "reason": "Agreed", "export": true })).await;
        let consumer = &lent.consumer;
        let cities = consumer.derived("cities", &format!("select id, city as town from {}", lent.people)).await;
        consumer.built(&cities).await;
        let sql = format!("select town from {} group by town", consumer.table("cities"));
        let towns = consumer.derived("towns", &sql).await;
        consumer.built(&towns).await;
        let kept = json!({ "name": "Who is who", "description": "", "sql": format!("select name from {}", lent.people) });
        let path = format!("/api/v1/projects/{}/saved-queries", consumer.team.project);
        consumer.team.acting().post(&path, kept).await.is(201);
        // Who made them sees all of it, and what they were made from.
        let own = lineage(&consumer.team.owner, json!({ "asset": lent.asset })).await;
        assert_eq!(nodes(&own), named(&[("All people", 0), ("Who is who", 1), ("cities", 1), ("towns", 2)]), "{own}");
        assert!(edges(&own).contains(&"All people.name -copied-> Who is who.name".to_owned()), "{own}");
        assert!(edges(&own).contains(&"All people.city -copied-> cities.town".to_owned()), "{own}");
        // The owner of the source may know that somebody uses it, and not who or for what.
        let producers = lineage(&lent.producer.owner, json!({ "asset": lent.asset })).await;
        assert_eq!(nodes(&producers), named(&[("All people", 0), ("?", 1), ("?", 1)]), "{producers}");
        let text = producers.to_string();
        for secret in ["cities", "town", "Who is who", &id(&story::asset_named(&consumer.team.owner, &consumer.team.project, "cities").await)] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(producers["links"].as_array().unwrap().iter().all(|link| link["process"].is_null() && link["byValue"].is_null()));
        assert_eq!(producers["edges"], json!([]));
        let column = lineage(&lent.producer.owner, json!({ "asset": lent.asset, "column": "city" })).await;
        assert_eq!(nodes(&column), named(&[("All people", 0), ("?", 1)]), "one of the two reads it");
        // Somebody who only finds the source learns nothing.
        let stranger = app.person("pia").await;
        let found = lineage(&stranger, json!({ "asset": lent.asset })).await;
        assert_eq!((nodes(&found), &found["more"]), (named(&[("All people", 0)]), &json!(false)), "{found}");
        // The asset of another is absent, found or not.
        let hidden = asset(consumer, "towns").await;
        let of = |asset: &str| json!({ "asset": asset, "direction": "BOTH", "depth": 3, "values": false });
        assert_eq!(code(&stranger, LINEAGE, of(&hidden)).await, "not_found");
        assert_eq!(code(&stranger, LINEAGE, of("01890000-0000-7000-8000-000000000000")).await, "not_found");
        stranger.get(&format!("/api/v1/assets/{}/lineage/to/{hidden}", lent.asset)).await.problem(404, "not_found");
    }
);

both!(
    async fn hidden_columns_are_no_part_of_it(app) {
        let side = producer(app).await;
        let owner = &side.team.owner;
        let sql = format!("select id, pay as amount, city from {} where name <> 'Bo'", side.table("people"));
        let derived = side.derived("pays", &sql).await;
        side.built(&derived).await;
        let (people, pays) = (asset(&side, "people").await, asset(&side, "pays").await);
        let whole = story::asset(owner, &people).await;
        let hide = |name: &str| json!({ "id": story::column(&whole, name), "unlisted": true });
        let edit = json!({ "revision": whole["revision"], "columns": [hide("pay"), hide("name")] });
        owner.patch(&format!("/api/v1/assets/{people}"), edit).await.ok();
        for (asset, title) in [(&people, "All people"), (&pays, "All pays")] {
            story::accept_names(owner, asset).await;
            story::publish(owner, asset, title).await;
        }
        let all = lineage(owner, json!({ "asset": pays })).await;
        let filter = "All people.name -filter-> All pays.*";
        assert!(edges(&all).contains(&filter.to_owned()), "{all}");
        // Others see that the one is made of the other, but not of which hidden column.
        let stranger = app.person("pia").await;
        let found = lineage(&stranger, json!({ "asset": pays })).await;
        assert_eq!(nodes(&found), named(&[("All people", -1), ("All pays", 0)]));
        let open = ["All people.city -copied-> All pays.city", "All people.id -copied-> All pays.id"];
        assert_eq!(edges(&found), open, "{found}");
        assert!(found["edges"].as_array().unwrap().iter().all(|edge| edge["steps"] == json!([])));
        // Nor does the column tell where it comes from.
        let amount = lineage(&stranger, json!({ "asset": pays, "column": "amount", "values": true })).await;
        assert_eq!((nodes(&amount), &amount["edges"]), (named(&[("All pays", 0)]), &json!([])), "{amount}");
        let known = lineage(owner, json!({ "asset": pays, "column": "amount", "values": true })).await;
        assert_eq!(edges(&known), ["All people.pay -copied-> All pays.amount"]);
        // A hidden column is an unknown one.
        let ask = |column: &str| json!({ "asset": people, "column": column, "direction": "BOTH", "depth": 3, "values": false });
        let (hidden, unknown) =
            (stranger.graphql(LINEAGE, ask("pay")).await.json(), stranger.graphql(LINEAGE, ask("nil")).await.json());
        assert_eq!((&hidden["errors"][0]["message"], &hidden["errors"][0]["extensions"]["code"]), (&unknown["errors"][0]["message"], &json!("not_found")));
    }
);
