//! What a change of access would do, shown beside the form before it is made.

use lakegate_app::access::{
    explain::Shows,
    simulate::{Change, ColumnRead, Effect, Simulation, Subject, simulate},
};
use lakegate_http::Web;
use lakegate_model::Fault;

use crate::{
    fields::Fields,
    kit::{capitalised, counted},
    shell::Framed,
};

/// The button of a form that asks for this instead of the change.
const FIELD: &str = "preview";
/// Rows that are drawn; the rest is counted.
const DRAWN: usize = 50;

/// Word, state of colour, glyph.
pub(crate) type Badge = (&'static str, &'static str, &'static str);

/// What a change would do, as a section of its form's page.
pub(crate) struct Simulated {
    /// In one sentence.
    pub summary: String,
    pub rows: Vec<Row>,
    /// How many rows are not drawn.
    pub more: usize,
    /// For a grant: what those would read to whom it is given.
    pub holders: Vec<Holder>,
    pub complete: bool,
}

/// Somebody for whom something would change.
pub(crate) struct Row {
    pub who: String,
    pub project: String,
    pub words: String,
    /// What happens, with the names of the columns.
    pub effects: Vec<(Badge, String)>,
}

/// What one or several would read.
pub(crate) struct Holder {
    pub who: String,
    pub summary: String,
    /// A column, what shows of it, and the name of its mask.
    pub columns: Vec<(String, Badge, String)>,
    pub export: bool,
}

/// Whether a form asks what it would do.
pub(crate) fn asked(fields: &Fields) -> bool {
    fields.has(FIELD)
}

/// Answers a form that shows what it would do before it does it. `look` finds what would change, `make` makes the change
/// and gives where to go and what to say, and `page` is the form again, with what is wrong.
macro_rules! look_first {
    ($fields:expr, look: $look:expr, make: $make:expr, page: |$wrong:ident| $page:expr $(,)?) => {
        if $crate::asset::simulated::asked($fields) {
            match $look.await {
                Ok(found) => {
                    let $wrong = $crate::kit::Wrong::default();
                    let mut page = $page.await?;
                    page.preview = Some(found);
                    $crate::shell::show(axum::http::StatusCode::OK, &page)
                }
                Err(fault) => $crate::kit::again(fault, |$wrong| $page).await,
            }
        } else {
            match $make.await {
                Ok((to, said)) => Ok($crate::flash::done(&to, &said)),
                Err(fault) => $crate::kit::again(fault, |$wrong| $page).await,
            }
        }
    };
}
pub(crate) use look_first;

/// The reason of a form; a preview needs none.
pub(crate) fn reason(fields: &Fields) -> String {
    match fields.one("reason") {
        "" if asked(fields) => "a preview".to_owned(),
        given => given.to_owned(),
    }
}

/// Simulates a change for its form.
pub(crate) async fn of(web: &Web, frame: &Framed, change: &Change) -> Result<Simulated, Fault> {
    Ok(Simulated::new(simulate(&web.app, &frame.reader.caller, change).await?))
}

impl Simulated {
    fn new(found: Simulation) -> Self {
        let whom: usize = found.differences.iter().map(|one| one.subject.count).sum();
        let looked = counted(found.compared, "reading was compared", "readings were compared");
        let more = found.differences.len().saturating_sub(DRAWN);
        let rows = found.differences.into_iter().take(DRAWN).map(|one| Row {
            who: name(&one.subject),
            project: project(&one.subject),
            words: capitalised(&one.words),
            effects: effects(&one.columns),
        });
        Self {
            summary: match whom {
                0 if found.compared == 0 => {
                    "Nobody would see anything else: nobody concerned is in a project, and queries run in one."
                        .to_owned()
                }
                0 => format!("Nobody would see anything else. {}.", capitalised(&looked)),
                some => format!("{} would change. {}.", counted(some, "reading", "readings"), capitalised(&looked)),
            },
            rows: rows.collect(),
            more,
            holders: holders(found.holders),
            complete: found.complete,
        }
    }
}

fn name(subject: &Subject) -> String {
    match subject.who {
        Some(_) => subject.name.clone(),
        None => counted(subject.count, "reader", "readers"),
    }
}

fn project(subject: &Subject) -> String {
    subject.project.as_ref().map(|(_, name)| name.clone()).unwrap_or_default()
}

pub(crate) fn effects(columns: &[lakegate_app::access::simulate::ColumnChange]) -> Vec<(Badge, String)> {
    let kinds = [
        (Effect::Gained, ("Gains", "good", "plus")),
        (Effect::Unmasked, ("Unmasked", "good", "eye")),
        (Effect::AllRows, ("All rows", "good", "circle-check")),
        (Effect::Lost, ("Loses", "danger", "ban")),
        (Effect::Masked, ("Newly masked", "attention", "eye-off")),
        (Effect::OtherMask, ("Masked otherwise", "attention", "eye-off")),
        (Effect::Partial, ("Newly some rows", "attention", "list-filter")),
        (Effect::OtherRows, ("Other rows", "attention", "list-filter")),
    ];
    let mut found = Vec::new();
    for (effect, badge) in kinds {
        let under = columns.iter().filter(|column| column.effects.contains(&effect));
        let names: Vec<&str> = under.map(|column| column.name.as_str()).collect();
        if !names.is_empty() {
            found.push((badge, names.join(", ")));
        }
    }
    found
}

/// What people read alike is drawn once.
fn holders(found: Vec<lakegate_app::access::simulate::Reading>) -> Vec<Holder> {
    let mut drawn: Vec<(Vec<ColumnRead>, bool, Vec<String>)> = Vec::new();
    for one in found {
        let project = project(&one.subject);
        let who = match project.is_empty() {
            true => name(&one.subject),
            false => format!("{} in {project}", name(&one.subject)),
        };
        match drawn.iter_mut().find(|(columns, export, _)| *columns == one.columns && *export == one.export) {
            Some((.., whom)) => whom.push(who),
            None => drawn.push((one.columns, one.export, vec![who])),
        }
    }
    drawn.into_iter().map(|(columns, export, whom)| holder(&columns, export, &whom)).collect()
}

fn holder(columns: &[ColumnRead], export: bool, whom: &[String]) -> Holder {
    let of = |shows: Shows| columns.iter().filter(|column| column.shows == shows).count();
    let named = whom.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    let rest = whom.len().saturating_sub(5);
    Holder {
        who: if rest == 0 { named } else { format!("{named} and {rest} more") },
        summary: match columns.len() {
            0 => "would read nothing of it".to_owned(),
            all => format!(
                "would read {}: {} whole, {} in some rows, {} masked",
                counted(all, "column", "columns"),
                of(Shows::Whole),
                of(Shows::Partial),
                of(Shows::Masked)
            ),
        },
        columns: columns.iter().map(column).collect(),
        export,
    }
}

pub(crate) fn column(column: &ColumnRead) -> (String, Badge, String) {
    let badge = match column.shows {
        Shows::Whole => ("Whole", "good", "circle-check"),
        Shows::Partial => ("Some rows", "attention", "list-filter"),
        Shows::Masked => ("Masked", "attention", "eye-off"),
        Shows::Nothing => ("Nothing", "", "lock"),
    };
    (column.name.clone(), badge, column.mask.map(|mask| mask.as_str().to_owned()).unwrap_or_default())
}
