//! GraphQL over HTTP: who may send what, how it is read, and how the answer looks.
//!
//! POST takes `application/json` alone; GET takes queries alone; forms and lists of operations are refused. A browser's
//! cookie counts only together with the header `x-csrf-token` (and, on POST, a matching origin: see
//! [`lakegate_http::middleware::guard`]); a bearer token needs neither. Answers are `application/graphql-response+json`, where a
//! request that cannot be executed is a 4xx, or `application/json`, where it is a 200 with errors unless the request is
//! malformed as such. Subscriptions are answered by events: see [`crate::stream`].

use async_graphql::{
    Executor, Name, Request as Operation, Response as Executed, Value, Variables,
    parser::{
        parse_query,
        types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType},
    },
};
use axum::{
    Extension,
    body::Bytes,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use lakegate_app::Identity;
use lakegate_model::{Code, Fault};
use std::sync::Arc;

use super::{
    answer::{Unexecuted, encoded, executed_answer, unexecuted_answer},
    at::At,
    limits, log,
    media::{Media, is_json},
    omit,
    order::Order,
    request::{self, Parameters},
    stream::Answers,
};
use lakegate_http::{Refusal, Web, context::RequestContext, csrf, extract::Auth};

/// An address of GraphQL: which schema it answers by.
pub trait Door: Sized + Send + Sync + 'static {
    /// What executes operations.
    type Schema: Executor;

    /// Whether clients may have fields left out that they do not see ([`omit`]).
    const OMITS: bool = false;
    /// Most root fields of one operation.
    const ROOT_FIELDS: usize = usize::MAX;

    /// What resolvers need beside the request.
    type Context: Send + Sync + 'static;

    /// The schema that whoever asks sees, as far as this document and its variables can tell of it.
    ///
    /// # Errors
    /// Why there is none for him.
    fn open(
        &self,
        at: &At,
        document: &str,
        variables: &Variables,
    ) -> impl Future<Output = Result<Opened<Self>, Fault>> + Send;
}

/// A schema and what its resolvers need.
pub type Opened<D> = (Arc<Endpoint<<D as Door>::Schema>>, <D as Door>::Context);

/// A schema with what weighing needs of it.
#[derive(Debug)]
pub struct Endpoint<S> {
    pub schema: S,
    pub shape: limits::Shape,
}

/// Answers a GET.
///
/// # Errors
/// Refusals of the caller himself.
pub async fn by_get<D: Door>(
    State(web): State<Web>,
    Extension(door): Extension<Arc<D>>,
    Extension(context): Extension<RequestContext>,
    auth: Auth,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let taken = acceptable(&headers)?;
    admit(&web, &context, &auth, &headers).await?;
    let asked = Asked { at: At::new(web, auth), allowed: Allowed::Queries, omits: D::OMITS && omit::asked(&headers)? };
    let parameters = request::from_query(uri.query().unwrap_or_default());
    Ok(respond(&*door, asked, parameters, taken).await)
}

/// Answers a POST.
///
/// # Errors
/// Refusals of the caller himself.
pub async fn by_post<D: Door>(
    State(web): State<Web>,
    Extension(door): Extension<Arc<D>>,
    Extension(context): Extension<RequestContext>,
    auth: Auth,
    request: Request,
) -> Result<Response, Refusal> {
    let taken = acceptable(request.headers())?;
    admit(&web, &context, &auth, request.headers()).await?;
    let omits = D::OMITS && omit::asked(request.headers())?;
    let parameters = read_body(&web, request).await;
    let asked = Asked { at: At::new(web, auth), allowed: Allowed::Everything, omits };
    Ok(respond(&*door, asked, parameters, taken).await)
}

/// The answers that a client takes.
#[derive(Debug, Clone, Copy)]
struct Taken {
    media: Media,
    /// Answers that go on.
    events: bool,
}

