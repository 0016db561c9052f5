//! Links to other people's accounts need a second person (access rule 11).

use chrono::TimeDelta;
use lakegate_app::{
    access::notices,
    accounts::{password_links, set_up},
};
use lakegate_model::{Code, PageRequest};

use super::{OTHER, entered, recorded, user};
use crate::support::{Person, World, anonymous, refused};

#[tokio::test]
async fn a_link_to_another_account_waits_for_a_second_administrator() {
    for world in World::each().await {
        let (app, ann) = (&world.app, user(&world, "ann").await);
        let (ada, eve) = (world.administrator("ada").await, world.administrator("eve").await);
        let made = password_links::ask(app, &ada.caller, ann.id).await.unwrap();
        assert!(made.waits);
        let opened = set_up::reset_password(app, &anonymous(), &made.secret, OTHER).await;
        refused(opened, Code::Forbidden, None);
        refused(password_links::confirm(app, &ada.caller, ann.id).await, Code::Forbidden, None);
        refused(password_links::confirm(app, &ann.caller, ann.id).await, Code::Forbidden, None);
        let told = notices::list(app, &eve.caller, &PageRequest::default()).await.unwrap().items;
        assert_eq!(told[0].title, "A password link for ann waits for you");
        assert!(password_links::waiting(app, &ada.caller, ann.id).await.unwrap().unwrap().own);
        assert!(!password_links::waiting(app, &eve.caller, ann.id).await.unwrap().unwrap().own);

        let replaced = password_links::ask(app, &ada.caller, ann.id).await.unwrap();
        world.wait(TimeDelta::hours(1));
        let (ada, eve) = (
            Person { caller: world.sign_in("ada").await, ..ada },
            Person { caller: world.sign_in("eve").await, ..eve },
        );
        password_links::confirm(app, &eve.caller, ann.id).await.unwrap();
        refused(password_links::confirm(app, &eve.caller, ann.id).await, Code::NotFound, None);
        assert_eq!(password_links::waiting(app, &eve.caller, ann.id).await.unwrap(), None);
        let opened = set_up::reset_password(app, &anonymous(), &made.secret, OTHER).await;
        refused(opened, Code::Gone, None);
        set_up::reset_password(app, &anonymous(), &replaced.secret, OTHER).await.unwrap();
        entered(app, "ann", OTHER).await.unwrap();
        // One confirmed; three refusals are recorded too.
        assert_eq!(recorded(app, "user.confirm_password_link").await, 4);

        let late = password_links::ask(app, &ada.caller, ann.id).await.unwrap();
        world.wait(password_links::WAIT);
        let (ada, eve) = (
            Person { caller: world.sign_in("ada").await, ..ada },
            Person { caller: world.sign_in("eve").await, ..eve },
        );
        refused(password_links::confirm(app, &eve.caller, ann.id).await, Code::NotFound, None);
        refused(set_up::reset_password(app, &anonymous(), &late.secret, OTHER).await, Code::Gone, None);
        let own = password_links::ask(app, &ada.caller, ada.id).await.unwrap();
        assert!(!own.waits, "one's own account widens nothing");
    }
}
