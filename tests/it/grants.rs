//! Access given without a request, over HTTP.

mod explained;
mod simulated;

use lakegate_tests::{
    Client, Server, Value,
    answer::id,
    both, eventually_ok,
    files::{case, copy, write},
    people::Person,
    story::{self, Team, asset, column, rows},
};
use serde_json::json;

const HIDDEN: [&str; 3] = ["first_name", "last_name", "address"];

/// Two published tables of one team, and somebody with a project of her own.
pub(crate) struct Registry {
    pub(crate) producer: Team,
    pub(crate) analysts: Team,
    pub(crate) companies: String,
    pub(crate) owners: String,
    pub(crate) source: String,
    pub(crate) guard: Person,
}

impl Registry {
    pub(crate) async fn of(app: &Server) -> Self {
        let folder = app.files().join("registry");
        copy(&case("companies"), &folder);
        let domain = app.domain("Market").await;
        let producer = app.team("olga", &domain, "Registry", "registry").await;
        let analysts = app.team("ana", &domain, "Analysts", "analysts").await;
        let source = story::source(&producer, "registry files", &story::folder_uri(&folder)).await;
        story::crawl(&producer.owner, &source).await;
        let asset = async |name: &str| {
            let id = id(&story::asset_named(&producer.owner, &producer.project, name).await);
            story::publish(&producer.owner, &id, &format!("All {name}")).await;
            id
        };
        let (companies, owners) = (asset("companies").await, asset("owners").await);
        let guard = app.person_with("guard", &["security_administrator"]).await;
        Self { producer, analysts, companies, owners, source, guard }
    }

    /// A table under the name that whoever was given it writes.
    pub(crate) fn table(&self, name: &str) -> String {
        format!("{}.{name}", self.producer.environment.published)
    }

    pub(crate) async fn count(&self, client: &Client, name: &str) -> i64 {
        number(&rows(client, &format!("select count(*) from {}", self.table(name))).await)
    }

    pub(crate) async fn refused(&self, client: &Client, name: &str) {
        client.query(&format!("select count(*) from {}", self.table(name))).await.problem(422, "unprocessable");
    }

    /// The ids of columns of *owners*.
    pub(crate) async fn columns(&self, names: &[&str]) -> Vec<String> {
        let whole = asset(&self.producer.owner, &self.owners).await;
        names.iter().map(|name| column(&whole, name)).collect()
    }
}

fn number(rows: &[Vec<Value>]) -> i64 {
    let cell = &rows[0][0];
    cell.as_i64().or_else(|| cell.as_str()?.parse().ok()).unwrap_or_else(|| panic!("no number: {cell}"))
}

pub(crate) async fn try_give(client: &Client, input: Value) -> Value {
    let text = "mutation ($input: CreateGrantInput!) { createGrant(input: $input) {
        ok problem { code message field } grant { id grantee { name } on parent } } }";
    client.data(text, json!({ "input": input })).await["createGrant"].clone()
}

/// Gives access; gives the grant's id.
pub(crate) async fn give(client: &Client, input: Value) -> String {
    let made = try_give(client, input).await;
    assert_eq!(made["ok"], true, "{made}");
    id(&made["grant"])
}

pub(crate) async fn take_back(client: &Client, grant: &str) -> Value {
    let text = "mutation ($id: ID!) { revokeGrant(id: $id) { ok problem { code message } } }";
    client.data(text, json!({ "id": grant })).await["revokeGrant"].clone()
}

pub(crate) fn to(kind: &str, id: &str) -> Value {
    json!({ "kind": kind, "id": id })
}

pub(crate) async fn group(app: &Server, name: &str, members: &[&Person]) -> String {
    let group = id(&app.admin.post("/api/v1/groups", json!({ "name": name })).await.ok());
    for member in members {
        app.admin.put(&format!("/api/v1/groups/{group}/members/{}", member.id), json!({})).await.is(204);
    }
    group
}

