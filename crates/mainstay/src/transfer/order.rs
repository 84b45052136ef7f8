//! In which order tables are filled, and the schema without the foreign keys that would stand in the way meanwhile.

use std::collections::BTreeSet;

use mainstay_catalog::{Catalog, ForeignKey, Table};
use mainstay_expr::TableId;
use mainstay_sql::{
    AlterTableAction, ColumnConstraintKind, ColumnDef, CommentTarget, QualifiedName, SourceFiles, Statement,
    TableConstraint, TableConstraintKind,
};

/// In which order tables are filled.
#[derive(Debug, PartialEq, Eq)]
pub struct LoadOrder {
    /// The base tables: each comes after those that it refers to, as far as they are not in a circle.
    pub tables: Vec<TableId>,
    /// The foreign keys that refer to rows which come later: those of a circle, and of a table to itself.
    late: Vec<LateKey>,
}

#[derive(Debug, PartialEq, Eq)]
struct LateKey {
    schema: String,
    table: String,
    name: String,
    columns: BTreeSet<String>,
}

impl LoadOrder {
    /// That of a schema.
    pub fn of(catalog: &Catalog) -> Self {
        let mut waiting: Vec<&Table> = catalog.tables.iter().filter(|table| !table.is_view()).collect();
        let (mut tables, mut late) = (Vec::new(), Vec::new());
        let mut placed = BTreeSet::new();
        while !waiting.is_empty() {
            let pending = |table: &Table| -> usize {
                let open = |key: &&ForeignKey| key.target != table.id && !placed.contains(&key.target);
                table.foreign_keys.iter().filter(open).count()
            };
            // In a circle somebody has to be first: who waits for the fewest.
            let next = (0..waiting.len()).min_by_key(|position| pending(waiting[*position])).unwrap_or(0);
            let table = waiting.remove(next);
            let is_late = |key: &&ForeignKey| !placed.contains(&key.target);
            late.extend(table.foreign_keys.iter().filter(is_late).map(|key| LateKey::new(table, key)));
            placed.insert(table.id);
            tables.push(table.id);
        }
        Self { tables, late }
    }

    /// The schema without the foreign keys that refer to rows which come later.
    pub fn without_late_keys(&self, schema: &str) -> String {
        if self.late.is_empty() {
            return schema.to_owned();
        }
        let files = SourceFiles::single("schema", schema.to_owned());
        let (mut statements, _) = mainstay_sql::read(&files);
        statements.retain_mut(|statement| self.keep(statement));
        mainstay_sql::print_statements(&statements)
    }

    /// Takes the keys out of a statement; `false` when nothing is left of it.
    fn keep(&self, statement: &mut Statement) -> bool {
        match statement {
            Statement::CreateTable(create) => {
                for column in &mut create.columns {
                    self.trim(&create.name, column);
                }
                create.constraints.retain(|constraint| !self.is_late(&create.name, constraint));
                true
            }
            Statement::AlterTable(alter) => {
                let name = &alter.name;
                alter.actions.retain_mut(|action| match action {
                    AlterTableAction::AddColumn { column, .. } => {
                        self.trim(name, column);
                        true
                    }
                    AlterTableAction::AddConstraint(constraint) => !self.is_late(name, constraint),
                    _ => true,
                });
                !alter.actions.is_empty()
            }
            Statement::Comment(comment) => match &comment.target {
                CommentTarget::Constraint { name, table } => {
                    !self.late_of(table).any(|key| key.name == name.text)
                }
                _ => true,
            },
            _ => true,
        }
    }

    fn trim(&self, table: &QualifiedName, column: &mut ColumnDef) {
        let name = column.name.text.clone();
        let is_late = self.late_of(table).any(|key| key.columns.len() == 1 && key.columns.contains(&name));
        if is_late {
            let references =
                |kind: &ColumnConstraintKind| matches!(kind, ColumnConstraintKind::References(_));
            column.constraints.retain(|constraint| !references(&constraint.kind));
        }
    }

    fn is_late(&self, table: &QualifiedName, constraint: &TableConstraint) -> bool {
        let TableConstraintKind::ForeignKey { columns, .. } = &constraint.kind else { return false };
        let columns: BTreeSet<_> = columns.iter().map(|column| column.text.clone()).collect();
        self.late_of(table).any(|key| key.columns == columns)
    }

    fn late_of<'k>(&'k self, table: &'k QualifiedName) -> impl Iterator<Item = &'k LateKey> {
        let schema = table.schema.as_ref().map_or("public", |schema| &schema.text);
        self.late.iter().filter(move |key| key.schema == schema && key.table == table.name.text)
    }
}

impl LateKey {
    fn new(table: &Table, key: &ForeignKey) -> Self {
        Self {
            schema: table.schema.clone(),
            table: table.name.clone(),
            name: key.name.clone(),
            columns: key.columns.iter().map(|column| table.column(*column).name.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(text: &str) -> Catalog {
        let (catalog, diagnostics) = mainstay_catalog::load(&SourceFiles::single("schema", text.to_owned()));
        catalog.unwrap_or_else(|| panic!("{diagnostics:?}"))
    }

    #[test]
    fn keys_of_circles_come_later_and_others_stay() {
        let text = "create table a (id int primary key, b int, up int references a);
            create table b (id int primary key, a int not null references a, c int references c (id));
            create table c (id int primary key);
            alter table a add constraint to_b foreign key (b) references b;
            comment on constraint to_b on a is 'the best';";
        let full = catalog(text);
        let order = LoadOrder::of(&full);
        let names: Vec<_> = order.tables.iter().map(|id| full.table(*id).name.as_str()).collect();
        assert_eq!(names, ["c", "a", "b"]);
        let partial = catalog(&order.without_late_keys(text));
        let keys = |name: &str| {
            let table = partial.tables.iter().find(|table| table.name == name).unwrap();
            table.foreign_keys.len()
        };
        assert_eq!((keys("a"), keys("b"), keys("c")), (0, 2, 0));
    }
}
