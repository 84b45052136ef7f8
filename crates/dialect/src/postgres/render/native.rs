//! What only the database itself knows: its functions, operators and composite rows, by their names.

use mainstay_base::Result;
use mainstay_expr::{Native, NativeCall, NativeOp, SourceId};

use super::{Renderer, Source, Sql, alias};
use crate::sql::sql;

impl Renderer<'_> {
    pub(super) fn native(&mut self, native: &Native) -> Result<Sql> {
        match (&native.op, native.args.as_slice()) {
            (NativeOp::Operator(symbol), [left, right]) => {
                let left = self.expr(left)?;
                Ok(sql!["(", left, " ", *symbol, " ", self.expr(right)?, ")"])
            }
            (NativeOp::Operator(symbol), args) => Ok(sql!["(", *symbol, " ", self.list(args)?, ")"]),
            (NativeOp::Function(schema, name), args) => {
                Ok(sql![qualified(schema, name), "(", self.list(args)?, ")"])
            }
            (NativeOp::Record(names), args) => {
                let mut values = Vec::with_capacity(args.len());
                for (name, value) in names.iter().zip(args) {
                    values.push(sql![self.expr(value)?, " AS ", Sql::identifier(name.clone())]);
                }
                Ok(sql!["(SELECT r FROM (SELECT ", Sql::join(values, ", "), ") AS r)"])
            }
            (NativeOp::Features(schema), args) => {
                let feature = sql![qualified(schema, "st_asgeojson"), "(", self.list(args)?, ")::json"];
                Ok(sql![
                    "json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(",
                    feature,
                    "), '[]'::json))"
                ])
            }
            (NativeOp::Row(schema, name), args) => {
                Ok(sql!["(ROW(", self.list(args)?, ")::", qualified(schema, name), ")"])
            }
        }
    }

    /// A function in FROM. Rows of no declared type are one value each, since nobody can name their columns.
    pub(super) fn function(&mut self, source: SourceId, call: &NativeCall) -> Result<Sql> {
        let said = self.call_of(call)?;
        self.sources.insert(source, Source::Derived { may_fail: true });
        Ok(match call.columns {
            None => sql!["LATERAL (SELECT ", said, " AS c0) AS ", alias(source)],
            Some(0) => sql!["LATERAL ", said, " AS ", alias(source)],
            Some(width) => {
                let names = (0..width).map(|position| Sql::numbered("c", u64::from(position)));
                sql!["LATERAL ", said, " AS ", alias(source), "(", Sql::join(names, ", "), ")"]
            }
        })
    }

    fn call_of(&mut self, call: &NativeCall) -> Result<Sql> {
        let last = call.args.len().checked_sub(1);
        let mut args = Vec::with_capacity(call.args.len());
        for (position, (name, arg)) in call.names.iter().zip(&call.args).enumerate() {
            let mut said = Sql::default();
            if call.variadic && Some(position) == last {
                said.push("VARIADIC ");
            }
            if let Some(name) = name {
                said = said.then(Sql::identifier(name.clone())).then(" := ");
            }
            args.push(said.then(self.expr(arg)?));
        }
        Ok(sql![qualified(&call.schema, &call.name), "(", Sql::join(args, ", "), ")"])
    }
}

/// A name in its schema; without one the database looks it up.
pub(super) fn qualified(schema: &str, name: &str) -> Sql {
    match schema {
        "" => Sql::identifier(name),
        schema => sql![Sql::identifier(schema), ".", Sql::identifier(name)],
    }
}
