//! What can be done: one word an action, one marker type an action.

/// A type-level name of an action, so that a proof for one cannot serve another.
pub trait Act {
    /// The value-level name.
    const ACTION: Action;
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Every action that policy decides on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Action] = &[$(Action::$name),*];

            /// The spelling of the audit: noun and verb.
            pub const fn as_str(self) -> &'static str {
                match self { $(Action::$name => $text),* }
            }
        }

        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
            impl Act for $name { const ACTION: Action = Action::$name; }
        )*
    };
}

actions! {
    /// See the list of users and groups, and create, change, disable them.
    ManageUsers = "user.manage",
    /// Assign storage roots.
    ManageStorage = "storage.manage",
    /// Read the whole audit.
    ReadAudit = "audit.read",
    /// Create, rename and move domains, name stewards.
    ManageDomain = "domain.manage",
    /// See a domain and its terms.
    ViewDomain = "domain.view",
    /// Start a project in a domain.
    CreateProject = "project.create",
    /// Define and change glossary terms.
    ManageTerms = "glossary.manage",
    /// See the inside of a project.
    ViewProject = "project.view",
    /// Change a project's members, environments, connections and service accounts.
    ManageProject = "project.manage",
    /// Create and run sources, describe assets, upload.
    Contribute = "project.contribute",
    /// Ask for access on behalf of a project.
    RequestForProject = "project.request",
    /// Save queries in a project.
    SaveQuery = "query.save",
    /// Run queries.
    RunQuery = "query.run",
    /// Find an asset and read what is listed of it.
    DiscoverAsset = "asset.discover",
    /// Change an asset's words, tags, columns and state.
    EditAsset = "asset.edit",
    /// Ask for access to an asset.
    RequestAsset = "asset.request",
    /// Open columns that arrived after publishing.
    ReleaseColumns = "asset.release_columns",
    /// Vouch for an asset.
    CertifyAsset = "asset.certify",
    /// See who has access to an asset.
    ReviewAsset = "asset.review",
    /// Read a request and its thread.
    ViewRequest = "request.view",
    /// Ask or answer in the thread of a request.
    CommentRequest = "request.comment",
    /// Approve, reject or ask back.
    DecideRequest = "request.decide",
    /// Edit or withdraw an open request.
    EditRequest = "request.edit",
    /// See a subscription.
    ViewSubscription = "subscription.view",
    /// Give a subscription back.
    CancelSubscription = "subscription.cancel",
    /// Take a subscription back.
    RevokeSubscription = "subscription.revoke",
    /// Change one's own account: password, sessions, tokens.
    ManageAccount = "account.manage",
}
