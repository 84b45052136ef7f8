//! What a database says of its tables.

/// A table or a view.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub name: String,
    pub is_view: bool,
    pub comment: String,
    pub columns: Vec<Column>,
    /// The primary key is named `PRIMARY`.
    pub indexes: Vec<Index>,
    pub foreign_keys: Vec<ForeignKey>,
    pub checks: Vec<Check>,
}

#[derive(Debug, Clone)]
pub(super) struct Column {
    pub name: String,
    /// The database's own words, such as `int(10) unsigned`; `json` for MariaDB's alias too.
    pub ty: String,
    /// Character set and collation.
    pub text: Option<(String, String)>,
    pub not_null: bool,
    pub default: Option<Default>,
    pub numbers_itself: bool,
    pub generated: Option<String>,
    pub comment: String,
}

/// What a column gets when a row does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Default {
    Literal(String),
    Expression(String),
}

#[derive(Debug, Clone)]
pub(super) struct Index {
    pub name: String,
    pub unique: bool,
    /// `BTREE`, `FULLTEXT` …
    pub method: String,
    pub parts: Vec<Part>,
}

/// A key of an index.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// There is none for an expression.
    pub column: Option<String>,
    /// Whether only the beginning of the values is in it.
    pub is_prefix: bool,
    pub descending: bool,
}

#[derive(Debug, Clone)]
pub(super) struct ForeignKey {
    pub name: String,
    pub columns: Vec<String>,
    /// There is none for a table of another database.
    pub target: Option<String>,
    pub target_columns: Vec<String>,
    pub on_delete: String,
    pub on_update: String,
}

#[derive(Debug, Clone)]
pub(super) struct Check {
    pub name: String,
    pub condition: String,
}

impl Table {
    /// Its primary key.
    pub fn primary_key(&self) -> Option<&Index> {
        self.indexes.iter().find(|index| index.name == PRIMARY)
    }

    /// A column by its name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl Index {
    /// Its columns, if it is made of whole columns only.
    pub fn columns(&self) -> Option<Vec<&str>> {
        let parts = self.parts.iter().map(|part| part.column.as_deref().filter(|_| !part.is_prefix));
        parts.collect()
    }
}

/// What every primary key is called.
pub(super) const PRIMARY: &str = "PRIMARY";
