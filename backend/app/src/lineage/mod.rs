//! Where data comes from and what is made of it, taken from the plans that ran.
//!
//! [`record`] keeps what a plan says: a *flow* is one way in which a table or the columns of a saved query are filled. An
//! equal plan changes nothing; another one ends the flow and begins the next, so that the graph of any time can be asked.
//! [`walk`] follows it from a table or a column without looking at who asks. [`known`] decides what of that the caller may
//! know, by the rights that he has now, and [`graph`] shows it. [`impact`] tells owners who would notice a change.

mod answer;
mod graph;
mod impact;
mod known;
pub(crate) mod record;
mod walk;

pub use answer::{ColumnLink, DEPTH_MAX, FlowLink, LineageAsk, LineageGraph, LineageNode, NodeColumn, Process, Shown};
pub use graph::{graph, path};
pub use impact::{DAYS_MAX, Impact, ImpactAsk, Subscriber, impact, readers};
