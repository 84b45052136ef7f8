//! Holds an answer against what the scenario promises and says every difference, readably.

use crate::client::Response;
use crate::json;
use crate::scenario::{Answer, ExpectedBody, HeaderRule};

/// Every way in which `response` is not what `expected` says; empty when it is.
pub fn differences(expected: &Answer, response: &Response) -> Vec<String> {
    let mut found = Vec::new();
    if response.status != expected.status {
        found.push(format!("status: expected {}, received {}", expected.status, response.status));
    }
    for (name, rule) in &expected.headers {
        found.extend(header_difference(name, rule, response.header(name).as_deref()));
    }
    found.extend(content_type_difference(&expected.body, response));
    found.extend(body_difference(expected, &response.body));
    found
}

fn header_difference(name: &str, rule: &HeaderRule, received: Option<&str>) -> Option<String> {
    let (matches, wanted) = match rule {
        HeaderRule::Exact(value) => (received == Some(value), format!("`{value}`")),
        HeaderRule::Matches(pattern) => {
            (received.is_some_and(|value| pattern.is_match(value)), format!("a match of `{pattern}`"))
        }
        HeaderRule::Absent => (received.is_none(), "no such header".to_owned()),
    };
    let received = received.map_or_else(|| "none".to_owned(), |value| format!("`{value}`"));
    (!matches).then(|| format!("header {name}: expected {wanted}, received {received}"))
}

/// A body that is compared as JSON or CSV must be announced as such.
fn content_type_difference(expected: &ExpectedBody, response: &Response) -> Option<String> {
    let wanted = match expected {
        ExpectedBody::Json(_) => "json",
        ExpectedBody::Csv(_) => "text/csv",
        ExpectedBody::Any | ExpectedBody::Empty | ExpectedBody::Text(_) => return None,
    };
    let received = response.header("content-type").unwrap_or_default();
    (!received.contains(wanted))
        .then(|| format!("header Content-Type: expected {wanted}, received `{received}`"))
}

fn body_difference(expected: &Answer, received: &str) -> Option<String> {
    match &expected.body {
        ExpectedBody::Any => None,
        ExpectedBody::Empty => {
            (!received.is_empty()).then(|| format!("body: expected none, received {received}"))
        }
        ExpectedBody::Json(wanted) => {
            // The order of keys is our promise for rows; for errors only their content is.
            let is_error = expected.status >= 300;
            let same = json::same(wanted, received) || is_error && json::same_object(wanted, received);
            (!same).then(|| format!("body:\n{}", json::diff(&json::pretty(wanted), &json::pretty(received))))
        }
        ExpectedBody::Csv(wanted) | ExpectedBody::Text(wanted) => {
            let end = |text: &str| format!("{}\n", text.strip_suffix('\n').unwrap_or(text));
            (end(wanted) != end(received))
                .then(|| format!("body:\n{}", json::diff(&end(wanted), &end(received))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Who;

    fn answer(status: u16, headers: Vec<(String, HeaderRule)>, body: ExpectedBody) -> Answer {
        Answer { line: 1, who: vec![Who::Anon], status, headers, body }
    }

    fn response(body: &str) -> Response {
        let headers = vec![("content-type".to_owned(), "application/json; charset=utf-8".to_owned())];
        Response { status: 200, headers, body: body.to_owned() }
    }

    #[test]
    fn equal_answers_have_no_difference() {
        let expected = answer(200, Vec::new(), ExpectedBody::Json("[ 1 ]".to_owned()));
        assert!(differences(&expected, &response("[1]")).is_empty());
    }

    #[test]
    fn status_header_and_body_are_each_reported() {
        let headers = vec![
            ("X".to_owned(), HeaderRule::Exact("1".to_owned())),
            ("Content-Type".to_owned(), HeaderRule::Absent),
        ];
        let expected = answer(201, headers, ExpectedBody::Json("[2]".to_owned()));
        assert_eq!(differences(&expected, &response("[1]")).len(), 4);
    }
}
