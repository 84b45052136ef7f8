//! The four requests over HTTP. It knows paths and status codes; SQL is in `read` and `write`.

use std::cell::RefCell;
use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use crate::read::Reads;
use crate::write::{NewPost, Writer};

/// The largest body of an insert, in bytes.
const BODY_LIMIT: usize = 64 * 1024;

type Answer = Response<Full<Bytes>>;

/// What one worker answers requests with.
pub struct Service {
    reads: RefCell<Reads>,
    writer: Writer,
}

impl Service {
    /// A service over one worker's statements and the shared writer.
    pub fn new(reads: Reads, writer: Writer) -> Self {
        Self { reads: RefCell::new(reads), writer }
    }

    /// Answers one request; a mistake of the client is a 4xx, a failure of SQLite a 500.
    pub async fn answer(&self, request: Request<Incoming>) -> Result<Answer, Infallible> {
        if request.method() == Method::POST && request.uri().path() == "/posts" {
            return Ok(self.insert(request.into_body()).await);
        }
        if request.method() != Method::GET {
            return Ok(empty(StatusCode::METHOD_NOT_ALLOWED));
        }
        Ok(self.read(request.uri().path()))
    }

    fn read(&self, path: &str) -> Answer {
        let mut reads = self.reads.borrow_mut();
        let rows = if let Some(id) = path.strip_prefix("/posts/") {
            match id.parse() {
                Ok(id) => reads.by_key(id),
                Err(_) => return empty(StatusCode::BAD_REQUEST),
            }
        } else if let Some(status) = path.strip_prefix("/list/") {
            reads.list(status)
        } else if let Some(status) = path.strip_prefix("/with-author/") {
            reads.with_author(status)
        } else {
            return empty(StatusCode::NOT_FOUND);
        };
        match rows {
            Ok(json) => {
                let mut answer = Response::new(Full::new(Bytes::from(json)));
                answer
                    .headers_mut()
                    .insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
                answer
            }
            Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    async fn insert(&self, body: Incoming) -> Answer {
        let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
            return empty(StatusCode::PAYLOAD_TOO_LARGE);
        };
        let Ok(post) = serde_json::from_slice::<NewPost>(&body.to_bytes()) else {
            return empty(StatusCode::BAD_REQUEST);
        };
        match self.writer.insert(post).await {
            Ok(()) => empty(StatusCode::CREATED),
            Err(failure) if failure.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
                empty(StatusCode::CONFLICT)
            }
            Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}
