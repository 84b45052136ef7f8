//! The data of a catalog: plain structures, built once by the resolver and then only read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mainstay_expr::{ColumnType, EnumType, Expr, ExprKind, NativeType, Role, Select, TableId, Volatility};

use crate::lineage::Projection;
use crate::lookup::Names;
use crate::media::MediaHandler;
use crate::{Calls, Relationship};

/// A whole schema. Immutable; shared as `Arc<Catalog>`; a changed schema is a new catalog.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Distinguishes catalogs: a hash of the canonical SQL text.
    pub version: u64,
    /// Where it comes from.
    pub source: Source,
    /// The schemas by name, with their comments.
    pub schemas: BTreeMap<String, Option<String>>,
    /// Tables and views; a [`TableId`] is a position here.
    pub tables: Vec<Table>,
    /// Functions; a [`FunctionId`] is a position here.
    pub functions: Vec<Function>,
    /// Enumerated types, in declared order.
    pub enums: Vec<Arc<EnumType>>,
    /// Domains, in declared order.
    pub domains: Vec<DomainType>,
    /// Types that only an existing database knows.
    pub natives: Vec<Arc<NativeType>>,
    /// What makes documents of media types that the database has itself.
    pub media_handlers: Vec<MediaHandler>,
    /// The relationships that requests may embed by, both directions, grouped by origin.
    pub relationships: Vec<Relationship>,
    /// Which functions are called where.
    pub calls: Calls,
    /// Roles beyond the three that always exist.
    pub roles: BTreeSet<String>,
    /// Where the names lead; [`Catalog::reindex`] rebuilds it.
    pub(crate) names: Names,
}

/// Where a catalog comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// From schema/*.sql: views and functions are known to us only, text compares bytewise.
    #[default]
    Declared,
    /// From a database that exists already: it has its own views, functions, collations, privileges and policies, and keeps them.
    Existing,
    /// From schema/*.sql, over the tables of a database that exists already and keeps them in its own way.
    Adopted,
}

/// A table or a view.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its position in the catalog.
    pub id: TableId,
    /// Its schema's name.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// A base table, or a view with its query.
    pub kind: TableKind,
    /// The columns in declared order.
    pub columns: Vec<Column>,
    /// PRIMARY KEY
    pub primary_key: Option<Key>,
    /// UNIQUE constraints.
    pub uniques: Vec<Key>,
    /// CHECK constraints, those of domains included.
    pub checks: Vec<Check>,
    /// FOREIGN KEY constraints.
    pub foreign_keys: Vec<ForeignKey>,
    /// Indexes that are not constraints.
    pub indexes: Vec<Index>,
    /// Whether row-level security is enabled. A table without is closed to every role that does not bypass it.
    pub row_security: bool,
    /// The policies.
    pub policies: Vec<Policy>,
    /// What roles were granted.
    pub grants: Grants,
    /// COMMENT ON
    pub comment: Option<String>,
}

/// What a table is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum TableKind {
    /// Rows of its own.
    Base,
    /// A query over other tables.
    View(ViewDef),
    /// A relation of an existing database, which knows itself what it is made of.
    Native(NativeTable),
}

/// A relation of an existing database. Its privileges and policies are the database's.
#[derive(Debug, Clone, PartialEq)]
pub struct NativeTable {
    /// What it is.
    pub kind: NativeTableKind,
    /// Whether rows can be added.
    pub insertable: bool,
    /// Whether rows can be changed.
    pub updatable: bool,
    /// Whether rows can be removed.
    pub deletable: bool,
    /// For a view: the tables whose columns it shows unchanged, one for each appearance.
    pub shows: Vec<Projection>,
}

/// The kinds of relations of an existing database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NativeTableKind {
    /// A table, partitioned or not.
    Table,
    /// A view.
    View,
    /// A materialized view.
    Materialized,
    /// A foreign table.
    Foreign,
}

