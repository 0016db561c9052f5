//! Proofs that a permission was decided.

use std::marker::PhantomData;

use crate::actor::Actor;

/// Stands for one transaction: proofs borrow it and end with it.
#[derive(Debug)]
pub struct Scope(());

impl Scope {
    /// Made by the store when it begins a transaction.
    pub fn begin() -> Self {
        Self(())
    }
}

/// The proof that an actor may do `A` to `R`. Only [`crate::decide()`] makes one.
#[derive(Debug)]
#[must_use]
pub struct Granted<'s, R, A> {
    resource: R,
    actor_name: String,
    scope: PhantomData<&'s Scope>,
    action: PhantomData<A>,
}

impl<R: Copy, A> Granted<'_, R, A> {
    pub(crate) fn new(resource: R, actor: &Actor) -> Self {
        Self { resource, actor_name: actor.name.clone(), scope: PhantomData, action: PhantomData }
    }

    /// The facts of the thing that may be acted on.
    pub fn on(&self) -> R {
        self.resource
    }

    /// Who was allowed, as the audit prints it.
    pub fn by(&self) -> &str {
        &self.actor_name
    }
}