both!(
    async fn two_groups_over_one_table(app) {
        let registry = Registry::of(app).await;
        let (owner, ana) = (&registry.producer.owner, &registry.analysts.owner);
        let base = group(app, "base", &[ana]).await;
        let permitted = group(app, "pii_permitted", &[]).await;
        let personal = registry.columns(&HIDDEN).await;
        let except = json!({ "asset": registry.owners, "to": to("GROUP", &base), "columnsMode": "EXCEPT",
            "columns": personal, "reason": "No names" });
        give(owner, except).await;
        give(owner, json!({ "asset": registry.owners, "to": to("GROUP", &permitted), "reason": "All" })).await;
        let (ana, table) = (registry.analysts.acting(), registry.table("owners"));
        let seen = async |client: &Client| story::columns(client, &format!("select * from {table}")).await;
        let few = seen(&ana).await;
        assert!(HIDDEN.iter().all(|name| !few.iter().any(|column| column == name)), "{few:?}");
        for sql in [
            "select N from T", "select 1 from T where N is null", "select count(*) from T group by N",
            "select people_id from T order by N", "select 1 from T a join T b on a.N = b.N",
            "select (select max(N) from T)", "with v as (select N from T) select 1 from v", "select upper(N) from T",
        ] {
            for name in HIDDEN {
                let ask = |name: &str| sql.replace('N', name).replace('T', &table);
                let mut hidden = ana.query(&ask(name)).await.problem(422, "unprocessable");
                let mut unknown = ana.query(&ask("no_such_column")).await.problem(422, "unprocessable");
                hidden["request_id"].take();
                unknown["request_id"].take();
                assert_eq!(hidden.to_string(), unknown.to_string().replace("no_such_column", name), "{sql}");
            }
        }
        // A change of groups acts on the next query.
        let member = format!("/api/v1/groups/{permitted}/members/{}", registry.analysts.owner.id);
        app.admin.put(&member, json!({})).await.is(204);
        assert_eq!(seen(&ana).await.len(), few.len() + HIDDEN.len());
        app.admin.delete(&member).await.is(204);
        assert_eq!(seen(&ana).await, few);
    }
);

both!(
    async fn two_grants_never_add_up_beyond_what_each_gives(app) {
        let registry = Registry::of(app).await;
        let (owner, ana) = (&registry.producer.owner, registry.analysts.acting());
        let ages = registry.columns(&["age", "gender"]).await;
        let names = registry.columns(&["last_name"]).await;
        give(owner, json!({ "asset": registry.owners, "to": to("USER", &registry.analysts.owner.id), "columns": ages,
            "columnsMode": "ONLY", "rowFilter": "gender = 'female'", "reason": "Her own team" })).await;
        give(owner, json!({ "asset": registry.owners, "to": { "kind": "EVERYONE" }, "columns": names,
            "columnsMode": "ONLY", "reason": "Names" })).await;
        let table = registry.table("owners");
        let of = async |client: &Client, what: &str| number(&rows(client, &format!("select {what} from {table}")).await);
        assert_eq!(of(&ana, "count(*)").await, 100, "each row is covered for its name");
        assert_eq!(of(&ana, "count(last_name)").await, 100);
        let own = of(&ana, "count(age)").await;
        assert!(own > 0 && own < 100, "{own}");
        assert_eq!(of(&ana, "count(*) filter (where gender <> 'female')").await, 0, "other teams' cells are NULL");
        assert_eq!(of(&registry.producer.acting(), "count(*) filter (where gender = 'female')").await, own);
    }
);