/// A view's query.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewDef {
    /// Its items are the view's columns, in order. Its tables carry the rights of the view: the invoker's with
    /// `security_invoker`, else the definer's.
    pub select: Select,
    /// WITH (security_invoker = true)
    pub security_invoker: bool,
    /// For a view over one table without grouping, set operators, DISTINCT, LIMIT: that table, and for each of the view's columns
    /// the table's column it shows. Such a view can be written to.
    pub updatable: Option<(TableId, Vec<Option<u32>>)>,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type; a domain is its base type here.
    pub ty: ColumnType,
    /// The domain it was declared with: position in [`Catalog::domains`].
    pub domain: Option<u32>,
    /// NOT NULL, or part of the primary key.
    pub not_null: bool,
    /// What it gets when a row does not say.
    pub default: ColumnDefault,
    /// COMMENT ON
    pub comment: Option<String>,
    /// In a catalog that is [adopted](Source::Adopted): the type that the database keeps it in, in the database's own words.
    pub native: Option<String>,
}

/// Where a missing value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnDefault {
    /// NULL.
    None,
    /// An expression without columns, of the column's type.
    Expr(Expr),
    /// The next number: identity and serial columns.
    Identity(Identity),
    /// GENERATED ALWAYS AS (…) STORED: an expression over the row ([`SourceId::ROW`](mainstay_expr::SourceId::ROW)).
    Generated(Expr),
    /// What an existing database puts there itself: the text of its expression.
    Native(String),
}

/// An identity or serial column's sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// GENERATED ALWAYS: a given value is an error (428C9). Serial columns and BY DEFAULT accept one.
    pub always: bool,
    /// First value.
    pub start: i64,
    /// Step.
    pub increment: i64,
}

/// A list of columns that is unique: the primary key or a UNIQUE constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The constraint's name.
    pub name: String,
    /// Column positions in the constraint's order.
    pub columns: Vec<u32>,
    /// NULLS NOT DISTINCT
    pub nulls_not_distinct: bool,
}

/// A CHECK constraint: an expression over the row; FALSE forbids it.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The constraint's name.
    pub name: String,
    /// A boolean over [`SourceId::ROW`](mainstay_expr::SourceId::ROW).
    pub expr: Expr,
    /// When it comes from a domain: that domain's name, for the error message.
    pub domain: Option<String>,
}

/// A FOREIGN KEY constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The constraint's name.
    pub name: String,
    /// The referencing columns.
    pub columns: Vec<u32>,
    /// The referenced table.
    pub target: TableId,
    /// The referenced columns, matching `columns`.
    pub target_columns: Vec<u32>,
    /// ON DELETE
    pub on_delete: ReferentialAction,
    /// ON UPDATE
    pub on_update: ReferentialAction,
    /// DEFERRABLE
    pub deferrable: bool,
    /// INITIALLY DEFERRED
    pub initially_deferred: bool,
}

/// What happens to referencing rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferentialAction {
    /// Refused when the statement (or transaction, if deferred) ends.
    NoAction,
    /// Refused at once.
    Restrict,
    /// Followed.
    Cascade,
    /// Set to NULL.
    SetNull,
    /// Set to the default.
    SetDefault,
}

impl ReferentialAction {
    /// As SQL says it.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::NoAction => "NO ACTION",
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::SetDefault => "SET DEFAULT",
        }
    }
}

/// An index that is no constraint.
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Whether it forbids equal keys.
    pub unique: bool,
    /// NULLS NOT DISTINCT
    pub nulls_not_distinct: bool,
    /// The keys in order.
    pub keys: Vec<IndexKey>,
    /// WHERE: a boolean over the row.
    pub filter: Option<Expr>,
}

/// One key of an index.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexKey {
    /// A column or another expression over the row.
    pub expr: Expr,
    /// DESC
    pub descending: bool,
    /// NULLS FIRST
    pub nulls_first: bool,
}

/// What a policy or a privilege is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Command {
    /// SELECT
    Select,
    /// INSERT
    Insert,
    /// UPDATE
    Update,
    /// DELETE
    Delete,
}

/// A row-level security policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its name, unique in its table.
    pub name: String,
    /// PERMISSIVE (any of them lets a row through) or RESTRICTIVE (all of them must).
    pub permissive: bool,
    /// The command, or all of them.
    pub command: Option<Command>,
    /// The roles it is for; empty for PUBLIC.
    pub roles: Vec<Role>,
    /// Which existing rows: over [`SourceId::ROW`](mainstay_expr::SourceId::ROW).
    pub using: Option<Expr>,
    /// Which new rows; when absent, `using` stands in for it.
    pub with_check: Option<Expr>,
}

