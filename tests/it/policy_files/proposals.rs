//! Access rule 11: nobody widens his own reading alone.

use super::*;

fn one(text: &str) -> Vec<Value> {
    let personas = "personas:\n  - { name: guards, groups: [guards] }\n  - { name: readers, groups: [group 0] }\n";
    vec![json!({ "name": "personas.yaml", "text": personas }), json!({ "name": "rules.yaml", "text": text })]
}

async fn decide(client: &Client, verdict: &str, id: &Value, what: &str) -> Value {
    let (text, name) = match verdict {
        "approve" => (
            "mutation ($id: ID!, $what: String!) { approvePolicy(id: $id, seen: $what) {
            ok problem { code message } done { outcome version } } }",
            "approvePolicy",
        ),
        _ => (
            "mutation ($id: ID!, $what: String!) { refusePolicy(id: $id, reason: $what) { ok problem { code message } } }",
            "refusePolicy",
        ),
    };
    client.data(text, json!({ "id": id, "what": what })).await[name].clone()
}

const TO_GUARDS: &str = "grants: [{ name: ours, to: [guards], on: ['Team 0/*/*'], reason: For us }]";

both!(
    by_hand(),
    async fn rule_11_a_second_security_administrator_agrees(app) {
        let market = Market::of(app).await;
        let guard = &market.guard;
        let group = id(&app.admin.post("/api/v1/groups", json!({ "name": "guards" })).await.ok());
        app.admin.put(&format!("/api/v1/groups/{group}/members/{}", guard.id), json!({})).await.is(204);
        let side = app.team_of(guard.clone(), &app.domain("Side").await, "Guards", "guards").await;
        let count = async || {
            let sql = format!("select count(*) from {}", market.table(0, "orders"));
            side.acting().query(&sql).await.status.as_u16()
        };
        // There is nobody else: it is done, said and marked.
        let early = one("grants: [{ name: early, to: [guards], on: ['Team 9/*/*'], reason: For us }]");
        let alone = plan(guard, &early).await;
        assert_eq!((&alone["alone"], alone["approval"].as_array().unwrap().len()), (&json!(true), 1), "{alone}");
        let done = apply(guard, &early).await;
        assert_eq!((&done["done"]["outcome"], &done["done"]["plan"]["alone"]), (&json!("APPLIED"), &json!(true)), "{done}");
        let auditor = app.person_with("aud", &["auditor"]).await;
        let marked = auditor.all("/api/v1/audit?action=policy.apply", 50).await;
        assert!(marked[0]["detail"].to_string().contains("\"single_administrator\":true") || marked[0]["detail"]["single_administrator"] == true, "{marked:?}");
        assert_eq!(apply(guard, &one("")).await["done"]["outcome"], "APPLIED");

        // From now on there is.
        let second = app.person_with("second", &["security_administrator"]).await;
        let proposed = apply(guard, &one(TO_GUARDS)).await;
        assert_eq!((&proposed["done"]["outcome"], &proposed["done"]["plan"]["alone"]), (&json!("PROPOSED"), &json!(false)), "{proposed}");
        assert_eq!(count().await, 422);
        // A wildcard that fits nothing yet counts from the day it is written.
        assert_eq!(apply(guard, &early).await["done"]["outcome"], "PROPOSED");
        assert_eq!(apply(guard, &one(TO_GUARDS)).await["done"]["outcome"], "PROPOSED");
        let again = apply(guard, &one(TO_GUARDS)).await;
        let waiting = state(&second).await["waiting"].clone();
        assert_eq!(waiting["version"]["number"], again["done"]["version"], "the same is not proposed twice: {waiting}");
        let (version, seen) = (&waiting["version"]["id"], waiting["plan"]["digest"].as_str().unwrap());
        let notices = second.get("/api/v1/notices").await.ok();
        assert!(notices["items"][0]["title"].as_str().unwrap().contains("waits for you"), "{notices}");
        assert_eq!((&waiting["own"], &state(guard).await["waiting"]["own"]), (&json!(false), &json!(true)));
        assert_eq!(decide(guard, "approve", version, seen).await["problem"]["code"], "forbidden");
        assert_eq!(decide(&second, "approve", version, "another").await["problem"]["code"], "conflict");
        assert_eq!(count().await, 422);
        let approved = decide(&second, "approve", version, seen).await;
        assert_eq!(approved["done"]["outcome"], "APPLIED", "{approved}");
        assert_eq!(count().await, 200);
        assert_eq!(decide(&second, "approve", version, seen).await["problem"]["code"], "conflict");
        // The same, narrower, or for others needs nobody.
        assert_eq!(apply(guard, &one(TO_GUARDS)).await["done"]["outcome"], "UNCHANGED");
        let narrower = TO_GUARDS.replace("reason", "until: 2096-01-01T00:00:00Z, reason");
        assert_eq!(apply(guard, &one(&narrower)).await["done"]["outcome"], "APPLIED");
        let others = format!("{}, {{ name: theirs, to: [readers], on: ['Team 0/*/*'], export: true, reason: r }}]", narrower.trim_end_matches(']'));
        assert_eq!(apply(guard, &one(&others)).await["done"]["outcome"], "APPLIED");
        let wider = others.replace("hand_on", "x").replace("[guards],", "[guards], export: true,");
        assert_eq!(apply(guard, &one(&wider)).await["done"]["outcome"], "PROPOSED");
        let waiting = state(&second).await["waiting"].clone();
        assert_eq!(decide(&second, "refuse", &waiting["version"]["id"], "Why?").await["ok"], true);
        assert_eq!(state(guard).await["waiting"], Value::Null);
        let refused = guard.get("/api/v1/notices").await.ok();
        assert!(refused["items"][0]["title"].as_str().unwrap().contains("was refused"), "{refused}");
    }
);