both!(
    async fn what_is_handed_on_stays_within_and_ends_with_it(app) {
        let registry = Registry::of(app).await;
        let (owner, ana) = (&registry.producer.owner, registry.analysts.acting());
        let friend = app.team("friend", &app.domain("Elsewhere").await, "Friends", "friends").await;
        let few = registry.columns(&["people_id", "age"]).await;
        let first = give(owner, json!({ "asset": registry.owners, "to": to("USER", &registry.analysts.owner.id),
            "columns": few, "columnsMode": "ONLY", "rowFilter": "age > 40", "handOn": true, "export": true,
            "reason": "For her" })).await;
        // She gives all she has: no column and no row beyond hers.
        let handed = json!({ "asset": registry.owners, "to": to("USER", &friend.owner.id), "reason": "For a friend" });
        let second = try_give(&ana, handed).await;
        assert_eq!(second["grant"]["parent"], json!(first), "{second}");
        let table = registry.table("owners");
        let count = format!("select count(*), min(age) > 40 from {table}");
        let (hers, his) = (rows(&ana, &count).await, rows(&friend.acting(), &count).await);
        assert_eq!(hers, his);
        assert!(number(&hers) > 0 && number(&hers) < 100 && hers[0][1] == json!(true), "{hers:?}");
        assert_eq!(story::columns(&friend.acting(), &format!("select * from {table}")).await, ["people_id", "age"]);
        // Nor does she open it to herself elsewhere, by what she holds.
        let own = json!({ "asset": registry.owners, "to": to("USER", &registry.analysts.owner.id), "reason": "For me" });
        assert!(try_give(&ana, own).await["problem"]["message"].as_str().unwrap().contains("second person"));
        let peek = json!({ "asset": registry.owners, "to": to("USER", &friend.owner.id), "rowFilter": "last_name = 'x'",
            "reason": "For a friend" });
        let (hidden, mut unknown) = (try_give(&ana, peek.clone()).await, peek);
        unknown["rowFilter"] = json!("no_such_na = 'x'");
        let unknown = try_give(&ana, unknown).await;
        assert_eq!(hidden.to_string().replace("last_name", "no_such_na"), unknown.to_string());
        // He holds no right to hand it on, and does not take back hers.
        let refused = try_give(&friend.acting(), json!({ "asset": registry.owners, "to": { "kind": "EVERYONE" },
            "reason": "For all" })).await;
        assert_eq!(refused["problem"]["code"], "forbidden", "{refused}");
        assert_eq!(take_back(&friend.acting(), &first).await["problem"]["code"], "forbidden");
        assert_eq!(take_back(owner, &first).await["ok"], true);
        registry.refused(&ana, "owners").await;
        registry.refused(&friend.acting(), "owners").await;
        assert_eq!(take_back(owner, &first).await["problem"]["code"], "conflict");
    }
);

both!(
    async fn what_is_handed_on_keeps_to_the_rows_of_who_handed_it_on(app) {
        let registry = Registry::of(app).await;
        let (owner, ana) = (&registry.producer.owner, registry.analysts.acting());
        let friend = app.team("friend", &app.domain("Elsewhere").await, "Friends", "friends").await;
        let know = async |person: &Person, gender: &str| {
            let text = "mutation ($user: ID!, $of: [AttributeInput!]!) { setUserAttributes(user: $user, attributes: $of) { ok } }";
            let of = json!([{ "name": "gender", "value": gender }]);
            app.admin.data(text, json!({ "user": person.id, "of": of })).await;
        };
        know(&registry.analysts.owner, "female").await;
        know(&friend.owner, "male").await;
        let readers = group(app, "readers", &[&registry.analysts.owner]).await;
        give(owner, json!({ "asset": registry.owners, "to": to("GROUP", &readers), "handOn": true,
            "rowFilter": "gender = session_attribute('gender')", "reason": "One's own" })).await;
        give(&ana, json!({ "asset": registry.owners, "to": to("USER", &friend.owner.id), "reason": "Mine" })).await;
        let seen = format!("select distinct gender from {}", registry.table("owners"));
        assert_eq!(rows(&friend.acting(), &seen).await, [[json!("female")]], "her rows, not his");
        // She holds it no longer: what she handed on is gone with it.
        let member = format!("/api/v1/groups/{readers}/members/{}", registry.analysts.owner.id);
        app.admin.delete(&member).await.is(204);
        registry.refused(&friend.acting(), "owners").await;
    }
);

both!(
    async fn a_grant_on_a_database_covers_tables_to_come_and_none_of_its_neighbours(app) {
        let registry = Registry::of(app).await;
        let (owner, ana) = (&registry.producer.owner, registry.analysts.acting());
        let text = "query ($project: ID!) { environments(project: $project) { databases { id name } } }";
        let places = owner.data(text, json!({ "project": registry.producer.project })).await;
        let all = places["environments"][0]["databases"].as_array().unwrap().clone();
        let database = all.iter().find(|found| found["name"] == json!(registry.producer.environment.published)).unwrap();
        let wish = json!({ "database": id(database), "to": to("PROJECT", &registry.analysts.project), "reason": "All" });
        let refused = try_give(&ana, wish.clone()).await;
        assert_eq!((&refused["problem"]["code"], &refused["problem"]["field"]), (&json!("not_found"), &json!("database")));
        give(owner, wish).await;
        assert_eq!((registry.count(&ana, "companies").await, registry.count(&ana, "owners").await), (2_266, 100));
        // 13: the grant is the project's, not hers.
        let beside = app.team_of(registry.analysts.owner.clone(), &app.domain("Side").await, "Beside", "beside").await;
        registry.refused(&beside.acting(), "owners").await;
        write(&app.files().join("registry/visits/visits.csv"), b"id,at\n1,noon\n2,dusk\n");
        story::crawl(owner, &registry.source).await;
        assert_eq!(registry.count(&ana, "visits").await, 2);
    }
);

