//! What a function of the database raised in order to choose the response itself: SQLSTATE `PGRST` with JSON in its message and
//! detail (PostgREST, "RAISE errors with HTTP Status Codes").

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use mainstay_base::Problem;
use serde::Deserialize;

/// The code that such an error is raised with.
const CODE: &str = "PGRST";

/// A response that was raised.
pub(crate) struct Raised {
    pub problem: Problem,
    pub status: StatusCode,
    pub headers: HeaderMap,
}

#[derive(Deserialize)]
struct Message {
    code: String,
    message: String,
    details: Option<String>,
    hint: Option<String>,
}

#[derive(Deserialize)]
struct Detail {
    status: u16,
    headers: serde_json::Map<String, serde_json::Value>,
}

/// The response that a problem asks for; `None` for all other problems, and the fault of one that asks in the wrong form.
pub(crate) fn raised(problem: &Problem) -> Option<Result<Raised, Problem>> {
    (problem.code() == CODE).then(|| read(problem))
}

fn read(problem: &Problem) -> Result<Raised, Problem> {
    let message: Message = serde_json::from_str(problem.message()).map_err(|_| {
        malformed(format!("Invalid JSON value for MESSAGE: '{}'", problem.message())).with_hint(
            "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.",
        )
    })?;
    const DETAIL: &str = "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.";
    let text = problem.details().and_then(|details| details.as_str());
    let text = text
        .ok_or_else(|| malformed("DETAIL is missing in the RAISE statement".to_owned()).with_hint(DETAIL))?;
    let invalid = || malformed(format!("Invalid JSON value for DETAIL: '{text}'")).with_hint(DETAIL);
    let detail: Detail = serde_json::from_str(text).map_err(|_| invalid())?;
    let status = StatusCode::from_u16(detail.status).map_err(|_| invalid())?;
    let mut headers = HeaderMap::new();
    for (name, value) in &detail.headers {
        let name = HeaderName::try_from(name).map_err(|_| invalid())?;
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok()).ok_or_else(invalid)?;
        headers.insert(name, value);
    }
    let mut problem = Problem::new(message.code, message.message);
    if let Some(details) = message.details {
        problem = problem.with_details(details);
    }
    if let Some(hint) = message.hint {
        problem = problem.with_hint(hint);
    }
    Ok(Raised { problem, status, headers })
}

fn malformed(details: String) -> Problem {
    Problem::new("PGRST121", "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error")
        .with_details(details)
}

#[cfg(test)]
mod tests {
    use crate::problem_response;

    use super::*;

    #[test]
    fn a_raised_response_has_its_own_status_headers_and_body() {
        let problem =
            Problem::new("PGRST", r#"{"code":"123","message":"Payment Required","hint":"Upgrade"}"#)
                .with_details(r#"{"status":402,"headers":{"X-Powered-By":"Nerd Rage"}}"#);
        let response = problem_response(&problem, false);
        assert_eq!(response.status().as_u16(), 402);
        assert_eq!(response.headers()["x-powered-by"], "Nerd Rage");
        let body = br#"{"code":"123","details":null,"hint":"Upgrade","message":"Payment Required"}"#;
        assert_eq!(response.body().as_ref(), body);
    }

    #[test]
    fn one_in_the_wrong_form_is_told_as_such() {
        for problem in [
            Problem::new("PGRST", "no json"),
            Problem::new("PGRST", r#"{"code":"1","message":"m"}"#),
            Problem::new("PGRST", r#"{"code":"1","message":"m"}"#)
                .with_details(r#"{"status":7,"headers":{}}"#),
        ] {
            let response = problem_response(&problem, false);
            assert_eq!(response.status().as_u16(), 500);
            assert!(String::from_utf8_lossy(response.body()).contains("PGRST121"));
        }
    }
}
