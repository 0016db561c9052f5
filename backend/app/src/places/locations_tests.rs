#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use lakegate_model::ids::RootId;
use proptest::prelude::*;
use uuid::Uuid;

fn uri(text: &str) -> LocationUri {
    LocationUri::parse(text).unwrap()
}

fn environment(n: u128) -> EnvironmentId {
    Uuid::from_u128(n).into()
}

fn project(n: u128) -> ProjectId {
    Uuid::from_u128(n).into()
}

fn root(text: &str, project_id: Option<ProjectId>) -> (LocationUri, StorageRoot) {
    let id = RootId::from(Uuid::nil());
    (uri(text), StorageRoot { id, uri: text.to_owned(), project_id, created_at: chrono::DateTime::UNIX_EPOCH })
}

fn free(taken: &str, asked: &str) -> bool {
    refuse_overlap(&[(uri(taken), environment(1))], Some(environment(2)), &uri(asked)).is_ok()
}

#[test]
fn a_common_beginning_of_a_name_is_no_overlap() {
    assert!(free("s3://bucket/ab", "s3://bucket/abc"));
    assert!(free("s3://bucket/abc", "s3://bucket/ab"));
    assert!(free("file:///data/sales", "file:///data/sales2"));
    assert!(free("s3://bucket/Ab", "s3://bucket/ab"), "keys are told apart by case");
}

#[test]
fn the_same_place_in_another_spelling_is_an_overlap() {
    for (taken, asked) in [
        ("file:///data/sales", "file:///data/sales/"),
        ("file:///data/sales", "file:///data//sales"),
        ("file:///data/sales", "file:///d%61ta/s%61les/2024"),
        ("file:///data/a b", "file:///data/a%20b"),
        ("s3://bucket/x/y", "s3://bucket/x"),
        ("s3://bucket/x", "s3://bucket"),
    ] {
        assert!(!free(taken, asked), "{taken} {asked}");
        assert!(!free(asked, taken), "{asked} {taken}");
    }
}

#[test]
fn what_could_lead_out_is_no_location() {
    for text in
        ["file:///data/../etc", "file:///data/%2e%2e/etc", "s3://bucket/a/../b", "file:///a%2fb", "s3://Bucket/a"]
    {
        let fault = parse(text).unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (Code::Invalid, Some("location")), "{text}");
    }
}

#[test]
fn an_environment_may_use_what_it_holds() {
    let taken = [(uri("file:///data/sales"), environment(1))];
    assert!(within_own(&taken, Some(environment(1)), &uri("file:///data/sales/2024")));
    assert!(!within_own(&taken, Some(environment(2)), &uri("file:///data/sales/2024")));
    assert!(!within_own(&taken, None, &uri("file:///data/sales")));
    assert!(!within_own(&taken, Some(environment(1)), &uri("file:///data")));
}

#[test]
fn the_nearest_root_decides() {
    let roots = [root("file:///data", None), root("file:///data/people", Some(project(1)))];
    let may = |who: u128, what: &str| stay_below_root(&roots, project(who), &uri(what)).is_ok();
    assert!(may(2, "file:///data/sales"));
    assert!(may(1, "file:///data/people/pay"));
    assert!(!may(2, "file:///data/people/pay"));
    assert!(!may(2, "file:///data"), "another project's root lies inside");
    assert!(may(1, "file:///data"));
    assert!(!may(1, "file:///database"));
    assert!(!may(1, "s3://data/x"));
}

#[test]
fn the_servers_own_folder_is_taken_in_both_directions() {
    let own = uri("file:///srv/lakegate/data");
    assert!(stay_out_of(&own, &uri("file:///srv/lakegate/data/index")).is_err());
    assert!(stay_out_of(&own, &uri("file:///srv/lakegate")).is_err());
    assert!(stay_out_of(&own, &uri("file:///srv/lakegate/data2")).is_ok());
}

fn path() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[abA%é ]{1,2}", 1..4)
}

fn below_bucket(parts: &[String]) -> LocationUri {
    uri("s3://bucket/").join(&parts.join("/")).unwrap()
}

proptest! {
    #[test]
    fn overlap_is_symmetric(a in path(), b in path()) {
        let (a, b) = (below_bucket(&a).to_string(), below_bucket(&b).to_string());
        prop_assert_eq!(free(&a, &b), free(&b, &a));
        prop_assert!(!free(&a, &a));
    }

    #[test]
    fn two_holders_never_share_a_file(places in proptest::collection::vec(path(), 1..12), file in path()) {
        let mut taken: Vec<(LocationUri, EnvironmentId)> = Vec::new();
        for (n, place) in places.iter().enumerate() {
            let (place, holder) = (below_bucket(place), environment(n as u128));
            if refuse_overlap(&taken, Some(holder), &place).is_ok() {
                taken.push((place, holder));
            }
        }
        let file = below_bucket(&file);
        prop_assert!(taken.iter().filter(|(held, _)| held.contains(&file)).count() <= 1);
    }
}