fn acceptable(headers: &HeaderMap) -> Result<Taken, Refusal> {
    let events = Media::takes_events(headers);
    let media = Media::negotiate(headers).or_else(|| events.then_some(Media::GraphqlResponse));
    let media = media.ok_or_else(|| {
        let fault = Fault::invalid("Accept", "answers are application/graphql-response+json or application/json");
        Refusal::with_status(StatusCode::NOT_ACCEPTABLE, fault)
    })?;
    Ok(Taken { media, events })
}

/// A cookie alone is not somebody's will.
async fn admit(web: &Web, context: &RequestContext, auth: &Auth, headers: &HeaderMap) -> Result<(), Fault> {
    if !matches!(auth.caller.identity, Identity::Session(_)) {
        return Ok(());
    }
    let session = context.session(web).await?;
    let shown = headers.get(csrf::HEADER).and_then(|token| token.to_str().ok());
    if session.zip(shown).is_some_and(|(session, shown)| csrf::matches(session, shown)) {
        return Ok(());
    }
    let fault = Fault::new(Code::Forbidden, "with a cookie this needs the header x-csrf-token");
    Err(fault.on(csrf::HEADER).fix("send the token of the page, or use a bearer token"))
}

async fn read_body(web: &Web, request: Request) -> Result<Parameters, Fault> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !is_json(content_type.unwrap_or_default()) {
        return Err(Fault::new(Code::UnsupportedMedia, "send operations as application/json").on("Content-Type"));
    }
    let body = Bytes::from_request(request, web).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Fault::new(Code::TooLarge, "the body is over its limit of 1 MiB").on("body"),
        _ => Fault::invalid("body", "the body did not arrive whole"),
    })?;
    request::from_json(&body)
}

/// Which operations a method may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allowed {
    Queries,
    Everything,
}

/// A request before its document is looked at.
struct Asked {
    at: At,
    allowed: Allowed,
    /// Whether fields that the caller does not see are to be left out.
    omits: bool,
}

async fn respond<D: Door>(door: &D, asked: Asked, parameters: Result<Parameters, Fault>, taken: Taken) -> Response {
    let ready = match parameters {
        Ok(parameters) => prepare(door, &asked, parameters).await,
        Err(fault) => Err(Unexecuted::of(&asked.at, fault)),
    };
    match ready {
        Ok(ready) if ready.kind == OperationType::Subscription => follow(&asked.at, ready, taken).await,
        Ok(ready) => executed_answer(execute(&asked.at, ready).await, taken.media),
        Err(unexecuted) => unexecuted_answer(unexecuted, taken.media),
    }
}

/// An operation that may be executed, and what executes it.
struct Ready<S> {
    endpoint: Arc<Endpoint<S>>,
    operation: Operation,
    order: Order,
    kind: OperationType,
    fields: Vec<log::RootField>,
    omitted: Vec<omit::Path>,
}

async fn execute<S: Executor>(at: &At, ready: Ready<S>) -> Executed {
    let mut executed = ready.endpoint.schema.execute(ready.operation).await;
    ready.order.arrange(&mut executed);
    for (member, told) in at.beside.take() {
        let told = told.into_iter().map(|(key, value)| (Name::new(key), value)).collect();
        executed.extensions.insert(member.to_owned(), Value::Object(told));
    }
    if !ready.omitted.is_empty() {
        executed.extensions.insert("omitted".to_owned(), omit::shown(&ready.omitted));
    }
    log::note(at, ready.kind, &ready.fields, &executed);
    executed
}

