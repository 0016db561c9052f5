//! What can be done: one word an action, one marker type an action.

/// A type-level name of an action, so that a proof for one cannot serve another.
pub trait Act {
    /// The value-level name.
    const ACTION: Action;
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $words:literal;)*) => {
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

            /// What a person reads who may not do it, after "you may not".
            ///
            /// It depends on the action alone, so that a refusal tells nothing of what it was about.
            pub const fn in_words(self) -> &'static str {
                match self { $(Action::$name => $words),* }
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
    ManageUsers = "user.manage", "manage users and groups";
    /// Assign storage roots.
    ManageStorage = "storage.manage", "manage storage";
    /// See all work that is done later, hold it up and let it go on.
    ManageJobs = "job.manage", "look after work of the whole installation";
    /// Read the whole audit.
    ReadAudit = "audit.read", "read the whole audit";
    /// Create, rename and move domains, name stewards.
    ManageDomain = "domain.manage", "change domains here";
    /// See a domain and its terms.
    ViewDomain = "domain.view", "see this domain";
    /// Start a project in a domain.
    CreateProject = "project.create", "start a project here";
    /// Define and change glossary terms.
    ManageTerms = "glossary.manage", "change the glossary of this domain";
    /// See the inside of a project.
    ViewProject = "project.view", "see the inside of this project";
    /// Change a project's members, environments, connections and service accounts.
    ManageProject = "project.manage", "manage this project";
    /// Have work done under the name of a service account.
    ActAs = "service_account.act_as", "act as this service account";
    /// Create and run sources, describe assets, upload.
    Contribute = "project.contribute", "add or change data in this project";
    /// Ask for access on behalf of a project.
    RequestForProject = "project.request", "ask for access on behalf of this project";
    /// Save queries in a project.
    SaveQuery = "query.save", "save queries in this project";
    /// Run queries.
    RunQuery = "query.run", "run queries";
    /// Find an asset and read what is listed of it.
    DiscoverAsset = "asset.discover", "find this asset";
    /// Change an asset's words, tags, columns and state.
    EditAsset = "asset.edit", "change this asset";
    /// Ask for access to an asset.
    RequestAsset = "asset.request", "ask for access to this asset";
    /// Open columns that arrived after publishing.
    ReleaseColumns = "asset.release_columns", "open new columns of this asset";
    /// Vouch for an asset.
    CertifyAsset = "asset.certify", "certify this asset";
    /// Put restrictions in force and lift them.
    ManageRules = "rules.manage", "restrict who reads this";
    /// Say what data may be used for, and for which projects.
    ManagePurposes = "purpose.manage", "decide on purposes";
    /// Give access without a request.
    GrantAccess = "access.grant", "give access to this";
    /// Take back access that was given without a request.
    RevokeAccess = "access.revoke", "take access to this back";
    /// Open a table for oneself in an emergency.
    BreakGlass = "break_glass.open", "open this in an emergency";
    /// Confirm or object to what somebody else opened in an emergency.
    ReviewBreakGlass = "break_glass.review", "review what was opened in an emergency";
    /// See the rules that come from files, and what applying others would change.
    ReadPolicyFiles = "policy.read", "read rules as files";
    /// Apply rules from files, approve and refuse what others propose.
    ApplyPolicyFiles = "policy.apply", "apply rules from files";
    /// See who has access to an asset.
    ReviewAsset = "asset.review", "see who has access to this asset";
    /// Start a review of who has access, decide on its items, and close it.
    RunReview = "review.run", "review who has access here";
    /// Read a review of who has access.
    ViewReview = "review.view", "read reviews of who has access here";
    /// Read a request and its thread.
    ViewRequest = "request.view", "read this request";
    /// Ask or answer in the thread of a request.
    CommentRequest = "request.comment", "comment on this request";
    /// Approve, reject or ask back.
    DecideRequest = "request.decide", "decide this request";
    /// Edit or withdraw an open request.
    EditRequest = "request.edit", "change or withdraw this request";
    /// See a subscription.
    ViewSubscription = "subscription.view", "see this subscription";
    /// Give a subscription back.
    CancelSubscription = "subscription.cancel", "give this subscription back";
    /// Take a subscription back.
    RevokeSubscription = "subscription.revoke", "take this subscription back";
    /// Change one's own account: password, sessions, tokens.
    ManageAccount = "account.manage", "change this account";
}
