//! Small things that many pages show: people, moments, ways through a list, forms that came back.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use lakegate_model::{Code, Fault, PageRequest, Timestamp, people::User};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

pub use super::paging::{After, Pager, Place, address};
use super::{flash, shell::show};
use lakegate_http::{Refusal, Web, extract::SignedIn};

/// A step of the breadcrumbs; an empty `href` is this page.
#[derive(Debug, Clone, Default)]
pub struct Crumb {
    pub label: String,
    pub href: String,
}

/// The breadcrumbs of a page, from pairs of label and address.
pub fn crumbs(steps: &[(&str, &str)]) -> Vec<Crumb> {
    steps.iter().map(|(label, href)| Crumb { label: (*label).to_owned(), href: (*href).to_owned() }).collect()
}

/// A tab, or a choice that is a link; a count of 0 is not shown.
#[derive(Debug, Clone)]
pub struct Tab {
    pub label: &'static str,
    pub href: String,
    pub active: bool,
    pub count: i64,
}

/// An option of a select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

impl Choice {
    /// An option.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// Somebody's name with his colour.
#[derive(Debug, Clone, Default)]
pub struct Who {
    pub name: String,
    pub initials: String,
    /// 0 to 5, the same for a name on every page.
    pub hue: u32,
}

impl Who {
    /// A person, group, project or service account by its name.
    pub fn named(name: &str) -> Self {
        let hue = name.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 6;
        Self { name: name.to_owned(), initials: initials(name), hue }
    }
}

/// The first letters of the first and the last word.
fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let ends = match words.as_slice() {
        [] => return "?".to_owned(),
        [one] => vec![*one],
        [first, .., last] => vec![*first, *last],
    };
    ends.iter().filter_map(|word| word.chars().next()).flat_map(char::to_uppercase).collect()
}

/// A moment; script turns it into "3 min ago" and local time.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// `2026-05-04T10:20:30Z`
    pub iso: String,
    /// `4 May 2026, 10:20 UTC`
    pub text: String,
}

impl When {
    /// A moment.
    pub fn at(time: Timestamp) -> Self {
        Self {
            iso: time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            text: time.format("%-d %B %Y, %H:%M UTC").to_string(),
        }
    }

    /// A moment that may not have come; empty texts then.
    pub fn maybe(time: Option<Timestamp>) -> Self {
        time.map(Self::at).unwrap_or_default()
    }
}

/// What was wrong with a form that is shown again; all empty for a fresh one.
#[derive(Debug, Clone, Default)]
pub struct Wrong {
    field: String,
    message: String,
    /// The way on.
    pub fix: String,
}

impl Wrong {
    /// Takes a fault that the person at the form can mend; passes others on.
    ///
    /// # Errors
    /// The fault itself: somebody has to sign in, the thing is gone, or it is our mistake.
    pub fn take(fault: Fault) -> Result<(StatusCode, Self), Refusal> {
        let whole_is_absent = fault.code == Code::NotFound && fault.field.is_none();
        let elsewhere = matches!(fault.code, Code::Unauthenticated | Code::Reauthenticate | Code::Internal);
        if whole_is_absent || elsewhere {
            return Err(fault.into());
        }
        let status = match fault.code {
            Code::Invalid | Code::NotFound => StatusCode::UNPROCESSABLE_ENTITY,
            code => StatusCode::from_u16(code.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY),
        };
        Ok((status, Self::of(fault)))
    }

    /// The words of any fault.
    pub fn of(fault: Fault) -> Self {
        let message = sentence(&fault.message);
        let fix = fault.fix.as_deref().map(sentence).unwrap_or_default();
        Self { field: fault.field.unwrap_or_default(), message, fix }
    }

    /// What to say beside a field; empty if the fault is not about it.
    pub fn on(&self, field: &str) -> String {
        if self.field != field {
            return String::new();
        }
        if self.fix.is_empty() { self.message.clone() } else { format!("{} {}", self.message, self.fix) }
    }

    /// What to say above a form whose fields are named here; empty if a field says it.
    pub fn besides<'a>(&self, fields: impl AsRef<[&'a str]>) -> &str {
        if fields.as_ref().contains(&self.field.as_str()) { "" } else { &self.message }
    }
}

