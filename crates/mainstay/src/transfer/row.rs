//! A row as it travels: a JSON object with a member for each column, and the values that it stands for.

use std::borrow::Cow;
use std::fmt;

use mainstay_base::{Problem, Result};
use mainstay_expr::{ColumnType, TimeContext, Type, Value, input};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::layout::{Column, Layout};

/// The members of a row, none of them read yet.
struct Members<'r>(Vec<(Cow<'r, str>, &'r RawValue)>);

impl<'r> serde::Deserialize<'r> for Members<'r> {
    fn deserialize<D: Deserializer<'r>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Row;
        impl<'r> Visitor<'r> for Row {
            type Value = Members<'r>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a row as an object")
            }

            fn visit_map<A: MapAccess<'r>>(self, mut map: A) -> std::result::Result<Members<'r>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<Name<'r>, &'r RawValue>()? {
                    members.push((member.0.0, member.1));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Row)
    }
}

/// A key; borrowed where it holds no escapes.
#[derive(serde::Deserialize)]
struct Name<'r>(#[serde(borrow)] Cow<'r, str>);

/// Reads rows of one table.
pub struct Reader<'l> {
    layout: &'l Layout,
    context: TimeContext,
}

impl<'l> Reader<'l> {
    /// Of this table.
    pub fn new(layout: &'l Layout) -> Self {
        Self { layout, context: TimeContext { zone: mainstay_expr::Zone::Utc, now_us: 0 } }
    }

    /// The values of a row's columns.
    pub fn values(&self, row: &[u8]) -> Result<Vec<Value>> {
        let members = self.members(row)?;
        if members.0.len() != self.layout.columns.len() {
            return Err(self.unreadable("it has other columns than the table"));
        }
        let columns = self.layout.columns.iter().enumerate();
        columns.map(|(at, column)| self.value(column, self.member(&members, at)?)).collect()
    }

    /// The values of a row's key, as they travel.
    pub fn key(&self, row: &[u8]) -> Result<Vec<Value>> {
        let members = self.members(row)?;
        let value = |at: &usize| {
            let ty = ColumnType::from(self.layout.columns[*at].travels.clone());
            input::from_json(&ty, self.member(&members, *at)?, &self.context)
        };
        self.layout.key.iter().map(value).collect()
    }

    /// A row's key for people: `(id)=(5)`.
    pub fn shown_key(&self, row: &[u8]) -> Result<String> {
        let members = self.members(row)?;
        let names: Vec<_> = self.layout.key.iter().map(|at| self.layout.columns[*at].name.as_str()).collect();
        let values = self.layout.key.iter().map(|at| self.member(&members, *at));
        let values: Vec<_> = values.collect::<Result<_>>()?;
        Ok(format!("({})=({})", names.join(", "), values.join(", ")))
    }

    /// The columns that differ in two rows.
    pub fn differing(&self, left: &[u8], right: &[u8]) -> Result<Vec<&'l str>> {
        let (left, right) = (self.members(left)?, self.members(right)?);
        let mut names = Vec::new();
        for (at, column) in self.layout.columns.iter().enumerate() {
            if self.member(&left, at)? != self.member(&right, at)? {
                names.push(column.name.as_str());
            }
        }
        Ok(names)
    }

    fn members<'r>(&self, row: &'r [u8]) -> Result<Members<'r>> {
        serde_json::from_slice(row).map_err(|error| self.unreadable(&error.to_string()))
    }

    /// The member of a column, which nearly always stands at the column's place.
    fn member<'r>(&self, members: &Members<'r>, at: usize) -> Result<&'r str> {
        let name = &self.layout.columns[at].name;
        let is_it = |member: &&(Cow<'r, str>, &'r RawValue)| member.0 == *name;
        let found = members.0.get(at).filter(is_it).or_else(|| members.0.iter().find(is_it));
        found.map(|member| member.1.get()).ok_or_else(|| self.unreadable(&format!("it lacks \"{name}\"")))
    }

    fn value(&self, column: &Column, json: &str) -> Result<Value> {
        if column.travels == column.ty.ty {
            return input::from_json(&column.ty, json, &self.context);
        }
        let text = input::from_json(&column.travels.clone().into(), json, &self.context)?;
        self.document(&column.ty.ty, text)
    }

    /// The document, or the array of them, that travelled as text.
    fn document(&self, ty: &Type, value: Value) -> Result<Value> {
        match (ty, value) {
            (Type::Array(element), Value::Array(values)) => {
                let values = values.into_iter().map(|value| self.document(element, value));
                values.collect::<Result<_>>().map(Value::Array)
            }
            (ty, Value::Text(text)) => input::parse(&ty.clone().into(), &text, &self.context),
            (_, value) => Ok(value),
        }
    }

    fn unreadable(&self, why: &str) -> Problem {
        Problem::new("22P02", format!("a row of {} cannot be read: {why}", self.layout.name))
    }
}
