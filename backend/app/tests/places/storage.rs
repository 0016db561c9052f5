//! Environments, their locations and databases; connections and their secrets; storage roots.

use lakegate_app::places::{
    connections::{self, NewConnection, S3Settings, SecretText, storage_access},
    environments::{self, EnvironmentView, NewEnvironment},
    locations::{self, claim_location},
    members, roots,
};
use lakegate_model::{
    Code, Fault,
    ids::{ConnectionId, ProjectId},
    places::Connection,
    storage::StorageAccess,
    words::ProjectRole,
};
use lakegate_store::{audit, environments as store, in_read, in_write};
use std::os::unix::fs::PermissionsExt as _;
use uuid::Uuid;

use crate::support::{Person, World, refused};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG";

async fn environment(
    world: &World,
    person: &Person,
    project: ProjectId,
    name: &str,
    location: Option<&str>,
) -> Result<EnvironmentView, Fault> {
    let new =
        NewEnvironment { project, name: name.to_owned(), location: location.map(str::to_owned), connection: None };
    environments::create(&world.app, &person.caller, &new).await
}

fn database_names(view: &EnvironmentView) -> Vec<&str> {
    view.databases.iter().map(|database| database.name.as_str()).collect()
}

async fn two_projects(world: &World) -> (Person, ProjectId, Person, ProjectId) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let domain = world.domain("Sales").await;
    let a = world.project(&ann, domain, "Project A").await;
    let b = world.project(&bob, domain, "Project B").await;
    (ann, a, bob, b)
}

#[tokio::test]
async fn an_environment_without_a_location_gets_a_private_folder_and_two_databases() {
    for world in World::each().await {
        let (ann, a, bob, b) = two_projects(&world).await;
        let made = environment(&world, &ann, a, "Retail 2024", None).await.unwrap();
        assert_eq!(database_names(&made), ["retail_2024_pub", "retail_2024_sub"]);
        let folder = world.folder("data").join(format!("lake/{a}/retail_2024"));
        assert_eq!(made.environment.location, format!("file://{}/", folder.display()));
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let other = environment(&world, &bob, b, "Retail-2024", None).await.unwrap();
        assert_eq!(database_names(&other), ["project_b_retail_2024_pub", "project_b_retail_2024_sub"]);
        let twin = environment(&world, &ann, a, "Retail/2024", None).await.unwrap();
        assert!(twin.environment.location.ends_with("/retail_2024_2/"), "{}", twin.environment.location);
        assert_eq!(database_names(&twin)[0], "project_a_retail_2024_pub");
        refused(environment(&world, &ann, a, "RETAIL 2024", None).await, Code::Conflict, Some("name"));
        let listed = environments::list(&world.app, &ann.caller, a).await.unwrap();
        assert_eq!(listed, [made.clone(), twin]);
        assert_eq!(environments::get(&world.app, &ann.caller, made.environment.id).await.unwrap(), made);
    }
}

