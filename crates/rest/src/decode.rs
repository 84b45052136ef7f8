//! HTTP becomes a request: what is asked, with its values, and how it is to be run and answered.

use http::request::Parts;
use http::{HeaderMap, Method};
use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Function, Resource, Returns};
use mainstay_engine::Expect;
use mainstay_exec::Execution;
use mainstay_query::{
    Call, Conflict, Delete, Insert, Level, MissingAs, Payload, RawValue, Read, Request, Resolution,
    Returning, Target, Update, Values, ValuesBuilder,
};

use crate::Settings;
use crate::body::{self, BodyType};
use crate::grammar;
use crate::media::{Asked, Media, Rows, negotiate};
use crate::params::{Params, place_filter};
use crate::prefer::{Honoured, Prefer, Representation};
use crate::range::Range;
use crate::target::{Path, schema};

/// A decoded request.
pub(crate) struct Decoded {
    pub request: Request,
    pub values: Values,
    pub execution: Execution,
    pub answer: AnswerShape,
}

/// What the answer depends on beside the engine's.
pub(crate) struct AnswerShape {
    pub verb: Verb,
    pub media: Media,
    pub prefer: Prefer,
    pub honoured: Honoured,
    pub range: Range,
    /// The table or function, for `Location` and `Content-Location`.
    pub path: String,
    /// Whether a body is sent (not for HEAD).
    pub with_body: bool,
    /// `Content-Profile`, when it is to be sent.
    pub profile: Option<String>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Read,
    Call,
    /// POST; whether it is an upsert that merges.
    Insert {
        merge: bool,
    },
    /// PUT
    Replace,
    Update,
    Delete,
}

/// Decodes a request to a table, view or function.
pub(crate) fn decode(
    parts: &Parts,
    path: &Path,
    body: &[u8],
    settings: &Settings,
    catalog: &Catalog,
) -> Result<Decoded> {
    let (schema, profile) = schema(&parts.method, &parts.headers, settings)?;
    let common = Common {
        params: Params::read(parts.uri.query().unwrap_or_default()),
        prefer: Prefer::read(&parts.headers)?,
        headers: &parts.headers,
        body,
        settings,
        catalog,
        is_root: matches!(path, Path::RootFunction(..)),
        profile,
    };
    match path {
        Path::Function(name) => match parts.method {
            Method::GET | Method::HEAD => {
                common.call(target(schema, name), true, parts.method == Method::HEAD)
            }
            Method::POST => common.call(target(schema, name), false, false),
            ref other => Err(Problem::new("PGRST101", format!("Cannot use the {other} method on RPC"))),
        },
        Path::Table(name) => {
            let target = target(schema, name);
            match parts.method {
                Method::GET => common.read(target, false),
                Method::HEAD => common.read(target, true),
                Method::POST => common.insert(target),
                Method::PUT => common.replace(target),
                Method::PATCH => common.update(target),
                Method::DELETE => common.delete(target),
                ref other => Err(Problem::new("PGRST117", format!("Unsupported HTTP method: {other}"))),
            }
        }
        Path::RootFunction(schema, name) => match parts.method {
            Method::GET | Method::HEAD => {
                common.call(target(schema.clone(), name), true, parts.method == Method::HEAD)
            }
            ref other => Err(Problem::new("PGRST117", format!("Unsupported HTTP method: {other}"))),
        },
        Path::Root => Err(Problem::internal("the root is not decoded")),
    }
}

fn target(schema: String, name: &str) -> Target {
    Target { schema, name: name.to_owned() }
}

/// What all methods look at.
struct Common<'r> {
    params: Params<'r>,
    prefer: Prefer,
    headers: &'r HeaderMap,
    body: &'r [u8],
    settings: &'r Settings,
    catalog: &'r Catalog,
    is_root: bool,
    profile: Option<String>,
}

