//! Answers to subscriptions: events as they come, in the distinct connections mode of GraphQL over SSE.

use async_graphql::{Response as Executed, Value};
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt, stream, stream::BoxStream};
use lakegate_http::live::Place;
use std::convert::Infallible;

use crate::order::Order;

/// Data that holds nothing: browsers pass over an event without any.
const NOTHING: &str = "\n";

/// The answers of a subscription, the first of them apart: it says whether there is anything to follow.
pub struct Answers {
    pub first: Executed,
    rest: BoxStream<'static, Executed>,
    order: Order,
}

impl Answers {
    /// Waits for the first answer.
    pub async fn begin(mut answers: BoxStream<'static, Executed>, order: Order) -> Self {
        // A stream without an answer does not come from a schema; it is one that has ended.
        let mut first = answers.next().await.unwrap_or_default();
        order.arrange(&mut first);
        Self { first, rest: answers, order }
    }

    /// Whether the document could not be executed.
    pub fn is_refused(&self) -> bool {
        self.first.data == Value::Null
    }

    /// Sends each answer as it comes; ends with the server, and gives its place back.
    pub fn send(self, place: Place, encode: impl Fn(Executed) -> String + Send + 'static) -> Response {
        let ended = place.ended();
        let events = self.events(encode).take_until(ended).map(move |event| {
            let _held_until_the_end = &place;
            Ok::<_, Infallible>(event)
        });
        Sse::new(events).keep_alive(KeepAlive::default()).into_response()
    }

    fn events(self, encode: impl Fn(Executed) -> String + Send + 'static) -> impl Stream<Item = Event> + Send {
        let Self { first, rest, order } = self;
        let rest = rest.map(move |mut answer| {
            order.arrange(&mut answer);
            answer
        });
        let answers = stream::once(async { first }).chain(rest);
        let told = answers.map(move |answer| Event::default().event("next").data(encode(answer)));
        told.chain(stream::once(async { Event::default().event("complete").data(NOTHING) }))
    }
}
