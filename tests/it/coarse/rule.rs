//! Access rule 24, sentence by sentence.

use lakegate_tests::both;

use super::*;

both!(
    async fn rule_24_the_nearest_decision_counts_and_a_table_stands_before_its_database(app) {
        let lake = Lake::of(app).await;
        lake.register("HYBRID").await;
        lake.coarse(lake.engineers()).await;
        let analyst = lake.analyst.acting();
        for table in ["t1", "t2", "t3"] {
            fine(&lake, table, json!({})).await;
        }
        lake.opt_in(&lake.analyst(), Some("t2")).await;
        assert_eq!(lake.readable(&analyst).await, ["t2"], "one table alone");
        lake.opt_in(&lake.analyst(), None).await;
        assert_eq!(lake.readable(&analyst).await, ["t1", "t2", "t3"]);
        lake.opt_out(&lake.analyst(), Some("t1")).await;
        assert_eq!(lake.readable(&analyst).await, ["t2", "t3"], "a table's opt-out wins over the database's opt-in");
        lake.opt_out(&lake.analyst(), None).await;
        assert_eq!(lake.readable(&analyst).await, ["t2"], "and its opt-in over the database's opt-out");
        // The same of those who hold coarse rights: opted in without fine grants, they read nothing there.
        lake.opt_in(&lake.engineers(), Some("t8")).await;
        assert_eq!(lake.readable(&lake.engineer.acting()).await, TABLES[..7]);
        lake.opt_in(&lake.engineers(), None).await;
        assert_eq!(lake.readable(&lake.engineer.acting()).await, [""; 0]);
        lake.opt_out(&lake.engineers(), Some("t1")).await;
        assert_eq!(lake.readable(&lake.engineer.acting()).await, ["t1"]);
        assert_eq!(lake.readable(&analyst).await, ["t2"], "opting one in changes no other's rights");
    }
);

both!(
    async fn rule_24_whoever_acts_through_an_opted_in_principal_is_judged_by_fine_grants_alone(app) {
        let lake = Lake::of(app).await;
        lake.register("HYBRID").await;
        lake.coarse(lake.engineers()).await;
        let engineer = lake.engineer.acting();
        fine(&lake, "t1", json!({ "to": to("USER", &lake.engineer.owner.id) })).await;
        assert_eq!(lake.readable(&engineer).await.len(), 8);
        let readers = group(app, "readers", &[&lake.engineer.owner]).await;
        lake.opt_in(&to("GROUP", &readers), None).await;
        assert_eq!(lake.readable(&engineer).await, ["t1"], "one group of his is enough");
        // Through the role that is not opted in alone he reads by its coarse right; he himself stays himself.
        let narrowed = engineer.with_header("lakegate-role", "engineers");
        assert_eq!(lake.readable(&narrowed).await.len(), 8);
        lake.opt_in(&to("USER", &lake.engineer.owner.id), None).await;
        assert_eq!(lake.readable(&narrowed).await, [""; 0], "his own grant is not the group's");
    }
);

both!(
    async fn rule_24_a_project_that_is_opted_in_does_not_opt_in_its_coarse_users(app) {
        let lake = Lake::of(app).await;
        lake.register("HYBRID").await;
        lake.coarse(lake.engineers()).await;
        lake.analyst.join(&lake.engineer.owner, "contributor").await;
        let project = to("PROJECT", &lake.analyst.project);
        fine(&lake, "t2", json!({ "to": project })).await;
        let engineer = lake.engineer.owner.acting(&lake.analyst.project);
        assert_eq!((lake.readable(&lake.analyst.acting()).await.len(), lake.readable(&engineer).await.len()), (0, 8));
        lake.opt_in(&project, None).await;
        assert_eq!(lake.readable(&lake.analyst.acting()).await, ["t2"]);
        assert_eq!(lake.readable(&engineer).await.len(), 8, "he holds a coarse right of his own");
        // A coarse right of the project itself is gone where the project is opted in.
        lake.coarse(project.clone()).await;
        assert_eq!(lake.readable(&lake.analyst.acting()).await, ["t2"]);
        lake.opt_out(&project, Some("t7")).await;
        assert_eq!(lake.readable(&lake.analyst.acting()).await, ["t2", "t7"]);
    }
);