impl Common<'_> {
    fn read(self, target: Target, head: bool) -> Result<Decoded> {
        let media = self.media(Resource::Table(&target.schema, &target.name))?;
        let mut values = ValuesBuilder::default();
        let mut level = self.params.level()?;
        level.document = media.document().map(str::to_owned);
        self.params.place(&mut level, &mut values)?;
        let range = self.range(!head)?;
        range.bound(&mut level, &mut values);
        let path = target.name.clone();
        let request = Request::Read(Read { target, level, count: self.prefer.count });
        let values = values.finish(Payload::default());
        let execution = Execution {
            output: media.output(),
            expect: Expect { single: media.is_single(), max_affected: None },
            rollback: self.rolls_back(),
            explain: media.explain(),
            timed: self.settings.server_timing,
        };
        let honoured = self.ends();
        let answer = self.shape(Verb::Read, media, honoured, range, path, !head);
        Ok(Decoded { request, values, execution, answer })
    }

    fn call(self, target: Target, get: bool, head: bool) -> Result<Decoded> {
        let media = self.media(Resource::Function(&target.schema, &target.name))?;
        let mut values = ValuesBuilder::default();
        let mut params = self.params;
        let filters = std::mem::take(&mut params.filters);
        let mut level = params.level()?;
        level.document = media.document().map(str::to_owned);
        params.place(&mut level, &mut values)?;
        let mut arguments: Vec<(String, RawValue)> = Vec::new();
        for (key, value) in &filters {
            // What is no operator expression is an argument of a GET.
            if get && grammar::filter_value(value).is_err() {
                add_argument(&mut arguments, key, value);
            } else {
                place_filter(&mut level, key, value, &mut values)?;
            }
        }
        let mut whole_body = None;
        if !get {
            let (given, body) = body_arguments(self.headers, self.body)?;
            arguments.extend(given);
            whole_body = body;
        }
        if let Some(columns) = &params.columns {
            let columns = grammar::columns(columns, "columns parameter")?;
            arguments.retain(|(name, _)| columns.contains(name));
        }
        let arguments = arguments.into_iter().map(|(name, value)| (name, values.push(value))).collect();
        let body = whole_body.map(|(types, value)| (types, values.push(value)));
        let common = Common { params, ..self };
        common.may_bound(&target)?;
        let range = common.range(get && !head)?;
        range.bound(&mut level, &mut values);
        let path = format!("rpc/{}", target.name);
        let call = Call { target, arguments, level, count: common.prefer.count, body, read_only: get };
        let execution = Execution {
            output: media.output(),
            expect: Expect { single: media.is_single(), max_affected: common.max_affected() },
            rollback: common.rolls_back(),
            explain: media.explain(),
            timed: common.settings.server_timing,
        };
        let honoured = Honoured { max_affected: true, ..common.ends() };
        let answer = common.shape(Verb::Call, media, honoured, range, path, !head);
        Ok(Decoded {
            request: Request::Call(call),
            values: values.finish(Payload::default()),
            execution,
            answer,
        })
    }

    fn insert(self, target: Target) -> Result<Decoded> {
        let media = self.media(Resource::Table(&target.schema, &target.name))?;
        let rows = self.rows()?;
        let on_conflict = self.on_conflict()?;
        let conflict =
            self.prefer.resolution.map(|resolution| Conflict { columns: on_conflict.clone(), resolution });
        let mut values = ValuesBuilder::default();
        let mut returning = self.returning(&media, &mut values)?;
        if self.prefer.representation == Some(Representation::HeadersOnly) {
            returning = Returning::Key;
        }
        let honoured = Honoured { resolution: true, missing: true, representation: true, ..self.ends() };
        let merge = matches!(&conflict, Some(conflict) if conflict.resolution == Resolution::Merge);
        let path = target.name.clone();
        let insert = Insert {
            target,
            columns: rows.columns,
            missing: self.prefer.missing.unwrap_or(MissingAs::Null),
            conflict,
            returning,
            put_key: None,
        };
        let request = Request::Insert(insert);
        self.write(Verb::Insert { merge }, media, honoured, request, values.finish(rows.payload), path)
    }

    fn replace(self, target: Target) -> Result<Decoded> {
        let media = self.media(Resource::Table(&target.schema, &target.name))?;
        if self.headers.contains_key("range")
            || self.params.limit()?.is_some()
            || self.params.offset()?.is_some()
        {
            return Err(Problem::new(
                "PGRST114",
                "limit/offset querystring parameters are not allowed for PUT",
            ));
        }
        let mut values = ValuesBuilder::default();
        let key = self.put_key(&mut values)?;
        let rows = self.rows()?;
        if rows.payload.rows.len() != 1 {
            return Err(Problem::new("PGRST115", "Payload values do not match URL in primary key column(s)"));
        }
        let returning = self.returning(&media, &mut values)?;
        let honoured = Honoured { representation: true, ..self.ends() };
        let path = target.name.clone();
        let insert = Insert {
            target,
            columns: rows.columns,
            missing: MissingAs::Null,
            conflict: Some(Conflict { columns: None, resolution: Resolution::Merge }),
            returning,
            put_key: Some(key),
        };
        let values = values.finish(rows.payload);
        self.write(Verb::Replace, media, honoured, Request::Insert(insert), values, path)
    }

    fn update(self, target: Target) -> Result<Decoded> {
        let media = self.media(Resource::Table(&target.schema, &target.name))?;
        let mut rows = self.rows()?;
        rows.payload.rows.truncate(1);
        let mut values = ValuesBuilder::default();
        let (filter, returning) = self.filter_and_returning(&media, &mut values)?;
        let honoured = Honoured { missing: true, representation: true, max_affected: true, ..self.ends() };
        let path = target.name.clone();
        let update = Update {
            target,
            columns: rows.columns,
            missing: self.prefer.missing.unwrap_or(MissingAs::Null),
            filter,
            returning,
        };
        self.write(Verb::Update, media, honoured, Request::Update(update), values.finish(rows.payload), path)
    }

    fn delete(self, target: Target) -> Result<Decoded> {
        let media = self.media(Resource::Table(&target.schema, &target.name))?;
        let mut values = ValuesBuilder::default();
        let (filter, returning) = self.filter_and_returning(&media, &mut values)?;
        let honoured = Honoured { representation: true, max_affected: true, ..self.ends() };
        let path = target.name.clone();
        let delete = Delete { target, filter, returning };
        let values = values.finish(Payload::default());
        self.write(Verb::Delete, media, honoured, Request::Delete(delete), values, path)
    }

    fn write(
        self,
        verb: Verb,
        media: Media,
        honoured: Honoured,
        request: Request,
        values: Values,
        path: String,
    ) -> Result<Decoded> {
        let represented = self.prefer.representation == Some(Representation::Full);
        let execution = Execution {
            output: media.output(),
            expect: Expect {
                single: represented && media.is_single(),
                max_affected: if honoured.max_affected { self.max_affected() } else { None },
            },
            rollback: self.rolls_back(),
            explain: media.explain(),
            timed: self.settings.server_timing,
        };
        let with_body = represented || media.explain().is_some();
        let answer = self.shape(verb, media, honoured, Range::default(), path, with_body);
        Ok(Decoded { request, values, execution, answer })
    }

    fn shape(
        self,
        verb: Verb,
        media: Media,
        honoured: Honoured,
        range: Range,
        path: String,
        with_body: bool,
    ) -> AnswerShape {
        AnswerShape {
            verb,
            media,
            prefer: self.prefer,
            honoured,
            range,
            path,
            with_body,
            profile: self.profile,
        }
    }

    /// The form of the answer.
    fn media(&self, resource: Resource<'_>) -> Result<Media> {
        negotiate(
            self.headers,
            Asked::Rows(Rows {
                explains: self.settings.plan_enabled,
                catalog: self.catalog,
                resource,
                is_root: self.is_root,
                is_whole: self.params.select.as_ref().is_none_or(|select| select.trim() == "*"),
            }),
        )
    }

    /// The rows of the body.
    fn rows(&self) -> Result<body::Rows> {
        let columns = match &self.params.columns {
            Some(text) => Some(grammar::columns(text, "columns parameter")?),
            None => None,
        };
        body::rows(body::body_type(self.headers)?, self.body, columns)
    }

    fn on_conflict(&self) -> Result<Option<Vec<String>>> {
        match &self.params.on_conflict {
            Some(text) if !text.is_empty() => grammar::columns(text, "on_conflict parameter").map(Some),
            _ => Ok(None),
        }
    }

    fn max_affected(&self) -> Option<u64> {
        self.prefer.max_affected.filter(|_| self.prefer.strict())
    }

    /// What does not return rows cannot return too many.
    fn may_bound(&self, function: &Target) -> Result<()> {
        let is_set = |function: &Function| {
            matches!(function.returns, Returns::SetOfScalar(_) | Returns::SetOfTable(_) | Returns::Table(_))
        };
        let mut overloads = self.catalog.find_functions(&function.schema, &function.name).peekable();
        if self.max_affected().is_none() || overloads.peek().is_none() || overloads.any(is_set) {
            return Ok(());
        }
        Err(Problem::new(
            "PGRST128",
            "Function must return SETOF or TABLE when max-affected preference is used with handling=strict",
        ))
    }

    fn ends(&self) -> Honoured {
        Honoured { transaction_end: self.settings.tx_end.may_override, ..Honoured::default() }
    }

    /// Whether what is done is undone again.
    fn rolls_back(&self) -> bool {
        let end = self.settings.tx_end;
        self.prefer.rollback.filter(|_| end.may_override).unwrap_or(end.rolls_back)
    }

    /// The window of rows; the header counts for GET alone.
    fn range(&self, is_get: bool) -> Result<Range> {
        let header = self.headers.get("range").filter(|_| is_get).and_then(|value| value.to_str().ok());
        Range::of(self.params.limit()?, self.params.offset()?, header)
    }

    /// What a write answers with. Filters of the root do not apply; those of embeds do.
    fn returning(&self, media: &Media, values: &mut ValuesBuilder) -> Result<Returning> {
        let (_, returning) = self.filter_and_returning(media, values)?;
        Ok(returning)
    }

    /// The root's conditions, and the level that shows the rows.
    fn filter_and_returning(
        &self,
        media: &Media,
        values: &mut ValuesBuilder,
    ) -> Result<(Vec<mainstay_query::Condition>, Returning)> {
        let represented = self.prefer.representation == Some(Representation::Full);
        let mut level =
            if represented || self.params.select.is_some() { self.params.level()? } else { Level::default() };
        self.params.place(&mut level, values)?;
        level.document = media.document().map(str::to_owned);
        let filter = std::mem::take(&mut level.filter);
        Ok((filter, if represented { Returning::Rows(level) } else { Returning::Nothing }))
    }

    /// The filters of a PUT: columns with `eq`, and nothing else.
    fn put_key(&self, values: &mut ValuesBuilder) -> Result<Vec<(String, mainstay_query::SlotId)>> {
        let refused = || {
            Problem::new(
                "PGRST105",
                "Filters must include all and only primary key columns with 'eq' operators",
            )
        };
        self.params
            .filters
            .iter()
            .map(|(key, value)| {
                let value = value.strip_prefix("eq.").ok_or_else(refused)?;
                let path = grammar::tree_path(key)?;
                if !path.embeds.is_empty() || !path.field.path.is_empty() {
                    return Err(refused());
                }
                Ok((path.field.column, values.push(RawValue::Text(value.to_owned()))))
            })
            .collect()
    }
}

