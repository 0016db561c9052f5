//! What is told of coarse rights, who is told, and who may change them.

use lakegate_tests::both;

use super::*;

both!(
    async fn whoever_is_no_security_administrator_is_refused_and_it_is_audited(app) {
        let lake = Lake::of(app).await;
        lake.register("HYBRID").await;
        let olga = &lake.owner.owner;
        let forbidden = ("forbidden".to_owned(), Value::Null);
        for client in [olga, &lake.analyst.owner, &lake.engineer.owner] {
            assert_eq!(refused(client, OPT_IN, lake.opt(&lake.analyst(), None)).await, forbidden);
            assert_eq!(refused(client, OPT_OUT, lake.opt(&lake.analyst(), None)).await, forbidden);
            assert_eq!(refused(client, COARSE, lake.right(lake.analyst())).await, forbidden);
            assert_eq!(refused(client, REGISTER, lake.registration("FINE")).await, forbidden);
            for list in ["coarseRights", "optIns", "databaseRegistrations"] {
                let answer = client.graphql(&format!("{{ {list} {{ nodes {{ database }} }} }}"), json!({})).await.json();
                assert_eq!(answer["errors"][0]["extensions"]["code"], "forbidden", "{answer}");
            }
        }
        let right = lake.coarse(lake.engineers()).await;
        assert_eq!(tried(olga, TAKE_BACK, json!({ "id": right })).await["problem"]["code"], "forbidden");
        let text = "mutation ($input: OptInput!) { simulateOptIn(input: $input) { ok problem { code } simulation { complete } } }";
        let told = tried(olga, text, json!({ "input": lake.opt(&lake.analyst(), None) })).await;
        assert_eq!((&told["problem"]["code"], &told["simulation"]), (&json!("forbidden"), &Value::Null));
        let denied = lake.chief.all("/api/v1/audit?outcome=denied", 200).await;
        for action in ["opt.in", "opt.out", "coarse_right.create", "coarse_right.revoke", "database.register", "access.simulate"] {
            assert!(denied.iter().any(|event| event["action"] == action && event["actor_name"] == "olga"), "{action}");
        }
        assert_eq!(lake.counts().await, (8, 0), "nothing came of it");
    }
);

both!(
    async fn what_cannot_be_is_refused_by_its_field(app) {
        let lake = Lake::of(app).await;
        let chief = &lake.chief;
        let invalid = |field: &str| ("invalid".to_owned(), json!(field));
        assert_eq!(refused(chief, COARSE, lake.right(json!({ "kind": "EVERYONE" }))).await, invalid("to"));
        assert_eq!(refused(chief, OPT_IN, lake.opt(&json!({ "kind": "EVERYONE" }), None)).await, invalid("to"));
        assert_eq!(refused(chief, COARSE, lake.right(to("USER", &lake.database))).await, invalid("to"));
        assert_eq!(refused(chief, COARSE, lake.right(to("USER", &chief.id))).await.0, "forbidden", "access rule 11");
        assert_eq!(refused(chief, OPT_IN, lake.opt(&to("USER", &chief.id), None)).await.0, "forbidden");
        let role = json!({ "kind": "ROLE", "role": "AUDITOR" });
        assert_eq!(refused(chief, OPT_OUT, lake.opt(&role, None)).await.0, "forbidden", "a role of his own");
        // A table that he does not find is not there, byte for byte.
        let guard = app.person_with("guard", &["security_administrator"]).await;
        let hidden = tried(&guard, OPT_IN, json!({ "input": lake.opt(&lake.analyst(), Some("t1")) })).await;
        let absent = tried(&guard, OPT_IN, json!({ "input": lake.opt(&lake.analyst(), Some("nowhere")) })).await;
        assert_eq!((&absent["problem"]["field"], &hidden), (&json!("tableName"), &absent));
        let mut input = lake.right(lake.engineers());
        input["reason"] = json!(" ");
        assert_eq!(refused(chief, COARSE, input).await, invalid("reason"));
        let mut input = lake.right(lake.engineers());
        input["validUntil"] = json!("2020-01-01T00:00:00Z");
        assert_eq!(refused(chief, COARSE, input).await, invalid("until"));
        let mut input = lake.registration("COARSE");
        input["database"] = json!(lake.assets[0]);
        assert_eq!(refused(chief, REGISTER, input).await, invalid("database"));
        assert_eq!(refused(chief, REGISTER, lake.registration("FINE")).await, ("conflict".to_owned(), json!("mode")));
        let own = subscribed(&lake).await;
        let mut input = lake.right(lake.engineers());
        input["database"] = json!(own);
        assert_eq!(refused(chief, COARSE, input).await, invalid("database"), "links give no data");
        lake.opt_in(&lake.engineers(), None).await;
        assert_eq!(refused(chief, OPT_IN, lake.opt(&lake.engineers(), None)).await.0, "conflict");
        let right = lake.coarse(lake.engineers()).await;
        done(chief, TAKE_BACK, json!({ "id": right })).await;
        assert_eq!(tried(chief, TAKE_BACK, json!({ "id": right })).await["problem"]["code"], "conflict");
    }
);

