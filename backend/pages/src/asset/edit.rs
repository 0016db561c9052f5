//! Changing what people say of an asset.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    catalog::{
        assets::{self, AssetView},
        edit::{self, AssetEdit, ColumnEdit},
    },
    places::members,
};
use lakegate_model::{
    Fault,
    catalog::Suggestion,
    ids::{AssetId, ColumnId, SuggestionId},
    words::{AssetStatus, ColumnState, Discover, MemberKind},
};

use super::{
    discover_words,
    head::{AssetHead, asset_href},
    words::{split, terms_meant},
};
use crate::{
    fields::Fields,
    flash,
    kit::{Choice, Wrong, again, again_with},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/assets/{id}/edit", get(form).post(save))
        .route("/assets/{id}/edit/{column}", get(column_form).post(save_column))
}

/// What is written into the form about the asset.
#[derive(Debug, Default)]
struct Words {
    title: String,
    description: String,
    owner: String,
    discover: String,
    tags: String,
    terms: String,
    revision: String,
}

impl Words {
    fn of(view: &AssetView) -> Self {
        let asset = &view.asset;
        Self {
            title: asset.title.clone(),
            description: asset.description.clone(),
            owner: asset.owner_id.map(|id| id.to_string()).unwrap_or_default(),
            discover: asset.discover.map(|level| level.as_str().to_owned()).unwrap_or_default(),
            tags: view.tags.join(", "),
            terms: view.terms.iter().map(|term| term.name.as_str()).collect::<Vec<_>>().join("; "),
            revision: asset.revision.to_string(),
        }
    }

    fn from(fields: &Fields) -> Self {
        let text = |name: &str| fields.one(name).to_owned();
        Self {
            title: text("title"),
            description: text("description"),
            owner: text("owner"),
            discover: text("discover"),
            tags: text("tags"),
            terms: text("terms"),
            revision: text("revision"),
        }
    }

    async fn edit(&self, web: &Web, frame: &Framed, view: &AssetView) -> Result<AssetEdit, Fault> {
        let owner = match self.owner.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|fault: Fault| fault.on("owner"))?),
        };
        let discover: Option<Discover> = match self.discover.as_str() {
            "" => None,
            level => Some(level.parse().map_err(|fault: Fault| fault.on("discover"))?),
        };
        Ok(AssetEdit {
            title: Some(self.title.clone()),
            description: Some(self.description.clone()),
            owner: Some(owner),
            discover: Some(discover),
            tags: Some(split(&self.tags)),
            terms: Some(terms_meant(web, &frame.reader, &self.terms, &view.terms).await?),
            columns: Vec::new(),
        })
    }
}

/// A proposed name.
struct Proposal {
    id: SuggestionId,
    /// What it is for, as it is called technically.
    what: String,
    value: String,
}

/// A column in the grid of words.
struct GridRow {
    id: ColumnId,
    name: String,
    column_type: String,
    title: String,
    description: String,
    tags: String,
    terms: String,
    pending: bool,
    unlisted: bool,
    href: String,
}

#[derive(Template)]
#[template(path = "assets/edit.html")]
struct EditPage {
    shell: Shell,
    head: AssetHead,
    words: Words,
    owners: Vec<Choice>,
    levels: Vec<Choice>,
    draft: String,
    wrong: Wrong,
    proposals: Vec<Proposal>,
    rows: Vec<GridRow>,
    pending: Vec<GridRow>,
    may_release: bool,
    may_publish: bool,
    may_deprecate: bool,
    may_bring_back: bool,
    may_archive: bool,
}

/// The view for somebody who may edit; others are refused with the way on.
pub(super) async fn editable(web: &Web, frame: &Framed, id: AssetId) -> Result<AssetView, Fault> {
    let view = assets::view(&web.app, &frame.reader.caller, id).await?;
    if view.may_edit {
        return Ok(view);
    }
    Err(Fault::new(lakegate_model::Code::Forbidden, "only contributors of the owning project change this")
        .fix("ask its owner on the page of questions"))
}

async fn form(State(web): State<Web>, Path(id): Path<AssetId>, frame: Framed) -> Result<Response, Refusal> {
    let view = editable(&web, &frame, id).await?;
    let words = Words::of(&view);
    show(StatusCode::OK, &edit_page(&web, frame, &view, words, Wrong::default()).await?)
}

async fn edit_page(web: &Web, frame: Framed, view: &AssetView, words: Words, wrong: Wrong) -> Result<EditPage, Fault> {
    let rows: Vec<GridRow> = view.columns.iter().map(|column| grid_row(view, column)).collect();
    let pending = view.columns.iter().filter(|column| column.column.state == ColumnState::Pending);
    let status = view.asset.status;
    Ok(EditPage {
        head: AssetHead::new(view, "Edit"),
        owners: owners(web, &frame, view).await?,
        levels: levels(),
        draft: format!("asset-{}-{}", view.asset.id, view.asset.revision),
        proposals: view.suggestions.iter().map(|suggestion| proposal(view, suggestion)).collect(),
        pending: pending.map(|column| grid_row(view, column)).collect(),
        may_release: view.may_release,
        may_publish: status == AssetStatus::Inventory,
        may_deprecate: status == AssetStatus::Published,
        may_bring_back: status == AssetStatus::Deprecated,
        may_archive: status != AssetStatus::Archived,
        shell: frame.shell,
        rows,
        words,
        wrong,
    })
}