/// A repeated argument becomes a list.
fn add_argument(arguments: &mut Vec<(String, RawValue)>, name: &str, value: &str) {
    match arguments.iter_mut().find(|(known, _)| known == name) {
        None => arguments.push((name.to_owned(), RawValue::Text(value.to_owned()))),
        Some((_, RawValue::List(list))) => list.push(value.to_owned()),
        Some((_, known)) => {
            if let RawValue::Text(first) = known {
                *known = RawValue::List(vec![std::mem::take(first), value.to_owned()]);
            }
        }
    }
}

/// A whole body, and the types of a single unnamed argument that it could be.
type WholeBody = Option<(&'static [&'static str], RawValue)>;

/// The arguments that a body names, and the body as a whole.
fn body_arguments(headers: &HeaderMap, body: &[u8]) -> Result<(Vec<(String, RawValue)>, WholeBody)> {
    let text = || String::from_utf8_lossy(body).into_owned();
    match body::body_type(headers)? {
        BodyType::Json => {
            let named = body::arguments(body)?;
            let whole = serde_json::from_slice::<Box<serde_json::value::RawValue>>(body).ok();
            let whole = whole.map(|whole| (&["json", "jsonb"][..], RawValue::Json(whole)));
            let whole = whole.or(Some((&["json", "jsonb"][..], RawValue::Null)));
            Ok((named.unwrap_or_default(), whole))
        }
        BodyType::Form => {
            let mut arguments = Vec::new();
            for (name, value) in body::form(body) {
                add_argument(&mut arguments, &name, &value);
            }
            Ok((arguments, None))
        }
        BodyType::Text => Ok((Vec::new(), Some((&["text"][..], RawValue::Text(text()))))),
        BodyType::Xml => Ok((Vec::new(), Some((&["xml"][..], RawValue::Text(text()))))),
        BodyType::Bytes => {
            let hex: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok((Vec::new(), Some((&["bytea"][..], RawValue::Text(format!("\\x{hex}"))))))
        }
        BodyType::Csv => Err(Problem::new("PGRST102", "Content-Type not acceptable: text/csv")),
    }
}
