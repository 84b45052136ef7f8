//! The HTTP status of a problem. This is the only place where one is chosen (PostgREST, "Errors").

use http::StatusCode;
use mainstay_base::Problem;

/// The status that a problem is answered with. `anonymous` is whether the caller sent no token of their own: a missing privilege
/// is then 401 and not 403.
pub fn status_of(problem: &Problem, anonymous: bool) -> StatusCode {
    let code = problem.code();
    match code.strip_prefix("PGRST") {
        Some(own) => own_status(own),
        None if code == "42501" && anonymous => StatusCode::UNAUTHORIZED,
        None if code.starts_with("PT") => asked_for(&code[2..]),
        None => sqlstate_status(code, problem.message()),
    }
}

/// RAISE … SQLSTATE 'PTxyz' asks for the status xyz.
fn asked_for(digits: &str) -> StatusCode {
    digits
        .parse()
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn own_status(code: &str) -> StatusCode {
    match code {
        "000" | "001" | "002" => StatusCode::SERVICE_UNAVAILABLE,
        "003" => StatusCode::GATEWAY_TIMEOUT,
        "101" | "105" | "117" => StatusCode::METHOD_NOT_ALLOWED,
        "103" => StatusCode::RANGE_NOT_SATISFIABLE,
        "106" | "107" | "116" => StatusCode::NOT_ACCEPTABLE,
        "111" | "112" | "121" | "300" | "X00" => StatusCode::INTERNAL_SERVER_ERROR,
        "125" | "126" | "202" | "205" => StatusCode::NOT_FOUND,
        "201" | "203" => StatusCode::MULTIPLE_CHOICES,
        "301" | "302" | "303" => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn sqlstate_status(code: &str, message: &str) -> StatusCode {
    match code {
        "23503" | "23505" => return StatusCode::CONFLICT,
        "25006" => return StatusCode::METHOD_NOT_ALLOWED,
        "42501" => return StatusCode::FORBIDDEN,
        "42883" | "42P01" => return StatusCode::NOT_FOUND,
        "21000" if message.ends_with("requires a WHERE clause") => return StatusCode::BAD_REQUEST,
        "22023" if message.starts_with("role ") && message.ends_with("does not exist") => {
            return StatusCode::UNAUTHORIZED;
        }
        "57P01" => return StatusCode::SERVICE_UNAVAILABLE,
        "P0001" => return StatusCode::BAD_REQUEST,
        "21000" | "42P17" | "53400" => return StatusCode::INTERNAL_SERVER_ERROR,
        "54000" | "54001" => return StatusCode::PAYLOAD_TOO_LARGE,
        _ => {}
    }
    match code.get(..2).unwrap_or_default() {
        "08" | "53" => StatusCode::SERVICE_UNAVAILABLE,
        "0L" | "0P" | "28" => StatusCode::FORBIDDEN,
        "09" | "25" | "2D" | "38" | "39" | "3B" | "40" | "54" | "55" | "57" | "58" | "F0" | "HV" | "P0"
        | "XX" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_privilege_depends_on_who_asks() {
        let problem = Problem::new("42501", "permission denied for table films");
        assert_eq!(status_of(&problem, true), StatusCode::UNAUTHORIZED);
        assert_eq!(status_of(&problem, false), StatusCode::FORBIDDEN);
    }

    #[test]
    fn codes_map_as_documented() {
        let cases = [
            ("23505", 409),
            ("23514", 400),
            ("22P02", 400),
            ("42703", 400),
            ("42883", 404),
            ("54001", 413),
            ("57014", 500),
            ("PT402", 402),
            ("PTabc", 500),
            ("53100", 503),
            ("PGRST100", 400),
            ("PGRST103", 416),
            ("PGRST116", 406),
            ("PGRST201", 300),
            ("PGRST205", 404),
            ("PGRST301", 401),
        ];
        for (code, status) in cases {
            assert_eq!(status_of(&Problem::new(code, "x"), false).as_u16(), status, "{code}");
        }
    }
}
