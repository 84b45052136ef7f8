//! COMMENT ON.

use mainstay_sql as sql;

use super::Resolver;
use crate::bind::Bind;
use crate::lookup::UserType;

impl Resolver<'_> {
    pub(super) fn resolve_comments(&mut self, statements: &[sql::Statement]) {
        for statement in statements {
            if let sql::Statement::Comment(it) = statement {
                let _ = self.comment(it);
            }
        }
    }

    fn comment(&mut self, it: &sql::Comment) -> Bind<()> {
        let text = it.text.clone();
        match &it.target {
            sql::CommentTarget::Table(name) => {
                let table = self.base_table(name)?;
                self.table_mut(table).comment = text;
            }
            sql::CommentTarget::View(name) => {
                let view = self.relation(name)?;
                if !self.catalog.table(view).is_view() {
                    return Err(self.error(
                        "not-a-view",
                        name.span,
                        format!("\"{}\" is not a view", name.name.text),
                    ));
                }
                self.table_mut(view).comment = text;
            }
            sql::CommentTarget::Column(path) => {
                let table = self.relation(&path.table)?;
                let position = self.column(table, &path.column)?;
                self.table_mut(table).columns[position as usize].comment = text;
            }
            sql::CommentTarget::Function(signature) => {
                let function = self.function_named(signature)?;
                self.catalog.functions[function.0 as usize].comment = text;
            }
            sql::CommentTarget::Domain(name) | sql::CommentTarget::Type(name) => {
                self.comment_on_type(name, text)?
            }
            sql::CommentTarget::Schema(name) => {
                let Some(comment) = self.catalog.schemas.get_mut(&name.text) else {
                    let message = format!("schema \"{}\" does not exist", name.text);
                    return Err(self.error("unknown-schema", name.span, message));
                };
                *comment = text;
            }
            sql::CommentTarget::Policy { name, table } => {
                let declared = self.base_table(table)?;
                let declared = self.catalog.table(declared);
                if declared.policies.iter().all(|policy| policy.name != name.text) {
                    let message =
                        format!("policy \"{}\" for table \"{}\" does not exist", name.text, declared.name);
                    return Err(self.error("unknown-policy", name.span, message));
                }
            }
            sql::CommentTarget::Constraint { name, table } => {
                let owner = self.relation(table)?;
                if !self.table_constraints.contains(&(owner, name.text.clone())) {
                    let owner = &self.catalog.table(owner).name;
                    let message =
                        format!("constraint \"{}\" for table \"{owner}\" does not exist", name.text);
                    return Err(self.error("unknown-constraint", name.span, message));
                }
            }
            // These have no place for a comment, and lose nothing by that.
            sql::CommentTarget::Index(_)
            | sql::CommentTarget::Sequence(_)
            | sql::CommentTarget::Extension(_)
            | sql::CommentTarget::Database(_) => {}
        }
        Ok(())
    }

    fn comment_on_type(&mut self, name: &sql::QualifiedName, text: Option<String>) -> Bind<()> {
        let schema = name.schema.as_ref().map_or("public", |schema| &schema.text);
        match self.catalog.find_type(schema, &name.name.text) {
            Some(UserType::Domain(position)) => self.catalog.domains[position as usize].comment = text,
            Some(UserType::Enum(_)) => {}
            None => {
                let message = format!("type \"{}\" does not exist", name.name.text);
                return Err(self.error("unknown-type", name.span, message));
            }
        }
        Ok(())
    }
}
