//! The first thing an asset's page says: whether the reader may use it, and the one next step.

use lakegate_app::{
    access::views::SubscriptionView,
    accounts::me::Me,
    catalog::assets::{AssetView, Standing},
    query::schema::ReadableTable,
};
use lakegate_model::{
    ids::ProjectId,
    words::{AssetStatus, ColumnState},
};

use super::head::asset_href;
use crate::{
    fields::day_words,
    kit::{address, counted},
};

/// A step that is a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub label: String,
    pub href: String,
    pub icon: &'static str,
}

/// Acting in a project is what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    pub project: ProjectId,
    pub project_name: String,
    /// Where to go then.
    pub next: String,
}

/// What the reader may do, and the way on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub state: &'static str,
    pub icon: &'static str,
    pub title: String,
    pub text: String,
    /// The one next step.
    pub next: Option<Step>,
    /// Takes the place of `next` where the reader has to act in another project.
    pub switch: Option<Switch>,
    /// Further steps, quieter.
    pub more: Vec<Step>,
}

/// What is known of the reader's access.
pub struct Access<'a> {
    pub view: &'a AssetView,
    pub me: &'a Me,
    /// The table as the reader may read it now, acting where he acts.
    pub readable: Option<&'a ReadableTable>,
    pub subscriptions: &'a [SubscriptionView],
}