both!(
    async fn a_grant_on_a_tag_opens_what_is_tagged_tomorrow(app) {
        let registry = Registry::of(app).await;
        let (owner, ana) = (&registry.producer.owner, registry.analysts.acting());
        let wish = json!({ "tag": "class=public", "to": to("USER", &registry.analysts.owner.id), "reason": "Open data" });
        assert_eq!(try_give(owner, wish.clone()).await["problem"]["code"], "forbidden", "owners give their own alone");
        // 11: nobody opens everything under a tag to himself.
        let own = json!({ "tag": "class=public", "to": to("USER", &registry.guard.id), "reason": "For me" });
        assert!(try_give(&registry.guard, own).await["problem"]["message"].as_str().unwrap().contains("second person"));
        let side = app.team_of(registry.guard.clone(), &app.domain("Side").await, "Side", "side").await;
        let path = format!("/api/v1/projects/{}/service-accounts", side.project);
        let made = side.owner.post(&path, json!({ "name": "straw", "role": "contributor" })).await.ok();
        let straw = json!({ "tag": "class=public", "to": to("SERVICE_ACCOUNT", &id(&made)), "reason": "For my machine" });
        assert!(try_give(&registry.guard, straw).await["problem"]["message"].as_str().unwrap().contains("second person"));
        give(&registry.guard, wish).await;
        registry.refused(&ana, "owners").await;
        // Putting it on gives access: contributors do not.
        let colleague = app.person("colleague").await;
        registry.producer.join(&colleague, "contributor").await;
        let whole = asset(owner, &registry.owners).await;
        let tagged = json!({ "revision": whole["revision"], "tags": ["class=public"] });
        colleague.patch(&format!("/api/v1/assets/{}", registry.owners), tagged).await.blames(403, "forbidden", "tags");
        let whole = asset(owner, &registry.owners).await;
        let columns = json!([{ "id": column(&whole, "age"), "tags": ["Class: Public"] },
            { "id": column(&whole, "gender"), "tags": ["class=internal"] }]);
        let edit = json!({ "revision": whole["revision"], "columns": columns });
        owner.patch(&format!("/api/v1/assets/{}", registry.owners), edit).await.ok();
        let table = registry.table("owners");
        assert_eq!(story::columns(&ana, &format!("select * from {table}")).await, ["age"]);
        let whole = asset(owner, &registry.companies).await;
        let edit = json!({ "revision": whole["revision"], "tags": ["class=public"] });
        owner.patch(&format!("/api/v1/assets/{}", registry.companies), edit).await.ok();
        assert_eq!(registry.count(&ana, "companies").await, 2_266);
    }
);

both!(
    async fn rule_5_read_implies_discover_and_ends_with_it(app) {
        let registry = Registry::of(app).await;
        let (owner, ana) = (&registry.producer.owner, &registry.analysts.owner);
        let whole = asset(owner, &registry.companies).await;
        let hide = json!({ "revision": whole["revision"], "discover": "hidden" });
        let path = format!("/api/v1/assets/{}", registry.companies);
        owner.patch(&path, hide).await.ok();
        ana.get(&path).await.problem(404, "not_found");
        story::finds(ana, "companies", 0).await;
        let grant = give(owner, json!({ "asset": registry.companies, "to": to("USER", &ana.id), "reason": "Hers" })).await;
        ana.get(&path).await.ok();
        story::finds(ana, "companies", 1).await;
        let mine = ana.data("{ myGrants { nodes { id reason } } }", json!({})).await;
        assert_eq!(mine["myGrants"]["nodes"], json!([{ "id": grant, "reason": "Hers" }]));
        let revision = asset(owner, &registry.companies).await["revision"].clone();
        owner.post(&format!("{path}/archive"), json!({ "revision": revision })).await.problem(409, "conflict");
        // What was kept is gone with the grant, and so is the asset.
        let acting = registry.analysts.acting();
        let kept = acting.data(
            "mutation ($project: ID!, $sql: String!) { runQuery(project: $project, sql: $sql) {
                ok problem { message } query { run { id } } } }",
            json!({ "project": registry.analysts.project, "sql": format!("select * from {}", registry.table("companies")) }),
        ).await;
        let page = format!("/api/v1/queries/{}/rows", id(&kept["runQuery"]["query"]["run"]));
        eventually_ok("a kept result", async || acting.get(&page).await.status == 200).await;
        assert_eq!(take_back(owner, &grant).await["ok"], true);
        acting.get(&page).await.problem(410, "gone");
        ana.get(&path).await.problem(404, "not_found");
        story::finds(ana, "companies", 0).await;
        assert_eq!(ana.data("{ myGrants { nodes { id } } }", json!({})).await["myGrants"]["nodes"], json!([]));
    }
);

