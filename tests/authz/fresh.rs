//! New things for doors that use a thing up.

use lakegate_tests::{
    Client, Server,
    answer::id,
    eventually_ok,
    files::write,
    json,
    story::{self, ask},
    upload,
};

use crate::world::{Ids, NOWHERE, World};

impl World {
    /// The ids of new things for a door that would use the standing ones up.
    pub(super) async fn fresh(&self, app: &Server, door: &str, actor: &str) -> Ids {
        let mut ids = Ids::new();
        let (team, n) = (&self.sales.producer, self.next());
        let has = |words: &[&str]| words.iter().any(|word| door.contains(word));
        if has(&[
            "{user}", "{member}", "user", "User", "Owner", "teward", "ember", "nvit", "person", "transfer", "appoint",
        ]) {
            let person = app.person(&format!("u{n}")).await;
            if has(&["/members/{kind}", "removeProjectMember", "changeProjectMember"]) {
                team.join(&person, "viewer").await;
            }
            if has(&["/invitations/{user}", "withdrawInvitation"]) {
                let invitation = json!({ "user": person.id, "role": "viewer" });
                team.owner.post(&format!("/api/v1/projects/{}/invitations", team.project), invitation).await.ok();
            }
            ids.insert("member", person.id.clone());
            if has(&["/members", "ProjectMember"]) {
                ids.insert("id", person.id.clone());
            }
            ids.insert("username", person.username.clone());
            ids.insert("user", person.id);
        }
        if has(&[
            "me/invitations",
            "inbox/invitations",
            "/{project}/invitation",
            "acceptInvitation",
            "declineInvitation",
        ]) && !has(&["{project}/invitations"])
        {
            self.invite(app, actor, &mut ids, n).await;
        }
        if has(&["{root}", "toragRoot"]) {
            let root = json!({ "uri": format!("s3://root{n}/") });
            ids.insert("root", id(&app.admin.post("/api/v1/storage-roots", root).await.ok()));
        }
        if has(&["{connection}", "onnection"]) {
            let connection = json!({ "name": format!("c{n}"), "endpoint": "http://127.0.0.1:1", "region": "r", "access_key_id": "a", "secret_access_key": "b" });
            let path = format!("/api/v1/projects/{}/connections", team.project);
            ids.insert("connection", id(&team.owner.post(&path, connection).await.ok()));
        }
        if has(&["saved", "Saved"]) {
            let saved = json!({ "name": format!("saved {n}"), "sql": "select 1 as one" });
            let path = format!("/api/v1/projects/{}/saved-queries", team.project);
            let saved = id(&team.owner.post(&path, saved).await.ok());
            ids.insert("query", saved.clone());
            ids.insert("saved", saved.clone());
            ids.insert("saved_query", saved);
        }
        if has(&["/leave", "leaveProject", "transfer"]) {
            self.to_leave(actor, &mut ids, n).await;
        }
        self.fresh_in_lake(app, door, n, &mut ids).await;
        self.fresh_glass(app, door, n, &mut ids).await;
        self.fresh_access(door, n, &mut ids).await;
        self.fresh_secrets(app, door, actor, n, &mut ids).await;
        self.fresh_purposes(app, door, n, &mut ids).await;
        self.fresh_reported(door, n, &mut ids).await;
        ids
    }

    /// A purpose, asked for the project unless the door is what asks.
    async fn fresh_purposes(&self, app: &Server, door: &str, n: u64, ids: &mut Ids) {
        let changes = ["POST ", "mutation "].iter().any(|start| door.starts_with(start));
        if !changes || !["urpose"].iter().any(|word| door.contains(word)) {
            return;
        }
        let officer = app.person_with(&format!("officer{n}"), &["data_protection_officer"]).await;
        let text = "mutation ($name: String!) { createPurpose(input: { name: $name, description: \"To try\",
            legalBasis: \"Consent\" }) { purpose { id } } }";
        let made = officer.data(text, json!({ "name": format!("Purpose {n}") })).await;
        let purpose = id(&made["createPurpose"]["purpose"]);
        ids.insert("purpose", purpose.clone());
        if door.contains("askForPurpose") || door.ends_with("/{project}/purposes") {
            return;
        }
        let team = &self.sales.producer;
        let text = "mutation ($project: ID!, $purpose: ID!) { askForPurpose(project: $project, purpose: $purpose,
            reason: \"To try\") { projectPurpose { id } } }";
        let asked = team.owner.data(text, json!({ "project": team.project, "purpose": purpose })).await;
        let asked = id(&asked["askForPurpose"]["projectPurpose"]);
        ids.insert("id", asked.clone());
        ids.insert("project_purpose", asked);
    }

