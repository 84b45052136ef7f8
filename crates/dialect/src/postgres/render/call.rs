//! Calls of functions and operators: by PostgreSQL's own names, which are the registry's.

use mainstay_base::Result;
use mainstay_expr::{Expr, ExprKind, Func, Type, Value};

use super::{Renderer, Sql, unsupported};
use crate::Constant;
use crate::sql::sql;

impl Renderer<'_> {
    pub(super) fn call(&mut self, func: Func, args: &[Expr]) -> Result<Sql> {
        match (func, args) {
            (Func::Subscript, [array, index]) => {
                Ok(sql!["((", self.expr(array)?, ")[", self.expr(index)?, "])"])
            }
            (Func::Slice, [array, from, to]) => {
                let array = self.expr(array)?;
                let (from, to) = (self.bound(from)?, self.bound(to)?);
                Ok(sql!["((", array, ")[", from, ":", to, "])"])
            }
            (Func::Extract, [field, time]) => self.extract(field, time),
            (Func::UuidV7, _) => Err(unsupported("uuidv7() inside of a query")),
            (Func::Lower | Func::Upper | Func::Initcap, [text]) => {
                let text = self.lettered(text)?;
                Ok(sql!["(", name(func), "(", text, ") COLLATE \"C\")"])
            }
            _ if reads_letters(func) => {
                let mut said = Vec::new();
                for (position, arg) in args.iter().enumerate() {
                    said.push(if position == 0 { self.lettered(arg)? } else { self.expr(arg)? });
                }
                let call = sql![name(func), "(", Sql::join(said, ", "), ")"];
                Ok(if func == Func::RegexpReplace || func == Func::SubstringRegex {
                    sql!["(", call, " COLLATE \"C\")"]
                } else {
                    call
                })
            }
            _ => self.plain(func, args),
        }
    }

    /// Servers before 14 answer in floating point, without the digits after the point that are zero.
    fn extract(&mut self, field: &Expr, time: &Expr) -> Result<Sql> {
        let ExprKind::Literal(Value::Text(word)) = &field.kind else {
            return Err(unsupported("a field of extract() that is not written out"));
        };
        let word = word.to_lowercase();
        let exact = sql![
            "EXTRACT(",
            Sql::constant(Constant::Text(word.clone())),
            " FROM ",
            self.expr(time)?,
            ")::numeric"
        ];
        Ok(match (word.as_str(), &time.ty) {
            ("epoch", Type::Date) => exact,
            ("s" | "sec" | "secs" | "second" | "seconds" | "epoch", _) => {
                sql!["pg_catalog.round(", exact, ", 6)"]
            }
            ("ms" | "msec" | "msecs" | "millisecond" | "milliseconds", _) => {
                sql!["pg_catalog.round(", exact, ", 3)"]
            }
            _ => exact,
        })
    }

    fn plain(&mut self, func: Func, args: &[Expr]) -> Result<Sql> {
        let is_word = func.name().starts_with(|first: char| first.is_ascii_alphabetic());
        match args {
            [only] if !is_word => Ok(sql!["(", func.name(), " ", self.expr(only)?, ")"]),
            [left, right] if !is_word => {
                let left = self.expr(left)?;
                Ok(sql!["(", left, " ", func.name(), " ", self.expr(right)?, ")"])
            }
            _ => Ok(sql![name(func), "(", self.list(args)?, ")"]),
        }
    }

    /// A bound of a slice; NULL leaves it open.
    fn bound(&mut self, bound: &Expr) -> Result<Sql> {
        match bound.kind {
            ExprKind::Literal(Value::Null) => Ok(Sql::default()),
            _ => self.expr(bound),
        }
    }
}

fn name(func: Func) -> Sql {
    sql!["pg_catalog.", Sql::identifier(func.name())]
}

/// Regular expressions ask which characters are letters.
fn reads_letters(func: Func) -> bool {
    matches!(
        func,
        Func::SubstringRegex
            | Func::RegexpReplace
            | Func::RegexpMatch
            | Func::RegexpLike
            | Func::RegexpCount
            | Func::RegexpSplit
    )
}
