//! Request bodies: JSON, CSV and forms become the rows of a payload or the arguments of a call.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use mainstay_base::{Problem, Result};
use mainstay_query::{Cell, Payload, RawValue};
use serde_json::value::RawValue as RawJson;

/// The media types of bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyType {
    Json,
    Csv,
    Form,
    Text,
    Xml,
    Bytes,
}

/// A body as rows: the columns, and a cell for each of them in each row.
#[derive(Debug)]
pub(crate) struct Rows {
    pub columns: Vec<String>,
    pub payload: Payload,
}

type Object = BTreeMap<String, Box<RawJson>>;

/// What kind of body the headers announce.
///
/// # Errors
/// `PGRST102` for one that nothing reads.
pub(crate) fn body_type(headers: &HeaderMap) -> Result<BodyType> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(BodyType::Json) };
    let text = value.to_str().unwrap_or_default();
    let name = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match name.as_str() {
        "" | "application/json" => Ok(BodyType::Json),
        "text/csv" => Ok(BodyType::Csv),
        "application/x-www-form-urlencoded" => Ok(BodyType::Form),
        "text/plain" => Ok(BodyType::Text),
        "text/xml" => Ok(BodyType::Xml),
        "application/octet-stream" => Ok(BodyType::Bytes),
        _ => Err(not_acceptable(text)),
    }
}

fn not_acceptable(text: &str) -> Problem {
    Problem::new("PGRST102", format!("Content-Type not acceptable: {text}"))
}

/// A body as rows. With `columns` only these are taken, and rows may lack some of them.
pub(crate) fn rows(ty: BodyType, body: &[u8], columns: Option<Vec<String>>) -> Result<Rows> {
    match ty {
        BodyType::Json => json_rows(body, columns),
        BodyType::Csv => csv_rows(body, columns),
        BodyType::Form => Ok(one_row(form(body), columns)),
        BodyType::Text => Err(not_acceptable("text/plain")),
        BodyType::Xml => Err(not_acceptable("text/xml")),
        BodyType::Bytes => Err(not_acceptable("application/octet-stream")),
    }
}

fn json_rows(body: &[u8], columns: Option<Vec<String>>) -> Result<Rows> {
    let mut objects = json_objects(body)?.unwrap_or_default();
    let columns = match columns {
        Some(columns) => columns,
        None => {
            let keys: Vec<&String> =
                objects.first().map(|object| object.keys().collect()).unwrap_or_default();
            if objects
                .iter()
                .any(|object| object.len() != keys.len() || !object.keys().eq(keys.iter().copied()))
            {
                return Err(Problem::new("PGRST102", "All object keys must match"));
            }
            keys.into_iter().cloned().collect()
        }
    };
    let rows = objects
        .iter_mut()
        .map(|object| {
            let cell = |column: &String| {
                object.remove(column).map_or(Cell::Missing, |value| Cell::Given(json(value)))
            };
            columns.iter().map(cell).collect()
        })
        .collect();
    Ok(Rows { columns, payload: Payload { rows } })
}

/// The objects of a JSON body: one or several; `None` for a body of another kind, which counts as no rows.
fn json_objects(body: &[u8]) -> Result<Option<Vec<Object>>> {
    let invalid = || Problem::new("PGRST102", "Empty or invalid json");
    let text = std::str::from_utf8(body).map_err(|_| invalid())?;
    match text.trim_start().bytes().next() {
        Some(b'{') => Ok(Some(vec![serde_json::from_str(text).map_err(|_| invalid())?])),
        Some(b'[') => {
            let items: Vec<&RawJson> = serde_json::from_str(text).map_err(|_| invalid())?;
            let object = |item: &RawJson| {
                serde_json::from_str(item.get())
                    .map_err(|_| Problem::new("PGRST102", "All object keys must match"))
            };
            items.into_iter().map(object).collect::<Result<Vec<Object>>>().map(Some)
        }
        _ => {
            serde_json::from_str::<&RawJson>(text).map_err(|_| invalid())?;
            Ok(None)
        }
    }
}

/// A JSON value as a raw value.
pub(crate) fn json(value: Box<RawJson>) -> RawValue {
    if value.get() == "null" { RawValue::Null } else { RawValue::Json(value) }
}

