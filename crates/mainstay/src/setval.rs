//! `SELECT setval(…)`, with which dumps say where a sequence stands.

use mainstay_sql::{Argument, CallArguments, Expr, ExprKind, Literal, Query, QueryBody, SelectItem};

use crate::names::{self, Key};

/// `SELECT setval(sequence, value, called)`
#[derive(Debug, PartialEq, Eq)]
pub struct SetVal {
    /// Which.
    pub sequence: Sequence,
    /// The number.
    pub value: i64,
    /// Whether it has been handed out; otherwise it is the next.
    pub called: bool,
}

/// A sequence.
#[derive(Debug, PartialEq, Eq)]
pub enum Sequence {
    /// By its own name.
    Named(Key),
    /// `pg_get_serial_sequence('table', 'column')`
    Of(Key, String),
}

impl SetVal {
    /// What a query sets; `None` for another query, and for a number that is computed.
    pub fn read(query: &Query) -> Option<Self> {
        let QueryBody::Select(select) = &query.body else { return None };
        let [SelectItem::Value { value, .. }] = select.items.as_slice() else { return None };
        let arguments = arguments(value, "setval")?;
        let ExprKind::Literal(Literal::Number(number)) = &arguments.get(1)?.value.kind else { return None };
        let called = match arguments.get(2).map(|it| &it.value.kind) {
            None => true,
            Some(ExprKind::Literal(Literal::Bool(called))) => *called,
            Some(_) => return None,
        };
        Some(Self { sequence: sequence(&arguments.first()?.value)?, value: number.parse().ok()?, called })
    }
}

/// The sequence that an expression names.
pub fn sequence(expr: &Expr) -> Option<Sequence> {
    match arguments(expr, "pg_get_serial_sequence") {
        Some([table, column]) => {
            let ExprKind::Literal(Literal::String(column)) = &column.value.kind else { return None };
            Some(Sequence::Of(names::in_text(&table.value)?, column.clone()))
        }
        _ => names::in_text(expr).map(Sequence::Named),
    }
}

/// The arguments of a call of this function; `None` when it is none.
pub fn arguments<'e>(expr: &'e Expr, function: &str) -> Option<&'e [Argument]> {
    let ExprKind::Call(call) = &expr.kind else { return None };
    match &call.arguments {
        CallArguments::List { arguments, .. } if call.name.name.text == function => Some(arguments),
        _ => None,
    }
}

/// The name that PostgreSQL gives to the sequence of a column.
pub fn usual_name(table: &str, column: &str) -> String {
    format!("{table}_{column}_seq")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Option<SetVal> {
        SetVal::read(&mainstay_sql::read_query(query).unwrap())
    }

    #[test]
    fn the_forms_that_dumps_and_people_write() {
        let named = |name: &str, value, called| {
            Some(SetVal { sequence: Sequence::Named(("public".into(), name.into())), value, called })
        };
        assert_eq!(
            read("SELECT pg_catalog.setval('public.items_id_seq', 41, true)"),
            named("items_id_seq", 41, true)
        );
        assert_eq!(
            read("select setval('items_id_seq'::regclass, 1, false)"),
            named("items_id_seq", 1, false)
        );
        assert_eq!(read("select setval('public.\"Odd Name_Id_seq\"', 7)"), named("Odd Name_Id_seq", 7, true));
        let of = Sequence::Of(("crm".into(), "people".into()), "id".into());
        assert_eq!(
            read("select setval(pg_get_serial_sequence('crm.people', 'id'), 9)"),
            Some(SetVal { sequence: of, value: 9, called: true })
        );
        assert_eq!(read("select setval('s', (select max(id) from t))"), None);
        assert_eq!(read("select set_config('search_path', '', false)"), None);
    }
}