/// The privileges on a table, by role. A role that no GRANT names has all of them: policies decide.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants(
    /// By role name; PUBLIC is resolved into the roles it covers.
    pub BTreeMap<String, Privileges>,
);

/// What one role may do with one table. A verb maps to the columns it covers, `None` meaning all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Privileges(
    /// A command that is absent is not allowed. DELETE has no columns.
    pub BTreeMap<Command, Option<BTreeSet<u32>>>,
);

/// A function: position in [`Catalog::functions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionId(pub u32);

/// What a function does.
#[derive(Debug, Clone, PartialEq)]
pub enum FunctionBody {
    /// One SELECT, which is inlined where the function is called: arguments are
    /// [`Input::Argument`](mainstay_expr::Input::Argument); its tables carry the definer's rights when it is SECURITY DEFINER. Its
    /// items match what it returns, casts inserted.
    Sql(Box<Select>),
    /// Known to the database that it lives in, which runs it.
    Native(NativeBody),
}

/// A function that its database runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NativeBody {
    /// ROWS 1: a set that has one row at most.
    pub one_row: bool,
    /// Its SET clauses that hold for the whole transaction of a call, by their names.
    pub settings: Vec<(String, String)>,
}

/// A function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its position in the catalog.
    pub id: FunctionId,
    /// Its schema's name.
    pub schema: String,
    /// Its name; several functions may share it.
    pub name: String,
    /// Its arguments in order.
    pub arguments: Vec<Argument>,
    /// For a function of one row (a computed field or relationship): the table whose row it takes. `arguments` is then
    /// empty, and the body speaks of the row as [`SourceId::ROW`](mainstay_expr::SourceId::ROW).
    pub row: Option<TableId>,
    /// What it returns.
    pub returns: Returns,
    /// What it does.
    pub body: FunctionBody,
    /// IMMUTABLE, STABLE, VOLATILE
    pub volatility: Volatility,
    /// STRICT: NULL as soon as an argument is NULL.
    pub strict: bool,
    /// SECURITY DEFINER
    pub security_definer: bool,
    /// The roles that may call it; `None` for everyone.
    pub execute: Option<BTreeSet<String>>,
    /// COMMENT ON
    pub comment: Option<String>,
}

/// A function's argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name; empty for an unnamed one.
    pub name: String,
    /// Its type; the array type for a VARIADIC one.
    pub ty: ColumnType,
    /// DEFAULT
    pub default: Option<Expr>,
    /// Whether an existing database has a default for it.
    pub native_default: bool,
    /// VARIADIC
    pub variadic: bool,
}

impl Argument {
    /// Whether a call may leave it out.
    pub fn is_optional(&self) -> bool {
        self.default.is_some() || self.native_default || self.variadic
    }
}

/// What a function returns.
#[derive(Debug, Clone, PartialEq)]
pub enum Returns {
    /// Nothing.
    Void,
    /// One value.
    Scalar(ColumnType),
    /// Several values.
    SetOfScalar(ColumnType),
    /// One row of a table's type, or NULL.
    Row(TableId),
    /// Rows of a table's type.
    SetOfTable(TableId),
    /// `RETURNS TABLE (…)`: rows with these columns.
    Table(Vec<(String, ColumnType)>),
    /// One row with these columns: OUT and INOUT arguments, composite types.
    RowOf(Vec<(String, ColumnType)>),
}

/// A domain.
#[derive(Debug, Clone, PartialEq)]
pub struct DomainType {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// What it narrows.
    pub base: ColumnType,
    /// NOT NULL
    pub not_null: bool,
    /// DEFAULT
    pub default: Option<Expr>,
    /// CHECKs: the value is column 0 of [`SourceId::ROW`](mainstay_expr::SourceId::ROW).
    pub checks: Vec<Check>,
    /// COMMENT ON
    pub comment: Option<String>,
}

