//! Who is in a project: add, change, invite, leave, hand over.

use async_graphql::{Context, Object};
use lakegate_app::places::{invitations, members};
use lakegate_model::words;

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::{Id, MemberKind, ProjectRole},
    types::places::{Departure, Invitation, ProjectMember},
};

payloads! {
    /// A member after a change.
    ProjectMemberPayload { member: ProjectMember }
    /// An invitation that was sent.
    InvitationPayload { invitation: Invitation }
    /// The role that an accepted invitation gave.
    AcceptInvitationPayload { role: ProjectRole }
    /// What a departure did.
    DeparturePayload { departure: Departure }
}

/// Changes of who is in a project.
#[derive(Debug, Default)]
pub struct MembersMutation;

fn member(kind: MemberKind, id: Id) -> members::Member {
    (words::MemberKind::from(kind), id.0)
}

#[Object]
impl MembersMutation {
    /// Makes a user or a group a member.
    async fn add_project_member(
        &self,
        ctx: &Context<'_>,
        project: Id,
        kind: MemberKind,
        #[graphql(name = "member")] id: Id,
        role: ProjectRole,
    ) -> Maybe<ProjectMemberPayload> {
        let at = At::of(ctx);
        outcome(&at, members::add(at.app(), &at.caller, project.into(), member(kind, id), role.into()).await)
    }

    /// Changes the role of a member.
    async fn change_project_member(
        &self,
        ctx: &Context<'_>,
        project: Id,
        kind: MemberKind,
        #[graphql(name = "member")] id: Id,
        role: ProjectRole,
    ) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, members::set_role(at.app(), &at.caller, project.into(), member(kind, id), role.into()).await)
    }

    /// Removes a member, with effect on the next request.
    async fn remove_project_member(
        &self,
        ctx: &Context<'_>,
        project: Id,
        kind: MemberKind,
        #[graphql(name = "member")] id: Id,
    ) -> Maybe<DeparturePayload> {
        let at = At::of(ctx);
        outcome(&at, members::remove(at.app(), &at.caller, project.into(), member(kind, id)).await)
    }

    /// Invites a user into a project with a role.
    async fn invite_to_project(
        &self,
        ctx: &Context<'_>,
        project: Id,
        user: Id,
        role: ProjectRole,
    ) -> Maybe<InvitationPayload> {
        let at = At::of(ctx);
        outcome(&at, invitations::invite(at.app(), &at.caller, project.into(), user.into(), role.into()).await)
    }

    /// Takes an invitation back.
    async fn withdraw_invitation(&self, ctx: &Context<'_>, project: Id, user: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, invitations::withdraw(at.app(), &at.caller, project.into(), user.into()).await)
    }

    /// Accepts an invitation to the caller.
    async fn accept_invitation(&self, ctx: &Context<'_>, project: Id) -> Maybe<AcceptInvitationPayload> {
        let at = At::of(ctx);
        outcome(&at, invitations::accept(at.app(), &at.caller, project.into()).await)
    }

    /// Declines an invitation to the caller.
    async fn decline_invitation(&self, ctx: &Context<'_>, project: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, invitations::decline(at.app(), &at.caller, project.into()).await)
    }

    /// Leaves a project. Its last owner cannot.
    async fn leave_project(&self, ctx: &Context<'_>, project: Id) -> Maybe<DeparturePayload> {
        let at = At::of(ctx);
        outcome(&at, members::leave(at.app(), &at.caller, project.into()).await)
    }

    /// Hands the ownership to another person.
    async fn transfer_project(&self, ctx: &Context<'_>, project: Id, to: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, members::transfer(at.app(), &at.caller, project.into(), to.into()).await)
    }

    /// Gives an owner to a project that has none left: an administrator does.
    async fn appoint_project_owner(&self, ctx: &Context<'_>, project: Id, user: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, members::appoint_owner(at.app(), &at.caller, project.into(), user.into()).await)
    }
}