fn grid_row(view: &AssetView, column: &assets::ColumnView) -> GridRow {
    let own = &column.column;
    GridRow {
        id: own.id,
        name: own.name.clone(),
        column_type: own.column_type.to_string(),
        title: own.title.clone(),
        description: own.description.clone(),
        tags: column.tags.join(", "),
        terms: column.terms.iter().map(|term| term.name.as_str()).collect::<Vec<_>>().join("; "),
        pending: own.state == ColumnState::Pending,
        unlisted: own.unlisted,
        href: format!("{}/edit/{}", asset_href(view.asset.id), own.id),
    }
}

fn proposal(view: &AssetView, suggestion: &Suggestion) -> Proposal {
    let column = suggestion.column_id.and_then(|id| view.columns.iter().find(|column| column.column.id == id));
    Proposal {
        id: suggestion.id,
        what: column.map_or_else(|| view.asset.name.clone(), |column| column.column.name.clone()),
        value: suggestion.value.clone(),
    }
}

/// People who can own the asset: the project's users, and whoever owns it now.
async fn owners(web: &Web, frame: &Framed, view: &AssetView) -> Result<Vec<Choice>, Fault> {
    let mut choices = vec![Choice::new("", "Nobody")];
    let members = members::list(&web.app, &frame.reader.caller, view.asset.project_id).await?;
    let people = members.into_iter().filter(|member| member.member_kind == MemberKind::User);
    choices.extend(people.map(|member| Choice::new(member.member_id.to_string(), member.name)));
    if let Some(owner) = view.asset.owner_id.map(|id| id.to_string())
        && choices.iter().all(|choice| choice.value != owner)
    {
        choices.push(Choice::new(owner, view.owner_name.clone()));
    }
    Ok(choices)
}

fn levels() -> Vec<Choice> {
    let mut choices = vec![Choice::new("", "as the domain says")];
    choices.extend(Discover::ALL.iter().map(|level| Choice::new(level.as_str(), discover_words(*level))));
    choices
}

async fn save(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let view = editable(&web, &frame, id).await?;
    let words = Words::from(&fields);
    match carry_out(&web, &frame, &view, &words, &fields).await {
        Ok(()) => {
            let draft = format!("asset-{id}-{}", words.revision);
            Ok(flash::done_with_draft(&format!("{}/edit", asset_href(id)), "Saved.", &draft))
        }
        Err(fault) => again(fault, |wrong| edit_page(&web, frame, &view, words, wrong)).await,
    }
}

async fn carry_out(web: &Web, frame: &Framed, view: &AssetView, words: &Words, fields: &Fields) -> Result<(), Fault> {
    let change = words.edit(web, frame, view).await?;
    edit::update(&web.app, &frame.reader.caller, view.asset.id, fields.revision()?, &change).await.map(drop)
}

#[derive(Template)]
#[template(path = "assets/edit_column.html")]
struct ColumnPage {
    shell: Shell,
    head: AssetHead,
    row: GridRow,
    revision: String,
    wrong: Wrong,
}

fn column_of(view: &AssetView, id: ColumnId) -> Result<&assets::ColumnView, Fault> {
    view.columns.iter().find(|column| column.column.id == id).ok_or_else(|| Fault::not_found("column"))
}

async fn column_form(
    State(web): State<Web>,
    Path((id, column)): Path<(AssetId, ColumnId)>,
    frame: Framed,
) -> Result<Response, Refusal> {
    let view = editable(&web, &frame, id).await?;
    let page = ColumnPage {
        head: AssetHead::new(&view, "Edit"),
        row: grid_row(&view, column_of(&view, column)?),
        revision: view.asset.revision.to_string(),
        wrong: Wrong::default(),
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

async fn save_column(
    State(web): State<Web>,
    Path((id, column)): Path<(AssetId, ColumnId)>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let view = editable(&web, &frame, id).await?;
    let known = column_of(&view, column)?;
    match save_words(&web, &frame, &view, known, &fields).await {
        Ok(()) => {
            Ok(flash::done(&format!("{}/edit#columns", asset_href(id)), &format!("{} was saved.", known.column.name)))
        }
        Err(fault) => {
            let text = |name: &str| fields.one(name).to_owned();
            let row = GridRow {
                title: text("title"),
                description: text("description"),
                tags: text("tags"),
                terms: text("terms"),
                unlisted: fields.has("unlisted"),
                ..grid_row(&view, known)
            };
            let head = AssetHead::new(&view, "Edit");
            let (shell, revision) = (frame.shell, text("revision"));
            again_with(unprefixed(fault), |wrong| ColumnPage { shell, head, row, revision, wrong })
        }
    }
}

async fn save_words(
    web: &Web,
    frame: &Framed,
    view: &AssetView,
    column: &assets::ColumnView,
    fields: &Fields,
) -> Result<(), Fault> {
    let change = ColumnEdit {
        title: Some(fields.one("title").to_owned()),
        description: Some(fields.one("description").to_owned()),
        unlisted: Some(fields.has("unlisted")),
        tags: Some(split(fields.one("tags"))),
        terms: Some(terms_meant(web, &frame.reader, fields.one("terms"), &column.terms).await?),
        ..ColumnEdit::of(column.column.id)
    };
    let change = AssetEdit { columns: vec![change], ..AssetEdit::default() };
    edit::update(&web.app, &frame.reader.caller, view.asset.id, fields.revision()?, &change).await.map(drop)
}

/// A fault about `columns[0].title` is one about `title` on a form for one column.
pub(super) fn unprefixed(fault: Fault) -> Fault {
    let field = fault.field.as_deref().and_then(|field| field.strip_prefix("columns[0].")).map(str::to_owned);
    match field {
        Some(field) => fault.on(field),
        None => fault,
    }
}
