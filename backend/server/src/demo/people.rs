//! The invented people.

use lakegate_app::{
    App, Caller, Identity,
    accounts::users::{self, UserInput},
};
use lakegate_model::{Fault, PageRequest, ids::UserId, words::ProductRole};
use lakegate_web::DemoPerson;

/// The password of all of them, shown wherever the demo runs.
pub const PASSWORD: &str = "walk along the lake";

/// Somebody of the demo.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub username: &'static str,
    pub display_name: &'static str,
    pub line: &'static str,
    roles: &'static [ProductRole],
}

/// Everybody, in the order of the sign-in page.
pub const PEOPLE: [Person; 6] = [
    Person { username: "ann", display_name: "Ann Analyst", line: "finds data, asks for it and queries it", roles: &[] },
    Person {
        username: "olga",
        display_name: "Olga Owner",
        line: "owns the Sales producer project, publishes and approves",
        roles: &[],
    },
    Person {
        username: "mark",
        display_name: "Mark Marketing",
        line: "owns the Marketing consumer project, which asks for data",
        roles: &[],
    },
    Person {
        username: "stella",
        display_name: "Stella Steward",
        line: "looks after the domain Retail and its words",
        roles: &[],
    },
    Person {
        username: "ada",
        display_name: "Ada Admin",
        line: "administers users, groups, domains and storage",
        roles: &[ProductRole::Administrator, ProductRole::SecurityAdministrator],
    },
    Person {
        username: "aud",
        display_name: "Audrey Auditor",
        line: "reads the whole audit",
        roles: &[ProductRole::Auditor],
    },
];

/// The people as the sign-in page offers them.
pub fn for_sign_in() -> Vec<DemoPerson> {
    let offer = |person: &Person| DemoPerson {
        username: person.username,
        display_name: person.display_name,
        line: person.line,
        password: PASSWORD,
    };
    PEOPLE.iter().map(offer).collect()
}

/// The people with their ids, able to act.
#[derive(Debug, Clone, Copy)]
pub struct Cast {
    pub ada: UserId,
    pub olga: UserId,
    pub mark: UserId,
    pub ann: UserId,
    pub stella: UserId,
}

/// The caller that a person is. The demo offers sign-in as any of them, so this proves no less than its page does.
pub fn acting_as(user: UserId) -> Caller {
    Caller { identity: Identity::External(user), ..Caller::system("demo") }
}

/// Finds the people, or creates who is missing.
///
/// # Errors
/// What the use cases say.
pub async fn gather(app: &App) -> Result<Cast, Fault> {
    for person in PEOPLE {
        if find(app, person.username).await?.is_none() {
            let input = UserInput {
                username: person.username.to_owned(),
                display_name: person.display_name.to_owned(),
                email: Some(format!("{}@lakegate.example", person.username)),
                password: Some(PASSWORD.to_owned()),
                roles: person.roles.to_vec(),
            };
            users::create_from_command_line(app, &input).await?;
        }
    }
    Ok(Cast {
        ada: must_find(app, "ada").await?,
        olga: must_find(app, "olga").await?,
        mark: must_find(app, "mark").await?,
        ann: must_find(app, "ann").await?,
        stella: must_find(app, "stella").await?,
    })
}

async fn must_find(app: &App, username: &str) -> Result<UserId, Fault> {
    find(app, username).await?.ok_or_else(|| Fault::internal(format!("the demo lacks {username}")))
}

async fn find(app: &App, username: &str) -> Result<Option<UserId>, Fault> {
    let found = users::list(app, &Caller::system("demo"), username, &PageRequest::default()).await?;
    Ok(found.items.into_iter().find(|found| found.user.username == username).map(|found| found.user.id))
}
