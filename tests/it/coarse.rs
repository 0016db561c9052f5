//! Coarse rights on whole databases, and fine grants for whom is opted in (access rule 24).

mod case;
mod doors;
mod import;
mod rule;

use lakegate_tests::{
    Client, Options, Server, Value,
    answer::id,
    files::write,
    people::Person,
    story::{self, Team, asset, column, rows},
};
use serde_json::json;

use crate::grants::{give, group, to};

/// The tables of the database.
const TABLES: [&str; 8] = ["t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"];
const ROWS: &[u8] = b"name,region,pay\nAda,north,high\nBo,south,low\nCy,north,low\n";

/// A database of eight tables that nobody else may find, a team that holds coarse rights and one that holds none.
struct Lake {
    owner: Team,
    /// The assets of [`TABLES`].
    assets: Vec<String>,
    source: String,
    database: String,
    engineer: Team,
    engineers: String,
    analyst: Team,
    /// A security administrator who is in no project, and finds the assets as the steward of their domain.
    chief: Person,
}

impl Lake {
    async fn of(app: &Server) -> Self {
        let domain = app.domain("Works").await;
        let owner = app.team("olga", &domain, "Plant", "plant").await;
        let folder = app.files().join("plant");
        for table in TABLES {
            write(&folder.join(format!("{table}/{table}.csv")), ROWS);
        }
        let source = story::source(&owner, "plant files", &story::folder_uri(&folder)).await;
        story::crawl(&owner.owner, &source).await;
        let mut assets = Vec::new();
        for table in TABLES {
            let asset = id(&story::asset_named(&owner.owner, &owner.project, table).await);
            let before = story::asset(&owner.owner, &asset).await;
            let edit = json!({ "revision": before["revision"], "discover": "hidden" });
            owner.owner.patch(&format!("/api/v1/assets/{asset}"), edit).await.ok();
            story::publish(&owner.owner, &asset, &format!("Measured {table}")).await;
            assets.push(asset);
        }
        let engineer = app.team("engineer", &domain, "Engineers", "engineers").await;
        let engineers = group(app, "engineers", &[&engineer.owner]).await;
        let analyst = app.team("analyst", &domain, "Analysts", "analysts").await;
        let chief = app.person_with("chief", &["security_administrator", "auditor"]).await;
        app.admin.put(&format!("/api/v1/domains/{domain}/stewards/{}", chief.id), json!({})).await.is(204);
        let database = database_named(&chief, &owner.environment.published).await;
        Self { owner, assets, source, database, engineer, engineers, analyst, chief }
    }

    fn table(&self, name: &str) -> String {
        format!("{}.{name}", self.owner.environment.published)
    }

    /// The tables that somebody reads, each tried, and the same as are listed for him.
    async fn readable(&self, client: &Client) -> Vec<&'static str> {
        let mut found = Vec::new();
        for table in TABLES {
            let answer = client.query(&format!("select count(*) from {}", self.table(table))).await;
            match answer.status.as_u16() {
                200 => found.push(table),
                _ => drop(answer.problem(422, "unprocessable")),
            }
        }
        let schema = &self.owner.environment.published;
        let sql = format!(
            "select distinct table_name from information_schema.tables where table_schema = '{schema}' order by 1"
        );
        let listed: Vec<Value> = rows(client, &sql).await.into_iter().flatten().collect();
        assert_eq!(json!(listed), json!(found), "what is listed is what is read");
        found
    }

    /// How many tables the engineer and the analyst read.
    async fn counts(&self) -> (usize, usize) {
        let engineer = self.readable(&self.engineer.acting()).await.len();
        (engineer, self.readable(&self.analyst.acting()).await.len())
    }

    async fn register(&self, mode: &str) {
        done(&self.chief, REGISTER, json!({ "input": self.registration(mode) })).await;
    }

    fn registration(&self, mode: &str) -> Value {
        json!({ "database": self.database, "mode": mode, "reason": "To move over" })
    }

    fn right(&self, to: Value) -> Value {
        json!({ "database": self.database, "to": to, "reason": "They run the plant" })
    }

    /// Gives a coarse right; gives its id.
    async fn coarse(&self, to: Value) -> String {
        id(&done(&self.chief, COARSE, json!({ "input": self.right(to) })).await["coarseRight"])
    }

    fn opt(&self, to: &Value, table: Option<&str>) -> Value {
        json!({ "to": to, "database": self.database, "tableName": table, "reason": "Moved over" })
    }

    async fn opt_in(&self, to: &Value, table: Option<&str>) {
        done(&self.chief, OPT_IN, json!({ "input": self.opt(to, table) })).await;
    }

    async fn opt_out(&self, to: &Value, table: Option<&str>) {
        done(&self.chief, OPT_OUT, json!({ "input": self.opt(to, table) })).await;
    }

    /// The cells of a table as somebody sees them.
    async fn cells(&self, client: &Client, table: &str) -> Vec<Vec<Value>> {
        rows(client, &format!("select * from {} order by name", self.table(table))).await
    }

    async fn columns(&self, table: &str, names: &[&str]) -> Vec<String> {
        let whole = asset(&self.owner.owner, self.asset(table)).await;
        names.iter().map(|name| column(&whole, name)).collect()
    }

    fn asset(&self, table: &str) -> &str {
        &self.assets[TABLES.iter().position(|known| *known == table).unwrap()]
    }

    fn analyst(&self) -> Value {
        to("USER", &self.analyst.owner.id)
    }

    fn engineers(&self) -> Value {
        to("GROUP", &self.engineers)
    }
}

