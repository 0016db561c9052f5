//! `lakegate policy`.

use lakegate_tests::command::{self, Said};

use super::*;

async fn policy(app: &Server, token: &str, arguments: &[&str]) -> Said {
    let mut command = command::command(&[&["policy"], arguments].concat());
    command.env("LAKEGATE_URL", &app.url).env("LAKEGATE_TOKEN", token).current_dir(app.folder.path());
    command::run(command, "").await
}

const RULES: &str = "personas:
  - name: readers
    groups: [group 0]
tags:
  - tag: pii=email
    on: ['*/*/orders']
    columns: [email]
grants:
  - name: read
    to: [readers]
    on: [Team 0/*/orders]
    columns: { except_tagged: [pii] }
    reason: Work
";

both!(
    by_hand(),
    async fn the_command_line_checks_plans_applies_and_exports(app) {
        let market = Market::of(app).await;
        let wish = json!({ "name": "rules", "scopes": ["read", "write"], "days": 1 });
        let token = market.guard.post("/api/v1/tokens", wish).await.ok()["secret"].as_str().unwrap().to_owned();
        let rules = app.folder.path().join("rules");
        write(&rules.join("a/read.yaml"), RULES.as_bytes());
        write(&rules.join("notes.txt"), b"not rules");

        let said = policy(app, "", &["validate", "rules"]).await.ok();
        assert_eq!(said, "in order: 1 file, 1 persona, 1 tag rule, 1 grant, 0 restrictions\n");
        let bad = app.folder.path().join("bad.yaml");
        write(&bad, RULES.replace("reason: Work", "resaon: Work").replace("[readers]", "[writers]").as_bytes());
        let said = policy(app, "", &["validate", "bad.yaml"]).await;
        assert_eq!(said.code, Some(1));
        assert!(said.out.starts_with("bad.yaml:13: grants[0]: unknown field `resaon`, expected one of "), "{said:?}");
        assert_eq!(said.err, "lakegate: 1 problem in the files\n");

        let due = "5 to add, 0 to change, 0 to remove
  + tag pii=email on Team 0/t0_pub/orders.email
  + tag pii=email on Team 1/t1_pub/orders.email
  + tag pii=email on Team 2/t2_pub/orders.email
  + tag pii=email on Team 3/t3_pub/orders.email
  + grant read on Team 0/t0_pub/orders to group group 0: reads order_id, amount
";
        let said = policy(app, &token, &["plan", "rules"]).await;
        assert_eq!((said.code, said.out.as_str()), (Some(0), due), "{said:?}");
        assert_eq!(policy(app, &token, &["plan", "--detailed-exitcode", "rules"]).await.code, Some(2));
        let said = policy(app, &token, &["apply", "rules"]).await;
        assert_eq!((said.code, said.out), (Some(0), format!("{due}version 1 is in force\n")));
        let said = policy(app, &token, &["apply", "rules"]).await.ok();
        assert_eq!(said, "nothing to change\nversion 1 is in force already\n");
        let said = policy(app, &token, &["plan", "--detailed-exitcode", "rules"]).await;
        assert_eq!((said.code, said.out.as_str()), (Some(0), "nothing to change\n"));

        // What the server refuses, and who may not.
        write(&bad, RULES.replace("group 0", "group 99").as_bytes());
        let said = policy(app, &token, &["apply", "bad.yaml"]).await;
        assert_eq!(said.code, Some(1));
        let refusal = "nothing was applied: bad.yaml: personas[0].groups[0]: there is no group group 99 (make the group, or leave it out)";
        assert_eq!(said.err, format!("lakegate: {refusal}\n"));
        let owner = market.teams[0].owner.post("/api/v1/tokens", json!({ "name": "x", "scopes": ["read", "write"], "days": 1 })).await.ok();
        let said = policy(app, owner["secret"].as_str().unwrap(), &["plan", "rules"]).await;
        assert_eq!((said.code, said.err.as_str()), (Some(1), "lakegate: you may not read rules as files (ask a security administrator)\n"));
        assert!(policy(app, "", &["plan", "rules"]).await.refused().contains("LAKEGATE_TOKEN is not set"));
        let said = policy(app, &token, &["plan", "--url", "http://lakegate.example", "rules"]).await.refused();
        assert!(said.contains("a token travels over https"), "{said}");

        // What comes out goes in again.
        policy(app, &token, &["export", "exported"]).await.ok();
        assert_eq!(std::fs::read_to_string(app.folder.path().join("exported/a/read.yaml")).unwrap(), RULES);
        assert!(policy(app, &token, &["export", "exported"]).await.refused().contains("is not empty"));
        let said = policy(app, &token, &["plan", "exported"]).await.ok();
        assert_eq!(said, "nothing to change\n");

        // 11: what would open something to oneself waits.
        app.person_with("second", &["security_administrator"]).await;
        write(&rules.join("own.yaml"), b"personas: [{ name: me, people: [guard] }]\ngrants: [{ name: own, to: [me], on: ['Team 1/*/*'], reason: Mine }]\n");
        let said = policy(app, &token, &["apply", "rules"]).await;
        assert_eq!(said.code, Some(3), "{said:?}");
        assert!(said.out.ends_with("  needs a second security administrator: the grant own gives access to who applies it\nversion 2 waits for a second security administrator; nothing was applied yet\n"), "{said:?}");
    }
);