fn csv_rows(body: &[u8], columns: Option<Vec<String>>) -> Result<Rows> {
    let ragged = || Problem::new("PGRST102", "All lines must have same number of fields");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(body);
    let mut records = reader.records();
    let Some(header) = records.next() else {
        return Err(Problem::new("PGRST102", "not enough input"));
    };
    let header: Vec<String> = header.map_err(|_| ragged())?.iter().map(str::to_owned).collect();
    let columns = columns.unwrap_or_else(|| header.clone());
    let places: Vec<Option<usize>> =
        columns.iter().map(|column| header.iter().position(|name| name == column)).collect();
    let rows = records
        .map(|record| {
            let record = record.map_err(|_| ragged())?;
            let cell = |place: &Option<usize>| match place.and_then(|place| record.get(place)) {
                None => Cell::Missing,
                Some("NULL") => Cell::Given(RawValue::Null),
                Some(text) => Cell::Given(RawValue::Text(text.to_owned())),
            };
            Ok(places.iter().map(cell).collect())
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Rows { columns, payload: Payload { rows } })
}

/// The fields of a form in the order they were sent.
pub(crate) fn form(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
}

fn one_row(fields: Vec<(String, String)>, columns: Option<Vec<String>>) -> Rows {
    let names: BTreeSet<String> = fields.iter().map(|(name, _)| name.clone()).collect();
    let columns = columns.unwrap_or_else(|| names.into_iter().collect());
    let cell = |column: &String| {
        let found = fields.iter().rev().find(|(name, _)| name == column);
        found.map_or(Cell::Missing, |(_, value)| Cell::Given(RawValue::Text(value.clone())))
    };
    let row = columns.iter().map(cell).collect();
    Rows { columns, payload: Payload { rows: vec![row] } }
}

/// The arguments that a call's JSON body names; `None` when it is no object.
pub(crate) fn arguments(body: &[u8]) -> Result<Option<Vec<(String, RawValue)>>> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Some(Vec::new()));
    }
    match json_objects(body)? {
        Some(objects) if !body.trim_ascii_start().starts_with(b"[") => Ok(objects
            .into_iter()
            .next()
            .map(|object| object.into_iter().map(|(name, value)| (name, json(value))).collect())),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_body(text: &str) -> Result<Rows> {
        rows(BodyType::Json, text.as_bytes(), None)
    }

    #[test]
    fn objects_are_rows_with_the_same_keys() {
        let rows = json_body(r#"[{"b":1,"a":null},{"a":"x","b":[2]}]"#).unwrap();
        assert_eq!(rows.columns, ["a", "b"]);
        assert_eq!(rows.payload.rows.len(), 2);
        assert!(matches!(rows.payload.rows[0][0], Cell::Given(RawValue::Null)));
        assert_eq!(json_body(r#"[{"a":1},{"b":1}]"#).unwrap_err().message(), "All object keys must match");
        assert_eq!(json_body("").unwrap_err().message(), "Empty or invalid json");
        assert_eq!(json_body("{").unwrap_err().message(), "Empty or invalid json");
        assert!(json_body("[]").unwrap().payload.rows.is_empty());
        assert!(json_body("7").unwrap().payload.rows.is_empty());
    }

    #[test]
    fn with_columns_keys_may_be_missing_or_too_many() {
        let columns = Some(vec!["a".to_owned(), "c".to_owned()]);
        let rows = rows(BodyType::Json, br#"[{"a":1,"b":2},{"c":3}]"#, columns).unwrap();
        assert!(matches!(rows.payload.rows[0][1], Cell::Missing));
        assert!(matches!(rows.payload.rows[1][0], Cell::Missing));
    }

    #[test]
    fn csv_has_a_header_and_nulls() {
        let body = b"a,b\n1,NULL\n,\"x,y\"\n";
        let rows = rows(BodyType::Csv, body, None).unwrap();
        assert_eq!(rows.columns, ["a", "b"]);
        assert!(matches!(rows.payload.rows[0][1], Cell::Given(RawValue::Null)));
        assert!(matches!(&rows.payload.rows[1][1], Cell::Given(RawValue::Text(text)) if text == "x,y"));
    }

    #[test]
    fn ragged_csv_is_refused() {
        let problem = rows(BodyType::Csv, b"a,b\n1\n", None).unwrap_err();
        assert_eq!(problem.message(), "All lines must have same number of fields");
    }

    #[test]
    fn forms_are_one_row() {
        let rows = rows(BodyType::Form, b"a=1+2&b=%26", None).unwrap();
        assert!(matches!(&rows.payload.rows[0][0], Cell::Given(RawValue::Text(text)) if text == "1 2"));
    }
}