/// The id of the database of what the analysts subscribed to.
async fn subscribed(lake: &Lake) -> String {
    let text = "query ($project: ID!) { environments(project: $project) { databases { id name } } }";
    let places = lake.analyst.owner.data(text, json!({ "project": lake.analyst.project })).await;
    let all = places["environments"][0]["databases"].as_array().unwrap().clone();
    id(all.iter().find(|one| one["name"] == json!(lake.analyst.environment.subscribed)).unwrap())
}

both!(
    async fn nobody_lets_rights_of_his_own_count(app) {
        let lake = Lake::of(app).await;
        let other = app.person_with("other", &["security_administrator"]).await;
        let circle = group(app, "circle", &[]).await;
        lake.coarse(to("GROUP", &circle)).await;
        app.admin.put(&format!("/api/v1/groups/{circle}/members/{}", lake.chief.id), json!({})).await.is(204);
        assert_eq!(refused(&lake.chief, REGISTER, lake.registration("COARSE")).await.0, "forbidden");
        done(&other, REGISTER, json!({ "input": lake.registration("COARSE") })).await;
        // He came into the circle later: what he gave himself does not serve him.
        let team = app.team_of(lake.chief, &app.domain("Guards").await, "Guards", "guards").await;
        let sql = format!("select 1 from {}.t1", lake.owner.environment.published);
        team.acting().query(&sql).await.problem(422, "unprocessable");
    }
);

both!(
    async fn explanations_and_reviews_tell_which_model_decides(app) {
        let lake = Lake::of(app).await;
        lake.register("HYBRID").await;
        let right = lake.coarse(lake.engineers()).await;
        let grant = fine(&lake, "t1", json!({ "rowFilter": "region = 'north'" })).await;
        let (kind, words, model) = why(&lake, &lake.engineer.owner.id).await;
        assert_eq!(kind, ("COARSE_RIGHT".to_owned(), json!(right)));
        let database = &lake.owner.environment.published;
        assert_eq!(words, format!("reads by the coarse right on database {database}, given to engineers by chief: They run the plant"));
        assert_eq!(model, "coarse rights decide: fine grants count only for whom is opted in");
        let (kind, _, model) = why(&lake, &lake.analyst.owner.id).await;
        assert_eq!((kind.0.as_str(), model.as_str()), ("", "coarse rights decide: fine grants count only for whom is opted in"));
        lake.opt_in(&lake.analyst(), None).await;
        let (kind, _, model) = why(&lake, &lake.analyst.owner.id).await;
        assert_eq!(kind, ("DIRECT_GRANT".to_owned(), json!(grant)));
        assert_eq!(model, format!("fine grants decide: analyst is opted in on database {database}: Moved over"));
        lake.cells(&lake.engineer.acting(), "t1").await;
        let text = "query ($asset: ID!) { assetReaders(asset: $asset) { readers { subject { name } columns { shows }
            through { kind id approvedBy reason lastUsed } } } }";
        let found = lake.owner.owner.data(text, json!({ "asset": lake.asset("t1") })).await["assetReaders"]["readers"].clone();
        let readers = found.as_array().unwrap();
        let of = |name: &str| readers.iter().find(|one| one["subject"]["name"] == name).unwrap_or_else(|| panic!("no {name}: {found}"));
        let through = &of("engineer")["through"][0];
        assert_eq!((&through["kind"], &through["id"], &through["approvedBy"]), (&json!("COARSE_RIGHT"), &json!(right), &json!("chief")));
        assert!(!through["lastUsed"].is_null(), "{through}");
        assert_eq!(of("analyst")["through"][0]["kind"], "DIRECT_GRANT");
        assert_eq!(readers.len(), 3, "and the owner: {found}");
        // Of what is hidden from the analyst he is told nothing.
        let text = "query ($asset: ID!) { explainAccess(asset: $asset) { model } }";
        let answer = lake.analyst.acting().graphql(text, json!({ "asset": lake.asset("t2") })).await.json();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "not_found", "{answer}");
    }
);

/// The rule that decides about a column of *t1* for somebody, its words, and which model does.
async fn why(lake: &Lake, user: &str) -> ((String, Value), String, String) {
    let text = "query ($asset: ID!, $user: ID) { explainAccess(asset: $asset, user: $user) {
        model columns { name rules { kind id words } } } }";
    let found =
        lake.owner.owner.data(text, json!({ "asset": lake.asset("t1"), "user": user })).await["explainAccess"].clone();
    let rule = &found["columns"][0]["rules"][0];
    let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ((of(&rule["kind"]), rule["id"].clone()), of(&rule["words"]), of(&found["model"]))
}