both!(
    async fn rule_14_everyone_means_enabled_people(app) {
        let registry = Registry::of(app).await;
        let (owner, ana) = (&registry.producer.owner, &registry.analysts);
        let made = ana.owner.post(
            &format!("/api/v1/projects/{}/service-accounts", ana.project),
            json!({ "name": "robot", "role": "contributor" }),
        ).await.ok();
        let account = id(&made);
        let wish = json!({ "name": "job", "scopes": ["query", "read"], "days": 1, "service_account": account });
        let token = ana.owner.post("/api/v1/tokens", wish).await.ok();
        let robot = app.anonymous().with_token(token["secret"].as_str().unwrap()).acting(&ana.project);
        give(owner, json!({ "asset": registry.companies, "to": { "kind": "EVERYONE" }, "reason": "Open" })).await;
        assert_eq!(registry.count(&ana.acting(), "companies").await, 2_266);
        registry.refused(&robot, "companies").await;
        give(owner, json!({ "asset": registry.companies, "to": to("SERVICE_ACCOUNT", &account), "reason": "Job" })).await;
        assert_eq!(registry.count(&robot, "companies").await, 2_266);
        // 11: sensitive data is opened to a circle that holds the owner by somebody else.
        let whole = asset(owner, &registry.owners).await;
        let edit = json!({ "revision": whole["revision"], "tags": ["pii"] });
        owner.patch(&format!("/api/v1/assets/{}", registry.owners), edit).await.ok();
        let refused = try_give(owner, json!({ "asset": registry.owners, "to": { "kind": "EVERYONE" }, "reason": "Open" })).await;
        assert!(refused["problem"]["message"].as_str().unwrap().contains("second person"), "{refused}");
        give(owner, json!({ "asset": registry.owners, "to": { "kind": "ROLE", "role": "AUDITOR" }, "reason": "Audit" })).await;
        registry.refused(&ana.acting(), "owners").await;
    }
);

both!(
    async fn wrong_grants_are_refused_by_name(app) {
        let registry = Registry::of(app).await;
        let owner = &registry.producer.owner;
        let user = to("USER", &registry.analysts.owner.id);
        let column = registry.columns(&["age"]).await;
        let strange = column[0].replace(char::is_numeric, "0");
        let base = json!({ "asset": registry.owners, "to": user, "reason": "Why not" });
        for (field, value, blamed) in [
            ("reason", json!(" "), "reason"),
            ("to", json!({ "kind": "USER" }), "to"),
            ("to", to("GROUP", &registry.owners), "to"),
            ("columns", json!(column), "columns"),
            ("rowFilter", json!("agee > 3"), "filter"),
            ("validUntil", json!("2020-01-01T00:00:00Z"), "until"),
            ("tag", json!("x"), "asset"),
        ] {
            let mut input = base.clone();
            input[field] = value.clone();
            let refused = try_give(owner, input).await;
            let found = (&refused["problem"]["code"], &refused["problem"]["field"]);
            assert_eq!(found, (&json!("invalid"), &json!(blamed)), "{field} {value}: {refused}");
        }
        let mut unknown = base.clone();
        (unknown["columns"], unknown["columnsMode"]) = (json!([strange]), json!("ONLY"));
        assert_eq!(try_give(owner, unknown).await["problem"]["field"], "columns");
        // Whoever may find the asset learns that he may not; a stranger to a grant that there is none.
        let refused = try_give(&registry.analysts.owner, base.clone()).await;
        assert_eq!(refused["problem"]["code"], "forbidden", "{refused}");
        let grant = give(owner, base).await;
        let absent = take_back(&registry.guard, &registry.owners).await;
        assert_eq!(absent["problem"]["code"], "not_found", "{absent}");
        let stranger = app.person("stranger").await;
        assert_eq!(take_back(&stranger, &grant).await["problem"]["code"], "forbidden");
    }
);