const REGISTER: &str = "mutation ($input: RegisterDatabaseInput!) { registerDatabase(input: $input) {
    ok problem { code message field } registration { database project mode setBy } } }";
const COARSE: &str = "mutation ($input: CreateCoarseRightInput!) { createCoarseRight(input: $input) {
    ok problem { code message field } coarseRight { id database mode grantee { kind name } } } }";
const TAKE_BACK: &str = "mutation ($id: ID!) { revokeCoarseRight(id: $id) { ok problem { code message field } } }";
const OPT_IN: &str = "mutation ($input: OptInput!) { optIn(input: $input) {
    ok problem { code message field } optIn { id database table tags opted } } }";
const OPT_OUT: &str = "mutation ($input: OptInput!) { optOut(input: $input) {
    ok problem { code message field } optIn { id opted } } }";

/// What a change answers, made or not.
async fn tried(client: &Client, text: &str, variables: Value) -> Value {
    let answer = client.data(text, variables).await;
    answer.as_object().unwrap().values().next().unwrap().clone()
}

/// A change that has to work.
async fn done(client: &Client, text: &str, variables: Value) -> Value {
    let made = tried(client, text, variables).await;
    assert_eq!(made["ok"], true, "{made}");
    made
}

/// The code and the field of the problem of a change that must not work.
async fn refused(client: &Client, text: &str, input: Value) -> (String, Value) {
    let made = tried(client, text, json!({ "input": input })).await;
    assert_eq!(made["ok"], false, "{made}");
    (made["problem"]["code"].as_str().unwrap().to_owned(), made["problem"]["field"].clone())
}

async fn database_named(chief: &Client, name: &str) -> String {
    let text = "{ databaseRegistrations(first: 100) { nodes { databaseId database mode project since } } }";
    let all = chief.data(text, json!({})).await["databaseRegistrations"]["nodes"].clone();
    let found = all.as_array().unwrap().iter().find(|one| one["database"] == name).unwrap().clone();
    found["databaseId"].as_str().unwrap().to_owned()
}

/// What a simulation foretells for everybody: the name, the asset and its sentence.
async fn foretold(chief: &Client, field: &str, kind: &str, input: Value) -> Vec<(String, String, String)> {
    let text = format!(
        "mutation ($input: {kind}!) {{ {field}(input: $input) {{ ok problem {{ message }}
        simulation {{ differences {{ words assetName subject {{ name }} }} }} }} }}"
    );
    let told = done(chief, &text, json!({ "input": input })).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = told["simulation"]["differences"].as_array().unwrap().iter();
    let mut all: Vec<_> =
        all.map(|one| (text(&one["subject"]["name"]), text(&one["assetName"]), text(&one["words"]))).collect();
    all.sort();
    all
}

fn texts(rows: &[&[&str]]) -> Vec<Vec<Value>> {
    rows.iter().map(|row| row.iter().map(|cell| json!(cell)).collect()).collect()
}

async fn fine(lake: &Lake, table: &str, more: Value) -> String {
    let mut input = json!({ "asset": lake.asset(table), "to": lake.analyst(), "reason": "For the study" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    give(&lake.owner.owner, input).await
}