both!(
    async fn rule_24_grants_on_tags_are_opted_in_apart(app) {
        let lake = Lake::of(app).await;
        let owner = &lake.owner.owner;
        lake.register("HYBRID").await;
        for table in ["t1", "t2"] {
            let whole = asset(owner, lake.asset(table)).await;
            let edit = json!({ "revision": whole["revision"], "tags": ["class=open"] });
            owner.patch(&format!("/api/v1/assets/{}", lake.asset(table)), edit).await.ok();
        }
        give(&lake.chief, json!({ "tag": "class", "to": lake.analyst(), "reason": "What is open" })).await;
        fine(&lake, "t3", json!({})).await;
        let analyst = lake.analyst.acting();
        assert_eq!(lake.readable(&analyst).await, [""; 0]);
        lake.opt_in(&lake.analyst(), None).await;
        assert_eq!(lake.readable(&analyst).await, ["t3"], "not the tags");
        let tags = async |text: &str, table: Option<&str>| {
            let mut input = lake.opt(&lake.analyst(), table);
            input["forTags"] = json!(true);
            done(&lake.chief, text, json!({ "input": input })).await;
        };
        tags(OPT_IN, None).await;
        assert_eq!(lake.readable(&analyst).await, ["t1", "t2", "t3"]);
        tags(OPT_OUT, Some("t1")).await;
        assert_eq!(lake.readable(&analyst).await, ["t2", "t3"]);
        lake.opt_out(&lake.analyst(), None).await;
        assert_eq!(lake.readable(&analyst).await, [""; 0], "those for tags alone let no grant count");
        lake.register("FINE").await;
        assert_eq!(lake.readable(&analyst).await, ["t1", "t2", "t3"], "elsewhere nobody has to be opted in");
    }
);

both!(
    async fn a_subscription_counts_once_its_project_is_opted_in(app) {
        let lake = Lake::of(app).await;
        let owner = &lake.owner.owner;
        let whole = asset(owner, lake.asset("t1")).await;
        let edit = json!({ "revision": whole["revision"], "discover": "requestable" });
        owner.patch(&format!("/api/v1/assets/{}", lake.asset("t1")), edit).await.ok();
        let analyst = &lake.analyst;
        let request = story::ask(&analyst.owner, &analyst.project, lake.asset("t1"), "For the study").await;
        story::approve(owner, &request, json!({ "reason": "Agreed" })).await;
        let sql = format!("select count(*) from {}.t1", analyst.environment.subscribed);
        assert_eq!(rows(&analyst.acting(), &sql).await.len(), 1);
        lake.register("HYBRID").await;
        analyst.acting().query(&sql).await.problem(422, "unprocessable");
        lake.opt_in(&to("PROJECT", &analyst.project), None).await;
        assert_eq!(rows(&analyst.acting(), &sql).await.len(), 1);
        // What somebody hands on counts as long as it counts for himself.
        let friend = app.team("friend", &app.domain("Elsewhere").await, "Friends", "friends").await;
        fine(&lake, "t2", json!({ "handOn": true })).await;
        lake.opt_in(&lake.analyst(), None).await;
        lake.opt_in(&to("USER", &friend.owner.id), None).await;
        give(&analyst.acting(), json!({ "asset": lake.asset("t2"), "to": to("USER", &friend.owner.id), "reason": "Look" })).await;
        assert_eq!(lake.readable(&friend.acting()).await, ["t2"]);
        lake.opt_out(&lake.analyst(), None).await;
        assert_eq!(lake.readable(&friend.acting()).await, [""; 0], "he no longer reads it under his own");
    }
);

both!(
    async fn one_model_alone_where_a_database_is_registered_for_one(app) {
        let lake = Lake::of(app).await;
        lake.coarse(lake.engineers()).await;
        fine(&lake, "t1", json!({})).await;
        assert_eq!(lake.counts().await, (0, 1), "fine grants by themselves, as ever");
        lake.opt_in(&lake.engineers(), None).await;
        assert_eq!(lake.counts().await, (0, 1), "decisions wait for both models");
        lake.register("COARSE").await;
        assert_eq!(lake.counts().await, (8, 0));
        assert_eq!(lake.readable(&lake.owner.acting()).await, TABLES, "what is one's own is nobody's to give");
        // Tables to come are covered, columns to come wait for their release.
        let folder = app.files().join("plant");
        write(&folder.join("t9/t9.csv"), ROWS);
        write(&folder.join("t8/more.csv"), b"name,region,pay,note\nDi,east,low,new\n");
        story::crawl(&lake.owner.owner, &lake.source).await;
        let engineer = lake.engineer.acting();
        assert_eq!(lake.cells(&engineer, "t9").await.len(), 3);
        let seen = story::columns(&engineer, &format!("select * from {}", lake.table("t8"))).await;
        assert_eq!(seen, ["name", "region", "pay"]);
        lake.register("FINE").await;
        assert_eq!(lake.counts().await, (0, 1));
    }
);

both!(
    Options::default().toml("[policy]\nnew_databases = \"coarse\"\n"),
    async fn a_setting_says_what_new_databases_are_registered_for(app) {
        let lake = Lake::of(app).await;
        fine(&lake, "t1", json!({})).await;
        assert_eq!(lake.counts().await, (0, 0), "fine grants open nothing from the start");
        lake.coarse(lake.engineers()).await;
        assert_eq!(lake.counts().await, (8, 0));
    }
);
