//! GraphQL over HTTP: who may send what, how it is read, and how the answer looks.
//!
//! POST takes `application/json` alone; GET takes queries alone; forms and lists of operations are refused. A browser's
//! cookie counts only together with the header `x-csrf-token` (and, on POST, a matching origin: see
//! [`lakegate_http::middleware::guard`]); a bearer token needs neither. Answers are `application/graphql-response+json`, where a
//! request that cannot be executed is a 4xx, or `application/json`, where it is a 200 with errors unless the request is
//! malformed as such. Subscriptions are answered by events: see [`crate::stream`].

use async_graphql::{
    Name, Request as Operation, Response as Executed, ServerError, Value, Variables,
    parser::{
        parse_query,
        types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType},
    },
};
use axum::{
    Extension,
    body::Bytes,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use lakegate_app::Identity;
use lakegate_model::{Code, Fault};
use serde::Serialize;
use std::sync::Arc;

use super::{
    at::At,
    errors, limits, log,
    media::{Media, is_json},
    names::Names,
    order::Order,
    request::{self, Parameters},
    schema::{self, PortalSchema},
    stream::Answers,
};
use lakegate_http::{Refusal, Web, context::RequestContext, csrf, extract::Auth};

/// The schema with what weighing needs of it.
pub struct Endpoint {
    schema: PortalSchema,
    shape: limits::Shape,
}

impl Endpoint {
    /// Builds the schema.
    #[expect(clippy::expect_used, reason = "the text is made by the schema itself, and a test makes it")]
    pub fn new() -> Self {
        let schema = schema::build();
        let shape = limits::Shape::of(&schema.sdl()).expect("the schema's own text is a schema");
        Self { schema, shape }
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self::new()
    }
}

/// Why nothing was executed.
#[derive(Debug)]
struct Unexecuted {
    /// `None`: the document cannot be executed, 400 or 200 as the form of the answer says.
    status: Option<StatusCode>,
    errors: Vec<ErrorShape>,
}

impl Unexecuted {
    /// A request that is no GraphQL request.
    fn malformed(web: &Web, request_id: &str, fault: Fault) -> Self {
        let status = StatusCode::from_u16(fault.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        Self { status: Some(status), errors: vec![ErrorShape::of_fault(web, request_id, fault)] }
    }

    /// A request of nobody in particular: nothing here is for him, the schema neither.
    fn stranger(at: &At) -> Self {
        let fault = Fault::new(Code::Unauthenticated, "sign in, or send a token as `Authorization: Bearer …`");
        Self::malformed(&at.web, &at.caller.request_id, fault)
    }

    /// A request whose document cannot be executed.
    fn document(at: &At, fault: Fault) -> Self {
        Self { status: None, errors: vec![ErrorShape::of_fault(&at.web, &at.caller.request_id, fault)] }
    }
}

/// Answers a GET.
///
/// # Errors
/// Refusals of the caller himself.
pub async fn by_get(
    State(web): State<Web>,
    Extension(endpoint): Extension<Arc<Endpoint>>,
    Extension(context): Extension<RequestContext>,
    auth: Auth,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let taken = acceptable(&headers)?;
    admit(&web, &context, &auth, &headers).await?;
    let at = At::new(web, auth);
    let parameters = request::from_query(uri.query().unwrap_or_default());
    Ok(respond(&endpoint, at, parameters, Allowed::Queries, taken).await)
}

/// Answers a POST.
///
/// # Errors
/// Refusals of the caller himself.
pub async fn by_post(
    State(web): State<Web>,
    Extension(endpoint): Extension<Arc<Endpoint>>,
    Extension(context): Extension<RequestContext>,
    auth: Auth,
    request: Request,
) -> Result<Response, Refusal> {
    let taken = acceptable(request.headers())?;
    admit(&web, &context, &auth, request.headers()).await?;
    let parameters = read_body(&web, request).await;
    Ok(respond(&endpoint, At::new(web, auth), parameters, Allowed::Everything, taken).await)
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

async fn respond(
    endpoint: &Endpoint,
    at: At,
    parameters: Result<Parameters, Fault>,
    allowed: Allowed,
    taken: Taken,
) -> Response {
    let ready = match parameters {
        Ok(parameters) => prepare(endpoint, &at, parameters, allowed),
        Err(fault) => Err(Unexecuted::malformed(&at.web, &at.caller.request_id, fault)),
    };
    match ready {
        Ok(ready) if ready.kind == OperationType::Subscription => follow(endpoint, &at, ready, taken).await,
        Ok(ready) => executed_answer(execute(endpoint, &at, ready).await, taken.media),
        Err(unexecuted) => unexecuted_answer(unexecuted, taken.media),
    }
}

/// An operation that may be executed.
struct Ready {
    operation: Operation,
    order: Order,
    kind: OperationType,
    fields: Vec<log::RootField>,
}

async fn execute(endpoint: &Endpoint, at: &At, ready: Ready) -> Executed {
    let mut executed = endpoint.schema.execute(ready.operation).await;
    ready.order.arrange(&mut executed);
    log::note(at, ready.kind, &ready.fields, &executed);
    executed
}

/// Answers a subscription: what cannot be executed as any operation, everything else by events.
async fn follow(endpoint: &Endpoint, at: &At, ready: Ready, taken: Taken) -> Response {
    if !taken.events {
        let fault = Fault::invalid("Accept", "subscriptions are answered by events").fix("accept text/event-stream");
        let status = Some(StatusCode::NOT_ACCEPTABLE);
        log::note_all(at, ready.kind, &ready.fields, fault.code);
        return unexecuted_answer(Unexecuted { status, ..Unexecuted::document(at, fault) }, taken.media);
    }
    let place = match at.web.live.enter(&at.principal) {
        Ok(place) => place,
        Err(fault) => {
            log::note_all(at, ready.kind, &ready.fields, fault.code);
            return Refusal::from(fault).into_response();
        }
    };
    let answers = Answers::begin(endpoint.schema.execute_stream(ready.operation), ready.order).await;
    log::note(at, ready.kind, &ready.fields, &answers.first);
    if answers.is_refused() {
        return executed_answer(answers.first, taken.media);
    }
    answers.send(place, encoded)
}

/// An answer as an event carries it.
fn encoded(executed: Executed) -> String {
    let errors = executed.errors.into_iter().map(ErrorShape::of).collect();
    // Both are made of texts, numbers and lists of them, which JSON can always hold.
    serde_json::to_string(&Body { data: Some(&executed.data), errors }).unwrap_or_default()
}

fn prepare(endpoint: &Endpoint, at: &At, parameters: Parameters, allowed: Allowed) -> Result<Ready, Unexecuted> {
    limits::check_text(&parameters.query)
        .map_err(|fault| Unexecuted::malformed(&at.web, &at.caller.request_id, fault))?;
    let document = parse_query(&parameters.query)
        .map_err(|error| Unexecuted { status: None, errors: vec![ErrorShape::of(ServerError::from(error))] })?;
    let variables = Variables::from_json(serde_json::Value::Object(parameters.variables));
    let chosen = choose(&document, parameters.operation_name.as_deref());
    let operation = chosen.map_err(|fault| Unexecuted::document(at, fault))?;
    if allowed == Allowed::Queries && operation.ty == OperationType::Mutation {
        let fault = Fault::invalid("query", "changes are sent by POST");
        let status = Some(StatusCode::METHOD_NOT_ALLOWED);
        return Err(Unexecuted { status, ..Unexecuted::document(at, fault) });
    }
    limits::check_variables(&endpoint.shape, &document).map_err(|fault| Unexecuted::document(at, fault))?;
    let weight = limits::weigh(&endpoint.shape, &document, operation, &variables);
    weight.map_err(|fault| Unexecuted::document(at, fault))?;
    let (kind, fields) = (operation.ty, log::root_fields(&endpoint.shape, &document, operation));
    if at.caller.identity == Identity::Anonymous {
        log::note_all(at, kind, &fields, Code::Unauthenticated);
        return Err(Unexecuted::stranger(at));
    }
    let order = Order::of(&document, operation);
    let operation = operation_of(at, &parameters.query, parameters.operation_name, variables, document);
    Ok(Ready { operation, order, kind, fields })
}

fn operation_of(
    at: &At,
    query: &str,
    name: Option<String>,
    variables: Variables,
    document: ExecutableDocument,
) -> Operation {
    let mut operation = Operation::new(query).variables(variables);
    operation.operation_name = name;
    operation.set_parsed_query(document);
    operation.data(at.clone()).data(Names::loader(at.clone()))
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

/// An error as clients read it.
#[derive(Debug, Serialize)]
struct ErrorShape {
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<async_graphql::Pos>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    path: Vec<async_graphql::PathSegment>,
    extensions: async_graphql::ErrorExtensionValues,
}

impl ErrorShape {
    /// An error of the schema: what carries no code is a document or value that does not fit.
    fn of(error: ServerError) -> Self {
        let mut extensions = error.extensions.unwrap_or_default();
        if extensions.get("code").is_none() {
            extensions.set("code", Code::Invalid.as_str());
        }
        Self { message: error.message, locations: error.locations, path: error.path, extensions }
    }

    fn of_fault(web: &Web, request_id: &str, fault: Fault) -> Self {
        Self::of(errors::of_fault(web, request_id, fault).into_server_error(async_graphql::Pos::default())).placeless()
    }

    /// Without the place in the document: the error is about the whole.
    fn placeless(self) -> Self {
        Self { locations: Vec::new(), ..self }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorShape>,
}

/// Every root field may be null, so an answer without data was not executed: validation refused the document.
fn executed_answer(executed: Executed, media: Media) -> Response {
    let errors: Vec<ErrorShape> = executed.errors.into_iter().map(ErrorShape::of).collect();
    if executed.data == Value::Null {
        return unexecuted_answer(Unexecuted { status: None, errors }, media);
    }
    send(StatusCode::OK, &Body { data: Some(&executed.data), errors }, media)
}

fn unexecuted_answer(unexecuted: Unexecuted, media: Media) -> Response {
    let status = unexecuted.status.unwrap_or(match media {
        Media::GraphqlResponse => StatusCode::BAD_REQUEST,
        Media::Json => StatusCode::OK,
    });
    let mut response = send(status, &Body { data: None, errors: unexecuted.errors }, media);
    let further = match status {
        StatusCode::METHOD_NOT_ALLOWED => Some((header::ALLOW, "POST")),
        StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
        _ => None,
    };
    response.headers_mut().extend(further.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

fn send(status: StatusCode, body: &Body<'_>, media: Media) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let headers = [(header::CONTENT_TYPE, media.content_type()), (header::VARY, "accept")];
            (status, headers, bytes).into_response()
        }
        Err(error) => Refusal::from(Fault::internal(error)).into_response(),
    }
}
