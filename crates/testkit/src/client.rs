//! One plain HTTP client: sends a scenario's request exactly as written and keeps the whole answer.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use crate::identity::{Keys, Who};
use crate::scenario::Request;

/// What came back.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers in order of arrival, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; bytes that are not UTF-8 are replaced.
    pub body: String,
}

impl Response {
    /// Every value of a header, joined by `, ` as HTTP allows.
    pub fn header(&self, name: &str) -> Option<String> {
        let name = name.to_ascii_lowercase();
        let values: Vec<&str> =
            self.headers.iter().filter(|(key, _)| *key == name).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// A client for one served project.
pub struct Client {
    agent: ureq::Agent,
    base: String,
    keys: Keys,
}

impl Client {
    /// A client for the server at `base`, such as `http://127.0.0.1:8000`.
    pub fn new(base: &str, keys: Keys) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .proxy(None)
            .accept("")
            .user_agent("")
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        Client { agent: config.new_agent(), base: base.to_owned(), keys }
    }

    /// A client of the same keys for the server at `base`.
    pub fn at(&self, base: &str) -> Client {
        Client::new(base, self.keys.clone())
    }

    /// Sends `request` as `who`.
    ///
    /// # Errors
    /// A sentence, when no answer came: the server closed the connection or took more than 30 seconds.
    pub fn send(&self, request: &Request, who: Who) -> Result<Response, String> {
        let url = format!("{}/rest/v1{}", self.base, request.target);
        let mut builder = ureq::http::Request::builder().method(request.method.as_str()).uri(&url);
        let identity = self.keys.headers(who, request.claims.as_ref());
        let written = |name: &str| request.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
        for (name, value) in identity.iter().filter(|(name, _)| !written(name)).chain(&request.headers) {
            builder = builder.header(name, value);
        }
        if !request.body.is_empty() && !written("content-type") {
            builder = builder.header("Content-Type", "application/json");
        }
        let answer = if request.body.is_empty() && !request.may_write() {
            self.agent.run(builder.body(()).map_err(|error| format!("{url}: {error}"))?)
        } else {
            self.agent.run(builder.body(request.body.as_str()).map_err(|error| format!("{url}: {error}"))?)
        };
        let mut answer = answer.map_err(|error| format!("{} {url}: {error}", request.method))?;
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let body = answer.body_mut().read_to_vec().map_err(|error| format!("{url}: {error}"))?;
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Response { status: answer.status().as_u16(), headers, body })
    }
}

/// A request whose sender hangs up before the answer comes: when it is dropped.
#[derive(Debug)]
pub struct HangingUp(#[expect(dead_code, reason = "it is there to be dropped")] TcpStream);

impl Client {
    /// Sends a GET request as a signed-in user, the first of [`USERS`](crate::identity::USERS), and waits for nothing.
    ///
    /// # Errors
    /// A sentence, when the server cannot be reached.
    pub fn hanging_up(&self, target: &str) -> Result<HangingUp, String> {
        let text = |error: std::io::Error| format!("{}: {error}", self.base);
        let host = self.base.trim_start_matches("http://");
        let mut request = format!("GET /rest/v1{target} HTTP/1.1\r\nHost: {host}\r\n");
        for (name, value) in self.keys.headers(Who::User(0), None) {
            request += &format!("{name}: {value}\r\n");
        }
        let mut stream = TcpStream::connect(host).map_err(text)?;
        stream.write_all(format!("{request}\r\n").as_bytes()).map_err(text)?;
        Ok(HangingUp(stream))
    }
}