    /// An emergency access that somebody else opened.
    async fn fresh_glass(&self, app: &Server, door: &str, n: u64, ids: &mut Ids) {
        if !["{glass}", "endBreakGlass", "reviewBreakGlass"].iter().any(|word| door.contains(word)) {
            return;
        }
        let guard = app.person_with(&format!("guard{n}"), &["security_administrator"]).await;
        let text = "mutation ($asset: ID!) { breakGlass(input: { asset: $asset, reason: \"To try what happens in an emergency\" }) {
            breakGlass { id } } }";
        let made = guard.data(text, json!({ "asset": self.sales.asset })).await;
        let glass = id(&made["breakGlass"]["breakGlass"]);
        ids.insert("id", glass.clone());
        ids.insert("glass", glass);
    }

    /// A project that the actor may leave, if he belongs to one at all.
    async fn to_leave(&self, actor: &str, ids: &mut Ids, n: u64) {
        let (Some(person), false) = (self.person(actor), actor == "stranger") else { return };
        let owner = &self.other.owner;
        let project = json!({ "domain_id": self.sales.domain, "name": format!("Leaving {n}") });
        let project = id(&owner.post("/api/v1/projects", project).await.ok());
        let role = if ["viewer", "contributor"].contains(&actor) { actor } else { "owner" };
        let member = json!({ "kind": "user", "id": person.id, "role": role });
        owner.post(&format!("/api/v1/projects/{project}/members"), member).await.ok();
        if let Some(user) = ids.get("user") {
            let member = json!({ "kind": "user", "id": user, "role": "viewer" });
            owner.post(&format!("/api/v1/projects/{project}/members"), member).await.ok();
        }
        ids.insert("project", project);
    }

    /// An invitation of the actor into a project of somebody else.
    async fn invite(&self, app: &Server, actor: &str, ids: &mut Ids, n: u64) {
        let owner = &self.other.owner;
        let project = json!({ "domain_id": self.sales.domain, "name": format!("Inviting {n}") });
        let project = id(&owner.post("/api/v1/projects", project).await.ok());
        if let Some(person) = self.person(actor) {
            let invitation = json!({ "user": person.id, "role": "viewer" });
            owner.post(&format!("/api/v1/projects/{project}/invitations"), invitation).await.ok();
        }
        ids.insert("project", project);
        let _used = app;
    }

    /// Nothing is held up but what a door is to let go on.
    async fn jobs_go_on(&self, app: &Server, door: &str) {
        let resume = "mutation { resumeJobs(kind: \"crawl\") { ok } }";
        app.admin.data(resume, json!({})).await;
        if ["resumeJobs", "/admin/jobs/resume", "/jobs/queue/resume"].iter().any(|word| door.contains(word)) {
            let pause = "mutation { pauseJobs(kind: \"crawl\", reason: \"To try\") { ok } }";
            app.admin.data(pause, json!({})).await;
        }
    }

    async fn fresh_in_lake(&self, app: &Server, door: &str, n: u64, ids: &mut Ids) {
        let team = &self.sales.producer;
        let has = |words: &[&str]| words.iter().any(|word| door.contains(word));
        self.jobs_go_on(app, door).await;
        if has(&[
            "{source}",
            "{run}",
            "DataSource",
            "Run",
            "dataSource",
            "sourceRun",
            "jobLog",
            "jobAttempts",
            "obSchedule",
            "rigger",
            "orkflow",
            "{schedule}",
        ]) {
            let folder = app.files().join(format!("fresh{n}"));
            write(&folder.join("readme.txt"), b"nothing");
            let source = story::source(team, &format!("fresh {n}"), &story::folder_uri(&folder)).await;
            if has(&["obSchedule", "{schedule}"]) && !door.contains("jobSchedules") {
                ids.insert("schedule", crate::values::schedule(&team.owner, &source).await);
            }
            if has(&["rigger"]) {
                ids.insert("trigger", crate::values::trigger(&team.owner, &source).await);
            }
            if has(&["orkflow"]) {
                let name = format!("fresh {n}");
                let workflow = crate::values::workflow(&team.owner, &team.project, &source, &name).await;
                if has(&["WorkflowRun", "workflowRun", "workflowParts", "/workflow-runs/", "{flow}"])
                    && !door.ends_with("workflowRuns")
                {
                    let flow = crate::values::flow(&team.owner, &workflow).await;
                    ids.insert("run", flow.clone());
                    ids.insert("flow", flow);
                }
                if has(&["orkflowBackfill", "/workflow-backfills/", "{backfill}"])
                    && !door.ends_with("workflowBackfills")
                {
                    ids.insert("backfill", crate::values::backfill(&team.owner, &workflow).await);
                }
                ids.insert("workflow", workflow);
                ids.insert("workflow_name", name);
            }
            if has(&["{run}", "sourceRun", "cancelRun", "obRun", "jobLog", "jobAttempts"])
                && !has(&["jobRuns", "/workflow-runs/"])
            {
                let run = team.owner.post(&format!("/api/v1/data-sources/{source}/runs"), json!({})).await.ok();
                // One that still worked while a door is tried would change the database beside it.
                story::ended(&team.owner, &id(&run)).await;
                ids.insert("run", id(&run));
            }
            if has(&["unWatch", "unDeliver"]) {
                let (watch, delivery) = crate::values::watch(&team.owner, &source).await;
                ids.insert("watch", watch);
                ids.insert("delivery", delivery);
            }
            ids.insert("source", source);
        }
        if has(&["{watch}", "{delivery}"]) {
            let source = ids.get("source").unwrap_or(&self.sales.source).clone();
            let (watch, delivery) = crate::values::watch(&team.owner, &source).await;
            ids.insert("watch", watch);
            ids.insert("delivery", delivery);
        }
        if has(&[
            "/publish",
            "/archive",
            "/deprecate",
            "/undeprecate",
            "/assets/{asset}/uploads",
            "publishAsset",
            "archiveAsset",
            "deprecateAsset",
            "uggestion",
            "/names",
            "/release",
            "releaseColumns",
            "estriction",
            "{grant}",
            "evokeGrant",
            "{review}",
            "closeReview",
            "decideReviewItem",
            "query review",
            "mutation breakGlass",
            "{id}/break-glass",
            "setPrimaryKey",
            "primary-key",
            "keys/primary",
            "declareForeignKey",
            "foreign-keys",
            "keys/foreign",
            "removeTableKey",
            "{table_key}",
        ]) {
            let made = upload::upload(
                &team.owner,
                &team.environment.id,
                &format!("fresh_{n}"),
                "f.csv",
                b"cust_id,amount_usd\n1,2\n".to_vec(),
            )
            .await;
            let (asset, _) = upload::asset(made);
            if has(&["eprecate", "mutation breakGlass", "{id}/break-glass"]) {
                story::publish(&team.owner, &asset, &format!("Fresh {n}")).await;
            } else if has(&["/publish", "publishAsset"]) {
                let edit = json!({ "revision": story::asset(&team.owner, &asset).await["revision"], "title": format!("Fresh {n}"),
                    "description": "Fresh.", "owner": team.owner.id });
                team.owner.patch(&format!("/api/v1/assets/{asset}"), edit).await.ok();
            }
            let view = story::asset(&team.owner, &asset).await;
            if has(&["ndeprecate"]) {
                let note = json!({ "revision": view["revision"], "note": "Old" });
                team.owner.post(&format!("/api/v1/assets/{asset}/deprecate"), note).await.ok();
            }
            if let Some(suggestion) = view["suggestions"].as_array().and_then(|all| all.first()) {
                ids.insert("suggestion", id(suggestion));
            }
            ids.insert("column", story::column(&view, "amount_usd"));
            if has(&["removeTableKey", "{table_key}"]) {
                ids.insert("table_key", crate::values::key(&team.owner, &asset).await);
            }
            if has(&["iftRestriction", "{restriction}"]) {
                ids.insert("restriction", crate::values::hide(&team.owner, &asset).await);
            }
            if has(&["evokeGrant", "{grant}"]) {
                ids.insert("grant", crate::values::give(&team.owner, &asset).await);
            }
            if has(&["{review}", "closeReview", "decideReviewItem", "query review"]) {
                let (review, item) = crate::values::review(&team.owner, &asset).await;
                ids.insert("review", review);
                ids.insert("item", item);
            }
            ids.insert("id", asset.clone());
            ids.insert("asset", asset);
        }
    }

    async fn fresh_access(&self, door: &str, n: u64, ids: &mut Ids) {
        let has = |words: &[&str]| words.iter().any(|word| door.contains(word));
        if !has(&["{request}", "{subscription}", "{key}", "equest", "ubscription", "give-back"]) {
            return;
        }
        // A consumer of its own each time: a project has one open request for an asset.
        let owner = &self.other.owner;
        let project = json!({ "domain_id": self.sales.domain, "name": format!("Asking {n}") });
        let project = id(&owner.post("/api/v1/projects", project).await.ok());
        story::environment_of(owner, &project, json!({ "name": format!("asking {n}") })).await;
        let request = ask(owner, &project, &self.sales.asset, "To try").await;
        if has(&["{subscription}", "ubscription", "give-back"])
            && !has(&["requestSubscription", "approveSubscription", "rejectSubscription"])
        {
            let made = story::approve(&self.sales.producer.owner, &request, json!({ "reason": "Fine" })).await;
            ids.insert("subscription", made);
        }
        ids.insert("key", request.clone());
        ids.insert("request", request);
    }

    async fn fresh_secrets(&self, app: &Server, door: &str, actor: &str, n: u64, ids: &mut Ids) {
        let team = &self.sales.producer;
        let has = |words: &[&str]| words.iter().any(|word| door.contains(word));
        if has(&["{account}", "service", "ServiceAccount", "AccountPurpose", "accounts"]) || is_derived(door) {
            let role = if is_derived(door) { "contributor" } else { "viewer" };
            let account = crate::values::account(team, &format!("robot {n}"), role).await;
            ids.insert("account", account.clone());
            if has(&["AccountActor", "/actors"]) {
                let person = app.person(&format!("acting{n}")).await;
                team.join(&person, "contributor").await;
                if has(&["remove", "DELETE"]) {
                    crate::values::act_as(&team.owner, &account, &person.id).await;
                }
                ids.insert("user", person.id);
            }
            if is_derived(door) {
                let derived = crate::values::derived(team, &format!("derived_{n}")).await;
                ids.insert("derived", derived.clone());
                ids.insert("derived_table", derived);
                ids.insert("derived_name", format!("derived_{n}"));
            }
            if has(&["/tokens/{token}"]) {
                let token = json!({ "name": "t", "scopes": ["read"], "days": 1, "service_account": account });
                ids.insert("token", id(&team.owner.post("/api/v1/tokens", token).await.ok()));
            }
        }
        let (Some(person), client) = (self.person(actor), self.client(app, actor).await) else {
            ids.entry("token").or_insert_with(|| team.project.clone());
            ids.insert("session", team.project.clone());
            ids.entry("query").or_insert_with(|| team.project.clone());
            ids.insert("notice", NOWHERE.to_owned());
            return;
        };
        if has(&["/tokens/{token}", "revokeApiToken", "/account/tokens"]) && !ids.contains_key("token") {
            let token = json!({ "name": format!("t{n}"), "scopes": ["read"], "days": 1 });
            let token = id(&client.post("/api/v1/tokens", token).await.ok());
            if has(&["/account/tokens"]) {
                ids.insert("id", token.clone());
            }
            ids.insert("token", token);
        }
        if has(&["{session}", "endSession", "/account/sessions"]) {
            app.browser(&person.username).await;
            let all = client.get("/api/v1/me/sessions").await.ok();
            let newest = all
                .as_array()
                .unwrap()
                .iter()
                .max_by_key(|session| session["created_at"].as_str().unwrap_or_default().to_owned());
            let session = id(newest.unwrap());
            if has(&["/account/sessions"]) {
                ids.insert("id", session.clone());
            }
            ids.insert("session", session);
        }
        if has(&["{notice}", "otice"]) {
            let all = client.get("/api/v1/notices").await.ok();
            let notice = all["items"][0]["id"].as_str().unwrap_or(NOWHERE);
            ids.insert("notice", notice.to_owned());
        }
        if has(&["{query}", "query", "Query", "queries"]) && !has(&["saved", "Saved"]) {
            ids.insert("query", self.kept_query(actor, &client).await);
        }
    }

    /// A query with a kept result: the actor's own if he belongs to the project, else its owner's.
    async fn kept_query(&self, actor: &str, client: &Client) -> String {
        let team = &self.sales.producer;
        let client = if ["viewer", "contributor", "owner"].contains(&actor) { client } else { &team.owner.client };
        let ask = json!({ "sql": "select 1 as one", "project": team.project });
        let query = id(&client.post("/api/v1/queries", ask).await.ok());
        eventually_ok("the end of a query", async || {
            client.get(&format!("/api/v1/queries/{query}")).await.ok()["state"] != "running"
        })
        .await;
        query
    }
}

/// Whether a door is about derived tables.
fn is_derived(door: &str) -> bool {
    ["erivedTable", "derived-tables", "/derived"].iter().any(|word| door.contains(word))
}
