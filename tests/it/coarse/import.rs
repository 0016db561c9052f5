//! Coarse rights from statements: a document is imported as a whole, or not at all.

use lakegate_tests::{
    both,
    command::{self, Said},
};

use super::*;

async fn import(app: &Server, token: &str, document: &str) -> Said {
    write(&app.folder.path().join("rights.json"), document.as_bytes());
    let mut command = command::command(&["policy", "import", "rights.json"]);
    command.env("LAKEGATE_URL", &app.url).env("LAKEGATE_TOKEN", token).current_dir(app.folder.path());
    command::run(command, "").await
}

fn document(statements: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

async fn rights(lake: &Lake) -> usize {
    let found = lake.chief.data("{ coarseRights(first: 100) { nodes { id } } }", json!({})).await;
    found["coarseRights"]["nodes"].as_array().unwrap().len()
}

both!(
    async fn a_document_is_imported_as_a_whole_or_not_at_all(app) {
        let lake = Lake::of(app).await;
        lake.register("COARSE").await;
        let wish = json!({ "name": "rights", "scopes": ["read", "write"], "days": 1 });
        let token = lake.chief.post("/api/v1/tokens", wish.clone()).await.ok()["secret"].as_str().unwrap().to_owned();
        let good = json!({ "Sid": "Plant", "Effect": "Allow", "Action": ["lakegate:Read", "lakegate:Export"],
            "Resource": "database/plant_pub", "Principal": { "Group": "engineers" } });
        let bad = json!({ "Effect": "Allow", "Action": ["lakegate:Read", "s3:GetObject", "lakegate:*"],
            "Resource": ["database/plant_pub", "database/nowhere"], "Principal": { "User": ["analyst"] } });
        let unknown = json!({ "Effect": "Allow", "Action": "lakegate:Read", "Resource": "database/nowhere",
            "Principal": { "User": "nobody" } });
        let said = import(app, &token, &document(&json!([good, bad, unknown]))).await;
        assert_eq!(said.code, Some(1));
        for words in [
            "statement 2: the action \"s3:GetObject\" is unknown", "statement 2: the action \"lakegate:*\" is malformed",
            "statement 3: there is no database \"nowhere\"", "statement 3: there is no user \"nobody\"", "nothing was imported",
        ] {
            assert!(said.err.contains(words), "{words}: {said:?}");
        }
        assert_eq!((rights(&lake).await, lake.counts().await), (0, (0, 0)), "the first statement neither");
        let said = import(app, &token, &document(&json!([good]))).await.ok();
        assert_eq!(said, "plant_pub for group engineers, rows may leave as files\n1 right given, 0 stood already\n");
        assert_eq!(lake.counts().await, (8, 0));
        let user = json!({ "Effect": "Allow", "Action": "lakegate:Read", "Resource": "database/plant_pub",
            "Principal": { "User": ["analyst"], "Role": "data_protection_officer", "ServiceAccount": [] } });
        let said = import(app, &token, &document(&json!([good, user]))).await.ok();
        let lines: std::collections::BTreeSet<&str> = said.lines().collect();
        assert_eq!(lines, ["plant_pub for role every data protection officer", "plant_pub for user analyst",
            "2 rights given, 1 stood already"].into());
        assert_eq!((rights(&lake).await, lake.counts().await), (3, (8, 8)));
        // His own right cannot hide in a document either.
        let own = json!([{ "Effect": "Allow", "Action": "lakegate:Read", "Resource": "database/plant_pub",
            "Principal": { "User": ["olga", "chief"] } }]);
        let said = import(app, &token, &document(&own)).await;
        assert!(said.code == Some(1) && said.err.contains("yourself"), "{said:?}");
        let olga = lake.owner.owner.post("/api/v1/tokens", wish).await.ok()["secret"].as_str().unwrap().to_owned();
        let said = import(app, &olga, "not even JSON").await;
        assert!(said.code == Some(1) && said.err.contains("you may not give access to this"), "{said:?}");
        assert_eq!(rights(&lake).await, 3);
        let denied = lake.chief.all("/api/v1/audit?outcome=denied", 200).await;
        assert!(denied.iter().any(|event| event["action"] == "coarse_right.import" && event["actor_name"] == "olga"));
    }
);
