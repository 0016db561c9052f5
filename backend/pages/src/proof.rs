//! A password given again, inside the form of what needs it.

use chrono::TimeDelta;
use lakegate_app::accounts::{CONFIRMED_FOR, sign_in};
use lakegate_model::{Code, Fault};

use super::{fields::Fields, shell::Framed};
use lakegate_http::Web;

/// The field of the password.
pub const FIELD: &str = "confirm_password";
/// A form is read and filled in; a password that would get too old meanwhile is asked for at once.
const READING: TimeDelta = TimeDelta::minutes(3);

/// Whether a form has to ask for the password, and what stands below the field.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    pub needed: bool,
    pub help: String,
}

impl Proof {
    /// What a form that the reader opens now has to ask.
    pub fn of(web: &Web, frame: &Framed) -> Self {
        let needed = frame.reader.session.confirmed_at + CONFIRMED_FOR - READING <= web.app.now();
        Self { needed, help: help(web, frame) }
    }
}

/// In the demonstration everybody's password is known.
fn help(web: &Web, frame: &Framed) -> String {
    let name = frame.me.user.as_ref().map(|user| user.username.as_str()).unwrap_or_default();
    match web.config.demo_people.iter().find(|person| person.username == name) {
        Some(person) => {
            format!("This step needs your password again. In this demonstration it is: {}", person.password)
        }
        None => "This step needs your password again; it was given more than a few minutes ago.".to_owned(),
    }
}

/// Confirms the password that a form brought along, if it brought one.
///
/// # Errors
/// `invalid` naming [`FIELD`] for a wrong one; `throttled`.
pub async fn confirm(web: &Web, frame: &Framed, fields: &Fields) -> Result<(), Fault> {
    let password = fields.one(FIELD);
    if password.is_empty() {
        return Ok(());
    }
    sign_in::confirm(&web.app, &frame.reader.caller, password).await.map_err(|fault| match fault.code {
        Code::Unauthenticated => Fault::invalid(FIELD, "this is not your password"),
        _ => fault,
    })
}

/// A step that was refused for want of a password is one with a wrong field.
pub fn missing(fault: Fault) -> Fault {
    match fault.code {
        Code::Reauthenticate => Fault::invalid(FIELD, "give your password again"),
        _ => fault,
    }
}