/// Any constraint of a table, for looking one up by name.
#[derive(Debug, Clone, Copy)]
pub enum Constraint<'a> {
    /// PRIMARY KEY
    PrimaryKey(&'a Key),
    /// UNIQUE
    Unique(&'a Key),
    /// CHECK
    Check(&'a Check),
    /// FOREIGN KEY
    ForeignKey(&'a ForeignKey),
}

impl Catalog {
    /// The table with that number.
    pub fn table(&self, id: TableId) -> &Table {
        &self.tables[id.0 as usize]
    }

    /// The function with that number.
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.0 as usize]
    }
}

impl Function {
    /// Whether it is declared to return one row at most, though it returns a set.
    pub fn has_one_row(&self) -> bool {
        matches!(&self.body, FunctionBody::Native(body) if body.one_row)
    }

    /// Its body, when it is one that is inlined.
    pub fn inlined(&self) -> Option<&Select> {
        match &self.body {
            FunctionBody::Sql(body) => Some(body),
            FunctionBody::Native(_) => None,
        }
    }
}

impl Index {
    /// Its columns, unless a key of it is another expression.
    pub fn columns(&self) -> Option<Vec<u32>> {
        self.keys.iter().map(IndexKey::column).collect()
    }
}

impl IndexKey {
    /// The column that it is, unless it is another expression.
    pub fn column(&self) -> Option<u32> {
        match self.expr.kind {
            ExprKind::Column(column) => Some(column.column),
            _ => None,
        }
    }
}

impl Table {
    /// Whether a primary key, a unique constraint or a unique index of all rows has exactly these columns, in any order.
    pub fn is_key(&self, columns: &[u32]) -> bool {
        let same =
            |key: &[u32]| key.len() == columns.len() && key.iter().all(|column| columns.contains(column));
        let indexes = self.indexes.iter().filter(|index| index.unique && index.filter.is_none());
        let mut keys = self.primary_key.iter().chain(&self.uniques);
        keys.any(|key| same(&key.columns)) || indexes.filter_map(Index::columns).any(|key| same(&key))
    }

    /// The position of the column with that name.
    pub fn column_position(&self, name: &str) -> Option<u32> {
        self.columns.iter().position(|column| column.name == name).map(|position| position as u32)
    }

    /// The column at that position.
    pub fn column(&self, position: u32) -> &Column {
        &self.columns[position as usize]
    }

    /// Whether rows can be added to, changed in and removed from it, whoever asks.
    pub fn takes(&self, command: Command) -> bool {
        match (&self.kind, command) {
            (_, Command::Select) | (TableKind::Base, _) => true,
            (TableKind::View(view), _) => view.updatable.is_some(),
            (TableKind::Native(native), Command::Insert) => native.insertable,
            (TableKind::Native(native), Command::Update) => native.updatable,
            (TableKind::Native(native), Command::Delete) => native.deletable,
        }
    }

    /// The constraint of that name.
    pub fn constraint(&self, name: &str) -> Option<Constraint<'_>> {
        let key = self.primary_key.as_ref().filter(|key| key.name == name).map(Constraint::PrimaryKey);
        let unique = || self.uniques.iter().find(|key| key.name == name).map(Constraint::Unique);
        let check = || self.checks.iter().find(|check| check.name == name).map(Constraint::Check);
        let foreign = || self.foreign_keys.iter().find(|key| key.name == name).map(Constraint::ForeignKey);
        key.or_else(unique).or_else(check).or_else(foreign)
    }

    /// Whether it is a view.
    pub fn is_view(&self) -> bool {
        use NativeTableKind::{Materialized, View};
        match &self.kind {
            TableKind::Base => false,
            TableKind::View(_) => true,
            TableKind::Native(native) => matches!(native.kind, View | Materialized),
        }
    }
}

impl Grants {
    /// Whether a role may use a command on the table, on some column at least.
    pub fn allows(&self, role: &Role, command: Command) -> bool {
        self.0.get(role.name()).is_none_or(|privileges| privileges.0.contains_key(&command))
    }

    /// Whether a role may use a command on that column.
    pub fn allows_column(&self, role: &Role, command: Command, column: u32) -> bool {
        match self.0.get(role.name()) {
            None => true,
            Some(privileges) => match privileges.0.get(&command) {
                None => false,
                Some(None) => true,
                Some(Some(columns)) => columns.contains(&column),
            },
        }
    }
}