both!(
    async fn simulations_foretell_who_gains_and_who_loses(app) {
        let lake = Lake::of(app).await;
        let right = lake.right(lake.engineers());
        assert_eq!(foretold(&lake.chief, "simulateCreateCoarseRight", "CreateCoarseRightInput", right).await, []);
        lake.coarse(lake.engineers()).await;
        fine(&lake, "t1", json!({})).await;
        let told = foretold(&lake.chief, "simulateRegisterDatabase", "RegisterDatabaseInput", lake.registration("HYBRID")).await;
        assert_eq!(told.len(), 9, "{told:?}");
        let loses = told.iter().filter(|(who, ..)| who == "analyst").collect::<Vec<_>>();
        assert_eq!(loses, [&("analyst".to_owned(), "Measured t1".to_owned(), "3 columns lost".to_owned())]);
        assert_eq!(lake.counts().await, (0, 1), "nothing was done");
        lake.register("HYBRID").await;
        assert_eq!(lake.counts().await, (8, 0), "as foretold");
        let told = foretold(&lake.chief, "simulateOptIn", "OptInput", lake.opt(&lake.engineers(), None)).await;
        assert!(told.len() == 8 && told.iter().all(|(who, _, words)| who == "engineer" && words == "3 columns lost"), "{told:?}");
        lake.opt_in(&lake.engineers(), None).await;
        assert_eq!(lake.counts().await, (0, 0), "as foretold");
        let told = foretold(&lake.chief, "simulateOptOut", "OptInput", lake.opt(&lake.engineers(), None)).await;
        assert!(told.len() == 8 && told.iter().all(|(_, _, words)| words == "3 columns gained"), "{told:?}");
    }
);

both!(
    async fn a_security_administrator_moves_a_principal_over_in_the_portal(app) {
        let lake = Lake::of(app).await;
        let browser = app.browser("chief").await;
        let form = "/admin/policy/coarse/change";
        let database = [("database", lake.database.as_str()), ("reason", "To move over")];
        let with = |more: &[(&'static str, &'static str)]| [&database[..], more].concat();
        browser.submit(form, &with(&[("what", "register"), ("mode", "hybrid")])).await.is(303);
        browser.submit(form, &with(&[("what", "right"), ("kind", "group"), ("who", "engineers")])).await.is(303);
        fine(&lake, "t1", json!({})).await;
        assert_eq!(lake.counts().await, (8, 0));
        let opt = with(&[("what", "in"), ("kind", "user"), ("who", "analyst")]);
        let page = browser.submit(form, &[&opt[..], &[("preview", "1")]].concat()).await.is(200).text();
        for words in ["Who gains, who loses", "3 columns gained", "analyst"] {
            assert!(page.contains(words), "{words} is not on the page: {page}");
        }
        assert_eq!(lake.counts().await, (8, 0), "a preview opts nobody in");
        browser.submit(form, &opt).await.is(303);
        assert_eq!(lake.counts().await, (8, 1));
        let page = browser.open("/admin/policy/coarse").await.is(200).text();
        assert!(page.contains("engineers") && page.contains("Both") && page.contains("To move over"), "{page}");
        let page = browser.open("/admin/policy/coarse/opt-ins").await.is(200).text();
        assert!(page.contains("analyst") && page.contains(&format!("{}.*", lake.owner.environment.published)), "{page}");
        let wrong = with(&[("what", "in"), ("kind", "user"), ("who", "nobody")]);
        let page = browser.submit(form, &wrong).await.is(422).text();
        assert!(page.contains("Nobody of this kind has this name"), "{page}");
        let olga = app.browser("olga").await;
        olga.open("/admin/policy/coarse").await.is(403);
        olga.submit(form, &opt).await.is(403);
    }
);

both!(
    async fn the_documents_tell_how_somebody_is_moved_over(app) {
        let lake = Lake::of(app).await;
        lake.coarse(lake.engineers()).await;
        fine(&lake, "t1", json!({})).await;
        for (query, answer) in crate::reviews::examples("coarse-and-fine.md") {
            let query = query.replace("DATABASE", &lake.database).replace("ENGINEERS", &lake.engineers);
            let query = query.replace("ANALYST", &lake.analyst.owner.id).replace("ASSET", lake.asset("t1"));
            let client = if query.contains("explainAccess") { &lake.owner.owner } else { &lake.chief };
            assert_eq!(client.data(&query, json!({})).await, answer, "{query}");
        }
    }
);