/// Answers a subscription: what cannot be executed as any operation, everything else by events.
async fn follow<S: Executor>(at: &At, ready: Ready<S>, taken: Taken) -> Response {
    if !taken.events {
        let fault = Fault::invalid("Accept", "subscriptions are answered by events").fix("accept text/event-stream");
        log::note_all(at, ready.kind, &ready.fields, fault.code);
        return unexecuted_answer(Unexecuted::document(at, fault).with_status(StatusCode::NOT_ACCEPTABLE), taken.media);
    }
    let place = match at.web.live.enter(&at.principal) {
        Ok(place) => place,
        Err(fault) => {
            log::note_all(at, ready.kind, &ready.fields, fault.code);
            return Refusal::from(fault).into_response();
        }
    };
    let answers = Answers::begin(ready.endpoint.schema.execute_stream(ready.operation, None), ready.order).await;
    log::note(at, ready.kind, &ready.fields, &answers.first);
    if answers.is_refused() {
        return executed_answer(answers.first, taken.media);
    }
    answers.send(place, encoded)
}

async fn prepare<D: Door>(door: &D, asked: &Asked, parameters: Parameters) -> Result<Ready<D::Schema>, Unexecuted> {
    let at = &asked.at;
    limits::check_text(&parameters.query).map_err(|fault| Unexecuted::of(at, fault))?;
    let mut document = parse_query(&parameters.query).map_err(Unexecuted::syntax)?;
    check_method(asked, &document, parameters.operation_name.as_deref())?;
    let variables = Variables::from_json(serde_json::Value::Object(parameters.variables));
    let opened = door.open(at, &parameters.query, &variables).await;
    let (endpoint, context) = opened.map_err(|fault| Unexecuted::of(at, fault))?;
    let omitted = if asked.omits { omit::omit(&mut document, &endpoint.shape) } else { Vec::new() };
    let (kind, fields, order) = weigh::<D>(at, &endpoint, &document, &parameters.operation_name, &variables)?;
    if at.caller.identity == Identity::Anonymous {
        log::note_all(at, kind, &fields, Code::Unauthenticated);
        return Err(Unexecuted::stranger(at));
    }
    let mut operation = Operation::new(parameters.query).variables(variables);
    operation.operation_name = parameters.operation_name;
    operation.set_parsed_query(document);
    let operation = operation.data(at.clone()).data(context);
    Ok(Ready { endpoint, operation, order, kind, fields, omitted })
}

/// Refuses changes by a method that is for looking.
fn check_method(asked: &Asked, document: &ExecutableDocument, name: Option<&str>) -> Result<(), Unexecuted> {
    let operation = choose(document, name).map_err(|fault| Unexecuted::document(&asked.at, fault))?;
    if asked.allowed == Allowed::Queries && operation.ty == OperationType::Mutation {
        let fault = Fault::invalid("query", "changes are sent by POST");
        return Err(Unexecuted::document(&asked.at, fault).with_status(StatusCode::METHOD_NOT_ALLOWED));
    }
    Ok(())
}

type Weighed = (OperationType, Vec<log::RootField>, Order);

/// Weighs the chosen operation.
fn weigh<D: Door>(
    at: &At,
    endpoint: &Endpoint<D::Schema>,
    document: &ExecutableDocument,
    name: &Option<String>,
    variables: &Variables,
) -> Result<Weighed, Unexecuted> {
    let weighed = || {
        let operation = choose(document, name.as_deref())?;
        limits::check_variables(&endpoint.shape, document)?;
        limits::weigh(&endpoint.shape, document, operation, variables)?;
        let fields = log::root_fields(&endpoint.shape, document, operation);
        limits::check_roots(fields.len(), D::ROOT_FIELDS)?;
        Ok((operation.ty, fields, Order::of(document, operation)))
    };
    weighed().map_err(|fault| Unexecuted::document(at, fault))
}

/// The operation that the request names, or the only one.
fn choose<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Result<&'a OperationDefinition, Fault> {
    let found = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(&operation.node),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(all), Some(name)) => all.get(&Name::new(name)).map(|operation| &operation.node),
        (DocumentOperations::Multiple(all), None) if all.len() == 1 => {
            all.values().next().map(|operation| &operation.node)
        }
        (DocumentOperations::Multiple(_), None) => None,
    };
    found.ok_or_else(|| Fault::invalid("operationName", "name one of the operations of the document"))
}