both!(
    by_hand(),
    async fn rule_11_nobody_frees_himself_by_files(app) {
        let market = Market::of(app).await;
        let guard = &market.guard;
        let second = app.person_with("second", &["security_administrator"]).await;
        let group = id(&app.admin.post("/api/v1/groups", json!({ "name": "guards" })).await.ok());
        app.admin.put(&format!("/api/v1/groups/{group}/members/{}", guard.id), json!({})).await.is(204);
        let hide = "restrictions: [{ name: hide, on: ['Team 0/*/*'], hide: true, reason: r }]";
        let spared = "restrictions: [{ name: hide, on: ['Team 0/*/*'], hide: true, exempt: [guards], reason: r }]";
        let tagged = "tags: [{ tag: pii, on: ['Team 1/*/*'] }]";
        let outcome = async |client: &Client, text: &str| apply(client, &one(text)).await["done"]["outcome"].clone();
        assert_eq!(outcome(guard, spared).await, "PROPOSED");
        assert_eq!(outcome(&second, hide).await, "APPLIED");
        assert_eq!(outcome(guard, spared).await, "PROPOSED");
        assert_eq!(outcome(guard, "").await, "PROPOSED", "it binds him, and he did not put it there");
        assert_eq!(outcome(&second, "").await, "APPLIED", "it was hers");
        // 10: a governed tag is lowered by a steward, or by two.
        assert_eq!(outcome(guard, tagged).await, "APPLIED");
        assert_eq!(outcome(guard, "").await, "PROPOSED");
        // 11: a tag that opens something to oneself.
        let given = json!({ "tag": "class=public", "to": { "kind": "GROUP", "id": group }, "reason": "Open" });
        let text = "mutation ($input: CreateGrantInput!) { createGrant(input: $input) { ok problem { message } } }";
        assert_eq!(second.data(text, json!({ "input": given })).await["createGrant"]["ok"], true);
        let opening = format!("{tagged}\ngrants: []").replace("pii, on", "class=public, on").replace("Team 1", "Team 2");
        assert_eq!(outcome(&second, &opening).await, "PROPOSED", "she takes the governed tag off");
        let both = format!("{}, {{ tag: class=public, on: ['Team 2/*/*'] }}]", tagged.trim_end_matches(']'));
        assert_eq!(outcome(guard, &both).await, "PROPOSED");
        assert_eq!(outcome(&second, &both).await, "APPLIED");
        assert_eq!(rows(&app.team_of(guard.clone(), &app.domain("Side").await, "Guards", "guards").await.acting(),
            &format!("select count(*) from {}", market.table(2, "orders"))).await.len(), 1);
    }
);

both!(
    by_hand(),
    async fn rule_10_tags_on_which_files_decide_are_not_for_contributors(app) {
        let market = Market::of(app).await;
        let team = &market.teams[0];
        let contributor = app.person("colleague").await;
        team.join(&contributor, "contributor").await;
        app.admin.post("/api/v1/groups", json!({ "name": "guards" })).await.ok();
        let rules = "grants:
  - { name: open, to: [readers], on: ['Team 0/*/*'], columns: { only_tagged: [class=public] }, reason: r }
  - { name: rest, to: [readers], on: ['Team 0/*/*'], columns: { except_tagged: [internal] }, reason: r }
";
        assert_eq!(apply(&market.guard, &one(rules)).await["done"]["outcome"], "APPLIED");
        let tag = async |client: &Client, tags: Value| {
            let whole = asset(&team.owner, &market.orders[0]).await;
            let columns = json!([{ "id": column(&whole, "amount"), "tags": tags }]);
            let edit = json!({ "revision": whole["revision"], "columns": columns });
            client.patch(&format!("/api/v1/assets/{}", market.orders[0]), edit).await
        };
        tag(&contributor, json!(["class=public"])).await.blames(403, "forbidden", "columns[0].tags");
        tag(&contributor, json!(["internal", "free"])).await.ok();
        tag(&contributor, json!(["free"])).await.blames(403, "forbidden", "columns[0].tags");
        tag(&contributor, json!(["internal"])).await.ok();
        tag(&team.owner, json!(["internal", "class=public"])).await.ok();
        assert_eq!(words(&reconcile(&market.guard).await["plan"]), [
            "+ grant open on Team 0/t0_pub/orders to group group 0: reads amount",
            "~ grant rest on Team 0/t0_pub/orders to group group 0: no longer reads amount",
        ]);
    }
);
