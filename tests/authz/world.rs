//! Things that doors are tried on, and new ones for doors that use a thing up.

use lakegate_tests::{
    Client, Server, Value,
    answer::id,
    eventually_ok,
    files::write,
    json,
    people::{PASSWORD, Person},
    story::{self, Sales, Team, ask},
    upload,
};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// The id of nothing.
const NOWHERE: &str = "018f0000-0000-7000-8000-000000000000";

/// Ids by the name of the parameter that takes them.
pub type Ids = BTreeMap<&'static str, String>;

/// One installation with one of everything.
pub struct World {
    pub sales: Sales,
    pub other: Team,
    people: BTreeMap<&'static str, Person>,
    ids: Ids,
    count: AtomicU64,
    files: std::path::PathBuf,
    /// Sign-ins that replace those that a door has ended.
    clients: tokio::sync::Mutex<BTreeMap<String, Client>>,
}

impl World {
    /// Makes one of everything.
    pub async fn build(app: &Server) -> Self {
        let sales = app.published_sales().await;
        let other = app.team("oscar", &sales.domain, "Another project", "another").await;
        // Whoever makes things for the others is none of those who are tried: a door may end his sign-in.
        let mut people = BTreeMap::from([("stranger", app.person("sven").await)]);
        people.insert("admin", app.person_with("alan", &["administrator"]).await);
        for (kind, name) in [("viewer", "vera"), ("contributor", "carl"), ("owner", "otto")] {
            let person = app.person(name).await;
            sales.producer.join(&person, kind).await;
            people.insert(kind, person);
        }
        let mut world = Self {
            sales,
            other,
            people,
            ids: Ids::new(),
            count: AtomicU64::new(0),
            files: app.files(),
            clients: tokio::sync::Mutex::default(),
        };
        world.ids = world.standing(app).await;
        world
    }

    /// Signs everybody in anew: access tokens end after a while.
    pub async fn renew(&mut self, app: &mut Server) {
        app.admin.client = app.signed_in(&app.admin.username).await;
        for person in
            [&mut self.sales.producer.owner, &mut self.other.owner].into_iter().chain(self.people.values_mut())
        {
            person.client = app.signed_in(&person.username).await;
        }
    }

    /// Signs one of the people in again, if a door has ended what he had.
    pub async fn client(&self, app: &Server, kind: &str) -> Client {
        let Some(person) = self.person(kind) else { return app.anonymous() };
        let client = self.clients.lock().await.get(kind).cloned().unwrap_or_else(|| person.client.clone());
        if client.get("/api/v1/me").await.status.is_success() {
            return client;
        }
        let client = app.signed_in(&person.username).await;
        self.clients.lock().await.insert(kind.to_owned(), client.clone());
        client
    }

    /// Somebody of a kind; nobody for anonymous.
    pub fn person(&self, kind: &str) -> Option<&Person> {
        self.people.get(kind)
    }

    /// The address of a new empty folder from which sources may read.
    pub fn folder(&self, n: u64) -> String {
        let folder = self.files.join(format!("made{n}"));
        std::fs::create_dir_all(&folder).unwrap();
        story::folder_uri(&folder)
    }

    /// A number never given before.
    pub fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    async fn standing(&self, app: &Server) -> Ids {
        let (team, owner) = (&self.sales.producer, &self.sales.producer.owner);
        let asset = story::asset(owner, &self.sales.asset).await;
        let group = id(&app.admin.post("/api/v1/groups", json!({ "name": "analysts" })).await.ok());
        let term = json!({ "domain_id": self.sales.domain, "domain": self.sales.domain, "name": "Order", "definition": "What a customer wants." });
        let steward = app.person("stella").await;
        app.admin
            .put(&format!("/api/v1/domains/{}/stewards/{}", self.sales.domain, steward.id), json!({}))
            .await
            .is(204);
        let term = without(&steward, "/api/v1/terms", term).await;
        Ids::from([
            ("project", team.project.clone()),
            ("domain", self.sales.domain.clone()),
            ("environment", team.environment.id.clone()),
            ("source", self.sales.source.clone()),
            ("asset", self.sales.asset.clone()),
            ("id", self.sales.asset.clone()),
            ("column", story::column(&asset, "quantity")),
            ("group", group),
            ("term", term),
            ("revision", "1".to_owned()),
            ("kind", "user".to_owned()),
        ])
    }

    /// The ids for one try at a door: what stands, and what that door uses up made anew.
    pub async fn ids(&self, app: &Server, door: &str, actor: &str) -> Ids {
        let mut ids = self.ids.clone();
        ids.extend(self.fresh(app, door, actor).await);
        ids
    }

    async fn fresh(&self, app: &Server, door: &str, actor: &str) -> Ids {
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
        self.fresh_access(door, n, &mut ids).await;
        self.fresh_secrets(app, door, actor, n, &mut ids).await;
        ids
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

    async fn fresh_in_lake(&self, app: &Server, door: &str, n: u64, ids: &mut Ids) {
        let team = &self.sales.producer;
        let has = |words: &[&str]| words.iter().any(|word| door.contains(word));
        if has(&["{source}", "{run}", "DataSource", "Run", "dataSource", "sourceRun"]) {
            let folder = app.files().join(format!("fresh{n}"));
            write(&folder.join("readme.txt"), b"nothing");
            let source = story::source(team, &format!("fresh {n}"), &story::folder_uri(&folder)).await;
            if has(&["{run}", "sourceRun", "cancelRun"]) {
                let run = team.owner.post(&format!("/api/v1/data-sources/{source}/runs"), json!({})).await.ok();
                // One that still worked while a door is tried would change the database beside it.
                story::ended(&team.owner, &id(&run)).await;
                ids.insert("run", id(&run));
            }
            ids.insert("source", source);
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
            if has(&["eprecate"]) {
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
            if has(&["liftRestriction", "{restriction}"]) {
                ids.insert("restriction", crate::values::hide(&team.owner, &asset).await);
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
        if has(&["{account}", "service", "ServiceAccount", "accounts"]) {
            let account = json!({ "name": format!("robot {n}"), "role": "viewer" });
            let path = format!("/api/v1/projects/{}/service-accounts", team.project);
            let account = id(&team.owner.post(&path, account).await.ok());
            ids.insert("account", account.clone());
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

    /// The words of an asset's first column, as they go in.
    pub async fn words(&self, asset: &str) -> String {
        let view = self.sales.producer.owner.get(&format!("/api/v1/assets/{asset}")).await;
        let name = if view.status.is_success() { view.json()["columns"][0]["name"].clone() } else { json!("x") };
        format!("column,title,description,tags,terms\n{},Title,Words.,,\n", name.as_str().unwrap_or("x"))
    }

    /// The revision at which the asset of a try stands.
    pub async fn revision(&self, asset: &str) -> Value {
        let answer = self.sales.producer.owner.get(&format!("/api/v1/assets/{asset}")).await;
        if answer.status.is_success() { answer.json()["revision"].clone() } else { json!(1) }
    }

    /// Everybody's password, for doors that ask for it.
    pub fn password() -> &'static str {
        PASSWORD
    }
}

/// Creates with whichever of the two names of the parent the door takes.
async fn without(person: &Person, path: &str, mut input: Value) -> String {
    for name in ["domain_id", "domain"] {
        let mut body = input.clone();
        body.as_object_mut().unwrap().remove(name);
        let answer = person.post(path, body).await;
        if answer.status.is_success() {
            return id(&answer.ok());
        }
        if name == "domain" {
            answer.ok();
        }
    }
    input["name"].take().to_string()
}
