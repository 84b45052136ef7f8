//! What only an existing database knows: its functions, its types' operators, full-text search. All of it is said by name, and
//! what does not fit is the database's to refuse.

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Function, Returns, Source, Table};
use mainstay_expr::{
    Expr, ExprKind, FromItem, Native, NativeCall, NativeKind, NativeOp, NativeType, SourceId, Type, Value,
};
use mainstay_plan::SlotType;
use mainstay_query::SlotId;

use crate::Planner;
use crate::relation::Relation;

/// The range operators of filters, by their names there.
const RANGE_OPERATORS: [(&str, &str); 5] =
    [("sl", "<<"), ("sr", ">>"), ("nxr", "&<"), ("nxl", "&>"), ("adj", "-|-")];
/// The full-text operators, and the functions that read their right sides.
const SEARCHES: [(&str, &str); 4] = [
    ("fts", "to_tsquery"),
    ("plfts", "plainto_tsquery"),
    ("phfts", "phraseto_tsquery"),
    ("wfts", "websearch_to_tsquery"),
];

impl<'a> Planner<'a> {
    /// Whether the database exists by itself and knows more than the portable types.
    pub(crate) fn is_existing(&self) -> bool {
        self.catalog.source == Source::Existing
    }

    /// An operator that portable types do not have.
    ///
    /// # Errors
    /// `PGRST127` where the database has no such operators.
    pub(crate) fn native_operator(
        &mut self,
        left: Expr,
        name: &str,
        modifier: Option<&str>,
        slot: SlotId,
    ) -> Result<Expr> {
        let range = RANGE_OPERATORS.iter().find(|(known, _)| *known == name);
        let search = SEARCHES.iter().find(|(known, _)| *known == name);
        match (range, search) {
            (Some((_, symbol)), _) if self.is_existing() => Ok(self.same_typed(left, symbol, slot)),
            (_, Some((_, function))) if self.is_existing() => Ok(self.search(left, function, modifier, slot)),
            _ => Err(Problem::new("PGRST127", "Feature not implemented").with_details(format!(
                "The operator '{name}' needs types that this database does not have."
            ))),
        }
    }

    /// `left op value`, the value being of the left side's type.
    pub(crate) fn same_typed(&mut self, left: Expr, symbol: &'static str, slot: SlotId) -> Expr {
        let slot = self.type_slot(slot, SlotType::Value(left.ty.clone().into()));
        let right = Expr::slot(slot, left.ty.clone());
        native(NativeOp::Operator(symbol), vec![left, right], Type::Bool)
    }

    /// `left @@ to_tsquery(language, value)`; what is no vector yet becomes one.
    fn search(&mut self, left: Expr, function: &str, language: Option<&str>, slot: SlotId) -> Expr {
        let slot = self.type_slot(slot, SlotType::Value(Type::Text.into()));
        let language = language.map(|language| {
            let configuration = NativeType::plain("pg_catalog", "regconfig", false);
            Expr::literal(Value::Text(language.to_owned()), configuration)
        });
        let is_vector =
            matches!(&left.ty, Type::Native(native) if matches!(native.kind, NativeKind::TextSearch));
        let vector = match is_vector {
            true => left,
            false => converted("to_tsvector", "tsvector", language.clone(), left),
        };
        let query = converted(function, "tsquery", language, Expr::slot(slot, Type::Text));
        native(NativeOp::Operator("@@"), vec![vector, query], Type::Bool)
    }

    /// The type that a cast of a select list names and that is no portable one.
    pub(crate) fn native_cast(&self, expr: Expr, name: &str) -> Expr {
        let (element, is_array) = match name.trim().strip_suffix("[]") {
            Some(element) => (element.trim_end(), true),
            None => (name.trim(), false),
        };
        let found = self.catalog.natives.iter().find(|native| native.name.eq_ignore_ascii_case(element));
        let ty = match found {
            Some(native) => Type::Native(native.clone()),
            None => NativeType::plain("", element.to_ascii_lowercase(), false),
        };
        let ty = if is_array { ty.array() } else { ty };
        Expr::new(ExprKind::Cast(Box::new(expr), ty.clone().into()), ty)
    }
}

/// Whether a type, or that of its elements, is one of the database's own.
pub(crate) fn is_native(ty: &Type) -> bool {
    matches!(ty.element().unwrap_or(ty), Type::Native(_))
}

fn native(op: NativeOp, args: Vec<Expr>, ty: Type) -> Expr {
    Expr::new(ExprKind::Native(Box::new(Native { op, args })), ty)
}

fn converted(function: &str, to: &str, language: Option<Expr>, value: Expr) -> Expr {
    let args = language.into_iter().chain([value]).collect();
    let op = NativeOp::Function("pg_catalog".to_owned(), function.to_owned());
    native(op, args, NativeType::plain("pg_catalog", to, false))
}

/// A row of a table as one value.
pub(crate) fn whole_row(table: &Table, row: &Relation<'_>) -> Expr {
    let args = (0..table.columns.len() as u32).map(|column| row.expr(column)).collect();
    let op = NativeOp::Row(table.schema.clone(), table.name.clone());
    native(op, args, NativeType::plain(table.schema.clone(), table.name.clone(), true))
}

/// The value that a function of the database has for a row.
pub(crate) fn value_of_row(function: &Function, row: Expr, ty: Type) -> Expr {
    native(NativeOp::Function(function.schema.clone(), function.name.clone()), vec![row], ty)
}

/// A call of a function of the database as a source of rows.
pub(crate) fn source_of_call(
    catalog: &Catalog,
    function: &Function,
    source: SourceId,
    arguments: &[Option<Expr>],
) -> FromItem {
    let mut call = NativeCall {
        schema: function.schema.clone(),
        name: function.name.clone(),
        names: Vec::new(),
        args: Vec::new(),
        variadic: false,
        columns: width(catalog, function),
    };
    for (argument, given) in function.arguments.iter().zip(arguments) {
        let Some(given) = given else { continue };
        call.names.push(Some(argument.name.clone()).filter(|name| !name.is_empty()));
        call.args.push(given.clone());
        call.variadic |= argument.variadic;
    }
    FromItem::Function { source, call: Box::new(call) }
}

/// The rows that a function of the database has for a row of a table.
pub(crate) fn source_of_row(catalog: &Catalog, function: &Function, source: SourceId, row: Expr) -> FromItem {
    let call = NativeCall {
        schema: function.schema.clone(),
        name: function.name.clone(),
        names: vec![None],
        args: vec![row],
        variadic: false,
        columns: width(catalog, function),
    };
    FromItem::Function { source, call: Box::new(call) }
}

/// How many columns the rows of a function have; `None` when nobody knows before it runs.
fn width(catalog: &Catalog, function: &Function) -> Option<u32> {
    match &function.returns {
        Returns::Void => Some(1),
        Returns::Scalar(ty) | Returns::SetOfScalar(ty) => match &ty.ty {
            Type::Native(native) if native.schema == "pg_catalog" && native.name == "record" => None,
            _ => Some(1),
        },
        Returns::Row(id) | Returns::SetOfTable(id) => Some(catalog.table(*id).columns.len() as u32),
        Returns::Table(columns) | Returns::RowOf(columns) => Some(columns.len() as u32),
    }
}