impl Access<'_> {
    /// The answer.
    pub fn answer(&self) -> Answer {
        match self.view.standing {
            Standing::Member(_) => self.own(),
            Standing::Subscriber => self.subscribed(),
            Standing::Requested(number) => self.requested(number),
            Standing::Requestable => self.requestable(),
            Standing::Listed => self.listed(),
        }
    }

    fn base(
        &self,
        state: &'static str,
        icon: &'static str,
        title: impl Into<String>,
        text: impl Into<String>,
    ) -> Answer {
        Answer { state, icon, title: title.into(), text: text.into(), next: None, switch: None, more: Vec::new() }
    }

    fn own(&self) -> Answer {
        let name = &self.view.project_name;
        if self.view.asset.status == AssetStatus::Inventory && self.view.may_edit {
            let text = format!("Only members of {name} see it. Publishing lets others find it and ask for it.");
            let mut answer = self.base("info", "circle-dashed", "Not published yet", text);
            let publish = format!("{}/publish", asset_href(self.view.asset.id));
            answer.next = Some(Step { label: "Publish…".into(), href: publish, icon: "send" });
            answer.more.extend(self.query_step());
            return answer;
        }
        let title = format!("Yours: it belongs to {name}");
        if self.readable.is_some() {
            let mut answer =
                self.base("good", "lock-open", title, format!("Members of {name} read {}.", self.how_much()));
            answer.next = self.query_step();
            return answer;
        }
        let mut answer = self.base("info", "briefcase", title, format!("To query it, act in {name}."));
        answer.switch = Some(self.switch(self.view.asset.project_id, name));
        answer
    }

    fn subscribed(&self) -> Answer {
        let acting = self.me.acting.as_ref().map(|project| project.id);
        let here = self.subscriptions.iter().find(|held| Some(held.subscription.project_id) == acting);
        let Some(held) = here.or_else(|| self.subscriptions.first()) else {
            return self.given();
        };
        let until = held.grant.as_ref().and_then(|grant| grant.valid_until);
        let end = until.map_or_else(String::new, |until| format!(", until {}", day_words(until)));
        let reference = match held.request_reference.as_str() {
            "" => String::new(),
            reference => format!(", by {reference}"),
        };
        let through = format!("Through {}{reference}.", held.project_name);
        let mut answer = if here.is_some() && self.readable.is_some() {
            let mut answer = self.base("good", "lock-open", format!("You may read {}{end}", self.how_much()), through);
            answer.next = self.query_step();
            answer
        } else {
            let title = format!("{} may read this{end}", held.project_name);
            let mut answer =
                self.base("info", "briefcase", title, format!("To query it, act in {}.", held.project_name));
            answer.switch = Some(self.switch(held.subscription.project_id, &held.project_name));
            answer
        };
        answer.more = self.on_subscription(held);
        answer
    }

    /// Access that was given without a request.
    fn given(&self) -> Answer {
        if self.readable.is_some() {
            let title = format!("You may read {}", self.how_much());
            let mut answer = self.base("good", "lock-open", title, "It was given to you without a request.");
            answer.next = self.query_step();
            answer.more.push(Step { label: "My access".into(), href: "/account/access".into(), icon: "key-round" });
            return answer;
        }
        let text = "Queries run in a project: act in the one that it was given to, or in any of yours.";
        let mut answer = self.base("info", "briefcase", "This was given to you or to a project of yours", text);
        answer.next = Some(Step { label: "See my access".into(), href: "/account/access".into(), icon: "key-round" });
        answer
    }

    fn on_subscription(&self, held: &SubscriptionView) -> Vec<Step> {
        let mut steps = Vec::new();
        if !held.can_cancel {
            return steps;
        }
        if self.view.asset.status == AssetStatus::Published {
            steps.push(Step {
                label: "Ask for more".into(),
                href: self.request_href(Some(held.subscription.project_id)),
                icon: "key-round",
            });
        }
        let back = format!("/account/access/{}/give-back", held.subscription.id);
        steps.push(Step { label: "Give back".into(), href: back, icon: "undo-2" });
        steps
    }

    fn requested(&self, number: i64) -> Answer {
        let reference = format!("REQ-{number:06}");
        let text = format!("{} has not decided yet.", self.view.project_name);
        let mut answer = self.base("info", "clock", format!("Request pending: {reference}"), text);
        answer.next = Some(Step {
            label: format!("Open {reference}"),
            href: format!("/requests/{reference}"),
            icon: "arrow-right",
        });
        answer
    }

    fn requestable(&self) -> Answer {
        let text = format!(
            "What is listed here is open to you, its rows are not. {} decides on requests.",
            self.view.project_name
        );
        let mut answer = self.base("", "lock", "You may not read the data yet", text);
        answer.next = Some(Step { label: "Request access".into(), href: self.request_href(None), icon: "key-round" });
        answer
    }

    fn listed(&self) -> Answer {
        let asset = &self.view.asset;
        let ask = Step {
            label: "Ask the owner".into(),
            href: format!("{}/questions", asset_href(asset.id)),
            icon: "message-square",
        };
        let mut answer = match asset.status {
            AssetStatus::Deprecated | AssetStatus::Archived => {
                self.base("attention", "archive", "It takes no new requests", "It is on its way out.")
            }
            _ => self.base(
                "",
                "lock",
                "Listed only",
                format!("{} lists it without taking requests.", self.view.project_name),
            ),
        };
        answer.next = Some(match &self.view.successor {
            Some((id, name)) => {
                Step { label: format!("Use {name} instead"), href: asset_href(*id), icon: "arrow-right" }
            }
            None => ask,
        });
        answer
    }

    /// "all 14 columns", "11 of 14 columns".
    fn how_much(&self) -> String {
        let there = self.view.columns.iter().filter(|column| column.column.state == ColumnState::Active).count();
        let open = self.readable.map_or(0, |table| table.columns.len());
        let many = |count: usize| counted(count, "column", "columns");
        if open >= there { format!("all {}", many(open)) } else { format!("{open} of {}", many(there)) }
    }

    fn query_step(&self) -> Option<Step> {
        let table = self.readable?;
        Some(Step { label: "Query".into(), href: query_href(table), icon: "terminal" })
    }

    fn switch(&self, project: ProjectId, name: &str) -> Switch {
        Switch { project, project_name: name.to_owned(), next: asset_href(self.view.asset.id) }
    }

    fn request_href(&self, project: Option<ProjectId>) -> String {
        let project = project.map(|id| id.to_string()).unwrap_or_default();
        address(&format!("{}/request", asset_href(self.view.asset.id)), &[("project", &project)])
    }
}

/// The editor with a first query over a table.
pub fn query_href(table: &ReadableTable) -> String {
    address("/query", &[("sql", &first_query(table))])
}

/// A query that shows some rows, columns spelled out as long as they are few.
pub fn first_query(table: &ReadableTable) -> String {
    let names: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let line = names.join(", ");
    let columns = match names.len() {
        13.. => "*".to_owned(),
        _ if line.len() <= 72 => line,
        _ => format!("\n  {}", names.join(",\n  ")),
    };
    format!("select {columns}\nfrom {}.{}\nlimit 100", quoted(&table.database), quoted(&table.name))
}

/// A name as SQL writes it, in quotes only where it needs them.
fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_sql_needs_it() {
        for (name, expected) in
            [("cs_item_sk", "cs_item_sk"), ("Order No", "\"Order No\""), ("a\"b", "\"a\"\"b\""), ("1st", "\"1st\"")]
        {
            assert_eq!(quoted(name), expected);
        }
    }
}