#[tokio::test]
async fn strangers_cannot_tell_an_environment_from_none() {
    for world in World::each().await {
        let (ann, a, bob, _) = two_projects(&world).await;
        let made = environment(&world, &ann, a, "Retail", None).await.unwrap();
        let hidden = environments::get(&world.app, &bob.caller, made.environment.id).await;
        let absent = environments::get(&world.app, &bob.caller, Uuid::nil().into()).await;
        assert_eq!(
            refused(hidden, Code::NotFound, None).to_string(),
            refused(absent, Code::NotFound, None).to_string()
        );
        refused(environments::list(&world.app, &bob.caller, a).await, Code::NotFound, None);
        refused(environment(&world, &bob, a, "Mine", None).await, Code::NotFound, None);
        world.join(&ann, a, &bob, ProjectRole::Contributor).await;
        refused(environment(&world, &bob, a, "Mine", None).await, Code::Forbidden, None);
        assert!(!world.folder("data").join(format!("lake/{a}/mine")).exists(), "a refusal makes no folder");
        assert_eq!(environments::list(&world.app, &bob.caller, a).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn locations_stay_below_roots_and_apart() {
    for world in World::each().await {
        let app = &world.app;
        let (ann, a, bob, b) = two_projects(&world).await;
        let admin = world.administrator("ada").await;
        let shared = world.folder_uri("shared");
        let at = |place: &str| format!("{shared}{place}");
        let try_at = async |person: &Person, project, name: &str, place: &str| {
            environment(&world, person, project, name, Some(place)).await
        };
        refused(try_at(&ann, a, "x", &at("sales")).await, Code::Forbidden, Some("location"));
        assert!(!world.folder("shared").join("sales").exists());
        refused(roots::assign(app, &ann.caller, &shared, None).await, Code::Forbidden, None);
        roots::assign(app, &admin.caller, &shared, None).await.unwrap();
        world.folder("shared/people");
        roots::assign(app, &admin.caller, &at("people"), Some(b)).await.unwrap();
        let sales = try_at(&ann, a, "sales", &at("sales")).await.unwrap();
        assert_eq!(sales.environment.location, at("sales/"));
        for taken in ["sales", "sales/2024/", "s%61les", "/sales"] {
            refused(try_at(&bob, b, "y", &at(taken)).await, Code::Conflict, Some("location"));
        }
        refused(try_at(&bob, b, "y", &shared).await, Code::Conflict, Some("location"));
        refused(try_at(&ann, a, "y", &at("people/x")).await, Code::Forbidden, Some("location"));
        for wrong in ["sales/../../data", "sales/%2e%2e/x"] {
            refused(try_at(&bob, b, "y", &at(wrong)).await, Code::Invalid, Some("location"));
        }
        try_at(&bob, b, "neighbour", &at("sales2")).await.unwrap();
        try_at(&bob, b, "people", &at("people/pay")).await.unwrap();
        refused(try_at(&ann, a, "own twin", &at("sales/inner")).await, Code::Conflict, Some("location"));
        assert_eq!(roots::usable(app, &ann.caller, a).await.unwrap().len(), 1);
        assert_eq!(roots::usable(app, &bob.caller, b).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_link_leads_nowhere() {
    for world in World::each().await {
        let app = &world.app;
        let (ann, a, _, _) = two_projects(&world).await;
        let admin = world.administrator("ada").await;
        let (shared, outside) = (world.folder("shared"), world.folder("outside"));
        std::os::unix::fs::symlink(&outside, shared.join("link")).unwrap();
        let link = format!("file://{}/link", shared.display());
        refused(roots::assign(app, &admin.caller, &link, None).await, Code::Invalid, Some("uri"));
        roots::assign(app, &admin.caller, &world.folder_uri("shared"), None).await.unwrap();
        for place in [link.clone(), format!("{link}/below")] {
            refused(environment(&world, &ann, a, "x", Some(&place)).await, Code::Invalid, Some("location"));
        }
        assert!(std::fs::read_dir(outside).unwrap().next().is_none());
    }
}

#[tokio::test]
async fn the_data_directory_belongs_to_the_server() {
    for world in World::each().await {
        let app = &world.app;
        let (ann, a, bob, b) = two_projects(&world).await;
        let admin = world.administrator("ada").await;
        let (inner, all) = (world.folder_uri("data/index"), world.folder_uri("."));
        refused(roots::assign(app, &admin.caller, &inner, None).await, Code::Forbidden, Some("uri"));
        let above = all.replace("/./", "/");
        roots::assign(app, &admin.caller, &above, None).await.unwrap();
        let other_home = format!("{above}data/lake/{a}/taken");
        for place in [inner, above.clone(), format!("{above}data"), other_home] {
            refused(environment(&world, &bob, b, "x", Some(&place)).await, Code::Forbidden, Some("location"));
        }
        let own_home = format!("{above}data/lake/{a}/chosen");
        environment(&world, &ann, a, "chosen", Some(&own_home)).await.unwrap();
    }
}

#[tokio::test]
async fn a_withdrawn_root_takes_nothing_new_and_keeps_what_lies_there() {
    for world in World::each().await {
        let app = &world.app;
        let (ann, a, _, _) = two_projects(&world).await;
        let admin = world.administrator("ada").await;
        let shared = world.folder_uri("shared");
        let root = roots::assign(app, &admin.caller, &shared, Some(a)).await.unwrap();
        refused(roots::assign(app, &admin.caller, &shared, None).await, Code::Conflict, Some("uri"));
        environment(&world, &ann, a, "x", Some(&format!("{shared}x"))).await.unwrap();
        refused(roots::withdraw(app, &ann.caller, root.id).await, Code::Forbidden, None);
        roots::withdraw(app, &admin.caller, root.id).await.unwrap();
        refused(roots::withdraw(app, &admin.caller, root.id).await, Code::NotFound, None);
        let late = environment(&world, &ann, a, "y", Some(&format!("{shared}y"))).await;
        refused(late, Code::Forbidden, Some("location"));
        assert_eq!(environments::list(app, &ann.caller, a).await.unwrap().len(), 1);
        let gone = format!("{shared}not-there");
        refused(roots::assign(app, &admin.caller, &gone, None).await, Code::Invalid, Some("uri"));
    }
}

#[tokio::test]
async fn a_claim_keeps_a_source_within_its_environment() {
    for world in World::each().await {
        let app = &world.app;
        let (ann, a, bob, b) = two_projects(&world).await;
        let admin = world.administrator("ada").await;
        let shared = world.folder_uri("shared");
        roots::assign(app, &admin.caller, &shared, None).await.unwrap();
        let own = environment(&world, &ann, a, "own", None).await.unwrap().environment;
        let other = environment(&world, &bob, b, "other", None).await.unwrap().environment;
        let claim = async |environment: &lakegate_model::places::Environment, place: &str| {
            let place = locations::parse(place).unwrap();
            in_write!(&app.db, |tx, _scope| { claim_location(app, tx, environment, &place).await })
        };
        let count = async || in_read!(&app.db, |tx, _scope| { Ok(store::location_all(tx).await?.len()) }).unwrap();
        claim(&own, &format!("{}drop", own.location)).await.unwrap();
        assert_eq!(count().await, 2, "what lies inside needs no claim of its own");
        claim(&own, &format!("{shared}files")).await.unwrap();
        claim(&own, &format!("{shared}files")).await.unwrap();
        assert_eq!(count().await, 3);
        refused(claim(&other, &format!("{shared}files/2024")).await, Code::Conflict, Some("location"));
        refused(claim(&other, &own.location).await, Code::Forbidden, Some("location"));
    }
}

fn s3(endpoint: Option<&str>) -> S3Settings {
    S3Settings {
        endpoint: endpoint.map(str::to_owned),
        region: "eu-west-1".to_owned(),
        access_key_id: "AKIAEXAMPLE".to_owned(),
    }
}

async fn connect(
    world: &World,
    person: &Person,
    project: ProjectId,
    settings: S3Settings,
) -> Result<Connection, Fault> {
    let secret_access_key = SecretText::new(SECRET);
    let new = NewConnection { project, name: "Bucket".to_owned(), settings, secret_access_key };
    assert!(!format!("{new:?}").contains(SECRET));
    connections::create(&world.app, &person.caller, &new).await
}

async fn access(world: &World, id: ConnectionId) -> Result<StorageAccess, Fault> {
    in_read!(&world.app.db, |tx, _scope| { storage_access(&world.app, tx, id).await })
}

#[tokio::test]
async fn a_secret_goes_in_and_comes_out_for_the_server_alone() {
    for world in World::each().await {
        let app = &world.app;
        let (ann, a, bob, _) = two_projects(&world).await;
        let made = connect(&world, &ann, a, s3(None)).await.unwrap();
        let StorageAccess::S3 { secret_access_key, region, .. } = access(&world, made.id).await.unwrap() else {
            panic!("a bucket is expected")
        };
        assert_eq!((secret_access_key.as_str(), region.as_str()), (SECRET, "eu-west-1"));
        assert!(!format!("{:?}", access(&world, made.id).await.unwrap()).contains(SECRET));
        let listed = connections::list(app, &ann.caller, a).await.unwrap();
        assert!(!format!("{listed:?}").contains(SECRET));
        let (sealed, events) = in_read!(&app.db, |tx, _scope| {
            let sealed = store::secret_find(tx, made.secret_id.unwrap()).await?.unwrap();
            let everything = audit::AuditReach::Everything;
            let page = lakegate_model::PageRequest::default();
            Ok((sealed, audit::event_list(tx, &everything, &audit::AuditFilter::default(), &page).await?))
        })
        .unwrap();
        assert_eq!(sealed.0, app.keys.key_id);
        assert!(!sealed.1.contains(SECRET));
        assert!(events.items.iter().any(|event| event.action == "connection.create"));
        assert!(!format!("{events:?}").contains(SECRET));
        refused(connections::list(app, &bob.caller, a).await, Code::NotFound, None);
        world.join(&ann, a, &bob, ProjectRole::Viewer).await;
        refused(connections::list(app, &bob.caller, a).await, Code::Forbidden, None);
        members::set_role(app, &ann.caller, a, bob.member(), ProjectRole::Contributor).await.unwrap();
        assert_eq!(connections::list(app, &bob.caller, a).await.unwrap(), listed);
        refused(connect(&world, &bob, a, s3(None)).await, Code::Forbidden, None);
        refused(connect(&world, &ann, a, s3(None)).await, Code::Conflict, Some("name"));
    }
}

#[tokio::test]
async fn another_endpoint_needs_the_secret_again_and_the_old_one_is_forgotten() {
    for world in World::each().await {
        let app = &world.app;
        let (ann, a, bob, _) = two_projects(&world).await;
        let made = connect(&world, &ann, a, s3(None)).await.unwrap();
        let elsewhere = s3(Some("http://127.0.0.1:9000"));
        let update = async |settings: &S3Settings, secret: Option<&SecretText>| {
            connections::update(app, &ann.caller, made.id, settings, secret).await
        };
        refused(update(&elsewhere, None).await, Code::Invalid, Some("secret_access_key"));
        let region = S3Settings { region: "us-east-1".to_owned(), ..s3(None) };
        assert_eq!(update(&region, None).await.unwrap().secret_id, made.secret_id);
        let moved = update(&elsewhere, Some(&SecretText::new("another"))).await.unwrap();
        let StorageAccess::S3 { secret_access_key, endpoint, .. } = access(&world, made.id).await.unwrap() else {
            panic!("a bucket is expected")
        };
        assert_eq!((secret_access_key.as_str(), endpoint.as_deref()), ("another", Some("http://127.0.0.1:9000")));
        assert_ne!(moved.secret_id, made.secret_id);
        let old = in_read!(&app.db, |tx, _scope| { Ok(store::secret_find(tx, made.secret_id.unwrap()).await?) });
        assert_eq!(old.unwrap(), None);
        let hidden = connections::update(app, &bob.caller, made.id, &elsewhere, None).await;
        let absent = connections::update(app, &bob.caller, Uuid::nil().into(), &elsewhere, None).await;
        assert_eq!(
            refused(hidden, Code::NotFound, None).to_string(),
            refused(absent, Code::NotFound, None).to_string()
        );
    }
}

#[tokio::test]
async fn a_connection_leads_only_where_the_server_may_go() {
    for world in World::each().await {
        let (ann, a, _, _) = two_projects(&world).await;
        for endpoint in ["https://169.254.169.254", "https://[::1]:9000", "http://8.8.8.8", "https://10.0.0.1", "x"] {
            refused(connect(&world, &ann, a, s3(Some(endpoint))).await, Code::Invalid, Some("endpoint"));
        }
        for region in ["", "eu west", "x@169.254.169.254/", "EU"] {
            let settings = S3Settings { region: region.to_owned(), ..s3(None) };
            refused(connect(&world, &ann, a, settings).await, Code::Invalid, Some("region"));
        }
        let settings = S3Settings { access_key_id: "a b".to_owned(), ..s3(None) };
        refused(connect(&world, &ann, a, settings).await, Code::Invalid, Some("access_key_id"));
        let new = NewConnection {
            project: a,
            name: "x".to_owned(),
            settings: s3(None),
            secret_access_key: SecretText::new(""),
        };
        let empty = connections::create(&world.app, &ann.caller, &new).await;
        refused(empty, Code::Invalid, Some("secret_access_key"));
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_told_without_its_answer() {
    for world in World::each().await {
        let (ann, a, bob, _) = two_projects(&world).await;
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let made = connect(&world, &ann, a, s3(Some(&format!("http://127.0.0.1:{free}")))).await.unwrap();
        let fault = connections::test(&world.app, &ann.caller, made.id, "s3://bucket/x/").await.unwrap_err();
        assert_eq!(fault.code, Code::Dependency);
        assert!(!fault.to_string().contains(&free.to_string()), "{fault}");
        let folder = connections::test(&world.app, &ann.caller, made.id, "file:///etc").await;
        refused(folder, Code::Invalid, Some("location"));
        let stranger = connections::test(&world.app, &bob.caller, made.id, "s3://bucket/").await;
        refused(stranger, Code::NotFound, None);
    }
}

#[tokio::test]
async fn a_bucket_needs_a_connection_of_the_same_project() {
    for world in World::each().await {
        let app = &world.app;
        let (ann, a, bob, b) = two_projects(&world).await;
        let admin = world.administrator("ada").await;
        roots::assign(app, &admin.caller, "s3://company/", None).await.unwrap();
        let of_a = connect(&world, &ann, a, s3(None)).await.unwrap();
        let of_b = connect(&world, &bob, b, s3(None)).await.unwrap();
        let create = async |location: &str, connection: Option<ConnectionId>| {
            let new =
                NewEnvironment { project: a, name: "lake".into(), location: Some(location.to_owned()), connection };
            environments::create(app, &ann.caller, &new).await
        };
        refused(create("s3://company/a", None).await, Code::Invalid, Some("connection"));
        refused(create("s3://company/a", Some(of_b.id)).await, Code::NotFound, Some("connection"));
        refused(create("s3://other/a", Some(of_a.id)).await, Code::Forbidden, Some("location"));
        let folder = world.folder_uri("shared");
        refused(create(&folder, Some(of_a.id)).await, Code::Invalid, Some("connection"));
        let made = create("s3://company/a", Some(of_a.id)).await.unwrap().environment;
        assert_eq!((made.location.as_str(), made.connection_id), ("s3://company/a/", Some(of_a.id)));
    }
}
