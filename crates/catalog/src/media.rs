//! Media types that a database has itself: which of its functions make one document of the rows of an answer (PostgREST, "Media
//! Type Handlers").

use mainstay_expr::Type;

use crate::{Catalog, Returns};

/// The media type that stands for all of them.
pub const ANY_MEDIA: &str = "*/*";

/// What makes a document of a media type.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaHandler {
    /// The media type in lower case, or [`ANY_MEDIA`].
    pub media_type: String,
    /// What it makes a document of.
    pub of: Handled,
    /// The schema of the function.
    pub schema: String,
    /// The function's name.
    pub name: String,
    /// The type of the document: what the domain narrows that is named like the media type.
    pub ty: Type,
}

/// What a document is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handled {
    /// Rows of any kind, by an aggregate.
    Rows,
    /// Rows of any kind, by PostGIS: each is a GeoJSON feature.
    Features,
    /// Whole rows of one table, by an aggregate: its schema and name.
    RowsOf(String, String),
    /// Nothing: the value of the function itself is the document.
    Value,
}

/// Whose rows are asked for, by schema and name.
#[derive(Debug, Clone, Copy)]
pub enum Resource<'a> {
    /// A table or view.
    Table(&'a str, &'a str),
    /// A function.
    Function(&'a str, &'a str),
}

impl Catalog {
    /// What makes a document of a media type of a resource. `is_whole` says whether its rows are asked for as they are: a
    /// handler of its own knows no others, and goes before those of any rows.
    pub fn media_handler(
        &self,
        resource: Resource<'_>,
        media_type: &str,
        is_whole: bool,
    ) -> Option<&MediaHandler> {
        if self.media_handlers.is_empty() {
            return None;
        }
        let tables = self.tables_of(resource);
        let is_own = |handler: &&MediaHandler| match (&handler.of, resource) {
            (Handled::RowsOf(schema, name), _) => tables.contains(&(schema, name)),
            (Handled::Value, Resource::Function(schema, name)) => {
                handler.schema == schema && handler.name == name
            }
            _ => false,
        };
        let own = |wanted: &str| {
            let mut own = self.media_handlers.iter().filter(is_own).filter(|_| is_whole);
            own.find(|handler| handler.media_type == wanted)
        };
        let is_general = |handler: &&MediaHandler| matches!(handler.of, Handled::Rows | Handled::Features);
        let general = || {
            let mut general = self.media_handlers.iter().filter(is_general);
            general.find(|handler| handler.media_type == media_type)
        };
        own(ANY_MEDIA).or_else(|| own(media_type)).or_else(general)
    }

    /// The tables whose rows a resource has.
    fn tables_of<'a>(&'a self, resource: Resource<'a>) -> Vec<(&'a str, &'a str)> {
        match resource {
            Resource::Table(schema, name) => vec![(schema, name)],
            Resource::Function(schema, name) => self
                .find_functions(schema, name)
                .filter_map(|function| match function.returns {
                    Returns::Row(table) | Returns::SetOfTable(table) => Some(self.table(table)),
                    _ => None,
                })
                .map(|table| (table.schema.as_str(), table.name.as_str()))
                .collect(),
        }
    }
}
