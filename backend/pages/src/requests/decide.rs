//! Deciding a request.

use axum::{extract::State, response::Response};
use lakegate_app::access::{
    decisions::{self, Approval},
    requests,
    views::RequestDetail,
};
use lakegate_model::Fault;

use super::{chosen_columns, found, request_href, request_page};
use crate::{fields::Fields, flash, kit::again, proof, shell::Framed};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path},
};

pub(super) async fn decide(
    State(web): State<Web>,
    Path(text): Path<String>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let detail = found(&web, &frame, &text).await?;
    match carry_out(&web, &frame, &detail, &fields).await {
        Ok(said) => {
            let draft = format!("decision-{}", detail.view.request.reference());
            Ok(flash::done_with_draft(&request_href(&detail.view), &said, &draft))
        }
        Err(fault) => again(proof::missing(fault), |wrong| request_page(&web, frame, detail, &fields, wrong)).await,
    }
}

async fn carry_out(web: &Web, frame: &Framed, detail: &RequestDetail, fields: &Fields) -> Result<String, Fault> {
    let (caller, request) = (&frame.reader.caller, &detail.view.request);
    let project = &detail.view.project_name;
    match fields.one("verdict") {
        "approve" => {
            proof::confirm(web, frame, fields).await?;
            let approval = approval(fields, detail)?;
            decisions::approve(&web.app, caller, request.id, &approval).await?;
            Ok(format!("{} was approved. {project} may query {} now.", request.reference(), detail.view.asset_name))
        }
        "reject" => {
            decisions::reject(&web.app, caller, request.id, fields.one("reason")).await?;
            Ok(format!("{} was rejected. {project} was told why.", request.reference()))
        }
        "ask" => {
            let question = fields.one("reason");
            requests::comment(&web.app, caller, request.id, question).await.map_err(|fault| fault.on("reason"))?;
            Ok("Your question was sent.".to_owned())
        }
        _ => Err(Fault::invalid("verdict", "expected one of: approve reject ask")),
    }
}

fn approval(fields: &Fields, detail: &RequestDetail) -> Result<Approval, Fault> {
    // The field shows the day of the wished end; leaving it alone keeps the wished moment.
    let until = fields.day("until")?;
    let wished = detail.view.request.wanted_until;
    let same_day = until.zip(wished).is_some_and(|(until, wished)| until.date_naive() == wished.date_naive());
    Ok(Approval {
        reason: fields.one("reason").to_owned(),
        columns: chosen_columns(fields)?,
        until: if same_day { wished } else { until },
        export: fields.has("export"),
        row_filter: Some(fields.one("row_filter").to_owned()),
        purposes: fields.ids("purpose")?,
    })
}