/// A message as a sentence of its own.
pub fn sentence(message: &str) -> String {
    let text = capitalised(message.trim_end_matches('.'));
    if text.is_empty() { text } else { format!("{text}.") }
}

/// A text with its first letter in upper case.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

/// A word of a closed set as people read it: `needs_information` is "Needs information".
pub fn spoken(word: &str) -> String {
    capitalised(&word.replace('_', " "))
}

/// A count of any width as most counts here are; one beyond that is shown as the largest.
pub fn whole(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// A count with its noun: "1 file", "1,204 files".
pub fn counted(count: impl TryInto<i64>, one: &str, many: &str) -> String {
    let count = whole(count);
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A number in groups of three digits.
pub fn grouped(count: impl TryInto<i64>) -> String {
    let count = whole(count);
    let digits = count.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if count < 0 { format!("-{text}") } else { text }
}

/// Bytes with a unit: "1.5 kB".
pub fn bytes(count: i64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    // Precision beyond 2^53 is of no interest in a rounded text.
    #[expect(clippy::cast_precision_loss, reason = "shown rounded")]
    let (mut size, mut unit) = (count.max(0) as f64, 0);
    while size >= 999.5 && unit + 1 < units.len() {
        size /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && size < 9.95);
    format!("{size:.digits$} {}", units.get(unit).copied().unwrap_or_default())
}

/// A duration: "340 ms", "2.1 s", "3 min".
pub fn duration(milliseconds: i64) -> String {
    match milliseconds {
        ..1_000 => format!("{} ms", milliseconds.max(0)),
        1_000..60_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        60_000..3_600_000 => format!("{} min", milliseconds / 60_000),
        _ => format!("{} h {} min", milliseconds / 3_600_000, milliseconds / 60_000 % 60),
    }
}

/// After a button without fields: back to `to`, where a toast says what happened or why not.
///
/// # Errors
/// What [`Wrong::take`] passes on.
pub fn back(to: &str, outcome: Result<String, Fault>) -> Result<Response, Refusal> {
    match outcome {
        Ok(text) => Ok(flash::done(to, &text)),
        Err(fault) => {
            let (_, wrong) = Wrong::take(fault)?;
            Ok(flash::refused(to, format!("{} {}", wrong.message, wrong.fix).trim()))
        }
    }
}

/// Shows the form again that could not be carried out, with what is wrong; `page` draws it.
///
/// # Errors
/// What [`Wrong::take`] passes on, and what keeps the page from being drawn.
pub async fn again<P: Template, E: Into<Refusal>, F: Future<Output = Result<P, E>>>(
    fault: Fault,
    page: impl FnOnce(Wrong) -> F,
) -> Result<Response, Refusal> {
    let (status, wrong) = Wrong::take(fault)?;
    show(status, &page(wrong).await.map_err(Into::into)?)
}

/// As [`again`], where the page is drawn from what is at hand.
///
/// # Errors
/// What [`Wrong::take`] passes on.
pub fn again_with<P: Template>(fault: Fault, page: impl FnOnce(Wrong) -> P) -> Result<Response, Refusal> {
    let (status, wrong) = Wrong::take(fault)?;
    show(status, &page(wrong))
}

/// What is not as it is in a column of a result, in words; empty if all is.
pub fn withheld_words(column: &lakegate_model::access::ResultColumn) -> &'static str {
    match (column.masked, column.partial) {
        (false, false) => "",
        (true, false) => "masked",
        (false, true) => "some rows",
        (true, true) => "masked, some rows",
    }
}

/// A location as people read it. A folder of the server's own lake goes without the path to it: that holds nothing
/// but ids.
pub fn place_text(location: &str) -> String {
    let inside = location.split_once("/lake/").and_then(|(_, rest)| rest.split_once('/'));
    match inside {
        Some((id, rest)) if id.parse::<uuid::Uuid>().is_ok() => format!("this server: {rest}"),
        _ => location.to_owned(),
    }
}

/// Leads somebody whose password has to be given again to the form for it, and back to `here`.
///
/// # Errors
/// Any other fault.
pub fn confirm_first(fault: Fault, here: &str) -> Result<Response, Fault> {
    if fault.code != Code::Reauthenticate {
        return Err(fault);
    }
    let target = format!("/confirm?next={}", utf8_percent_encode(here, NON_ALPHANUMERIC));
    Ok(Redirect::to(&target).into_response())
}

/// The one enabled person whom a user name, an address or a display name means.
///
/// # Errors
/// `not_found` or `conflict` on `field`, with what to do.
pub async fn person_meant(web: &Web, reader: &SignedIn, field: &str, text: &str) -> Result<User, Fault> {
    let wanted = text.trim();
    if wanted.is_empty() {
        return Err(Fault::invalid(field, "say who"));
    }
    let page = PageRequest::new(Some(50), None)?;
    let found = lakegate_app::accounts::users::search(&web.app, &reader.caller, wanted, &page).await?.items;
    let is = |own: &str| own.to_lowercase() == wanted.to_lowercase();
    let exact = |user: &&User| is(&user.username) || user.email.as_deref().is_some_and(is);
    if let Some(user) = found.iter().find(exact) {
        return Ok(user.clone());
    }
    match found.as_slice() {
        [] => Err(Fault::invalid(field, "nobody is called that").fix("write the user name as the person signs in")),
        [user] => Ok(user.clone()),
        _ => {
            let names: Vec<&str> = found.iter().take(5).map(|user| user.username.as_str()).collect();
            Err(Fault::invalid(field, format!("several people match: {}", names.join(", "))).fix("write one user name"))
        }
    }
}

/// People for the suggestions of a field, as options of user name and display name.
///
/// # Errors
/// As the search for people.
pub async fn people(web: &Web, reader: &SignedIn) -> Result<Vec<Choice>, Fault> {
    let page = PageRequest::new(Some(100), None)?;
    let found = lakegate_app::accounts::users::search(&web.app, &reader.caller, "", &page).await?;
    Ok(found.items.into_iter().map(|user| Choice::new(user.username, user.display_name)).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_441_548), "1,441,548");
        assert_eq!(grouped(-12_000), "-12,000");
        assert_eq!(counted(1, "file", "files"), "1 file");
        assert_eq!((whole(7_usize), whole(u64::MAX), whole(-7_i64)), (7, i64::MAX, -7));
        assert_eq!((bytes(0), bytes(999), bytes(1_536)), ("0 B".into(), "999 B".into(), "1.5 kB".into()));
        assert_eq!((bytes(999_600), bytes(186_000_000)), ("1.0 MB".into(), "186 MB".into()));
        assert_eq!(
            (duration(340), duration(2_140), duration(200_000)),
            ("340 ms".into(), "2.1 s".into(), "3 min".into())
        );
    }

    #[test]
    fn own_folders_are_shown_without_ids() {
        let own = "file:///srv/lake/0190f3a1-7c1e-7b5a-9d3e-2f6a4b8c0d1e/sales/orders/";
        assert_eq!(place_text(own), "this server: sales/orders/");
        for other in ["s3://bucket/lake/orders/", "file:///data/orders/"] {
            assert_eq!(place_text(other), other);
        }
    }

    #[test]
    fn names_become_initials() {
        for (name, expected) in
            [("Mara Lindqvist", "ML"), ("ada", "A"), ("", "?"), ("Jean-Luc van Dyk", "JD"), ("王 伟", "王伟")]
        {
            assert_eq!(initials(name), expected);
        }
        assert_eq!(Who::named("Ada").hue, Who::named("Ada").hue);
    }

    #[test]
    fn faults_stand_beside_their_field_or_above_the_form() {
        let (status, wrong) = Wrong::take(Fault::invalid("name", "this may not be empty")).unwrap();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(wrong.on("name"), "This may not be empty.");
        assert_eq!((wrong.on("other").as_str(), wrong.besides(["name"])), ("", ""));
        let (status, wrong) = Wrong::take(Fault::new(Code::Conflict, "taken").on("uri")).unwrap();
        assert_eq!((status, wrong.besides(["name"])), (StatusCode::CONFLICT, "Taken."));
        assert!(Wrong::take(Fault::not_found("project")).is_err());
        assert!(Wrong::take(Fault::internal("x")).is_err());
    }
}
