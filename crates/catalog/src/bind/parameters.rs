//! The arguments of the function whose body is being bound: by name, by `function.name`, by `$n`, or as one row.

use mainstay_expr::{ColumnType, Expr, ExprKind, Input, TableId};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::{Bind, Binder, Bound, suggestion};

/// What a function's body may refer to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters {
    /// The function's name; empty outside functions.
    pub function: String,
    /// Names (empty for unnamed ones) and types, in order.
    pub list: Vec<(String, ColumnType)>,
    /// For a function of one row: the name of the argument and the table. Its columns are those of
    /// [`SourceId::ROW`](mainstay_expr::SourceId::ROW).
    pub row: Option<(String, TableId)>,
}

impl Parameters {
    /// The names there are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|(name, _)| &**name).filter(|name| !name.is_empty())
    }

    fn value(&self, position: usize, span: Span) -> Option<Bound> {
        let (_, ty) = self.list.get(position)?;
        let input = ExprKind::Input(Input::Argument(position as u32));
        Some(Bound::typed(Expr::new(input, ty.ty.clone()), span))
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|(own, _)| own == name && !name.is_empty())
    }
}

impl Binder<'_> {
    /// The argument of that name.
    pub(super) fn argument_named(&mut self, name: &str, span: Span) -> Option<Bound> {
        self.parameters.value(self.parameters.position(name)?, span)
    }

    /// `function.argument`, or a column of the row that is the argument: `argument.column`, `$1.column`.
    pub(super) fn argument_qualified(
        &mut self,
        table: &sql::QualifiedName,
        name: &sql::Name,
        span: Span,
    ) -> Bind<Option<Bound>> {
        if table.schema.is_some() {
            return Ok(None);
        }
        if let Some((argument, row)) = self.parameters.row.clone()
            && (table.name.text == argument || table.name.text == "$1")
        {
            return self.row_column(row, name, span).map(Some);
        }
        if table.name.text != self.parameters.function {
            return Ok(None);
        }
        Ok(self.argument_named(&name.text, span))
    }

    fn row_column(&mut self, table: TableId, name: &sql::Name, span: Span) -> Bind<Bound> {
        let scope = super::row_of(self.schema.catalog(), table, mainstay_expr::SourceId::ROW);
        match scope.columns.iter().find(|column| column.name == name.text) {
            Some(column) => Ok(Bound::typed(column.expr.clone(), span)),
            None => {
                if let Some(computed) = self.computed_field(&scope, name, span)? {
                    return Ok(computed);
                }
                let message = format!("column \"{}\" not found in data type {}", name.text, scope.alias);
                let help = suggestion(&name.text, scope.columns.iter().map(|column| &*column.name));
                Err(self.fail(Diagnostic::error("unknown-column", name.span, message).with_help_if(help)))
            }
        }
    }

    /// `$n`
    pub(super) fn parameter(&mut self, number: u32, span: Span) -> Bind<Bound> {
        let value = number.checked_sub(1).and_then(|position| self.parameters.value(position as usize, span));
        value.ok_or_else(|| self.error("unknown-parameter", span, format!("there is no parameter ${number}")))
    }
}
