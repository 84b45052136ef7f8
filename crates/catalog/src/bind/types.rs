//! Type names: built-in types, the user's enums and domains, modifiers and arrays.

use mainstay_expr::{ColumnType, Modifier, Type};
use mainstay_sql as sql;
use sql::Diagnostic;

use super::{Bind, Binder};
use crate::Catalog;
use crate::lookup::UserType;

/// A type name that was understood.
#[derive(Debug, Clone)]
pub(crate) struct NamedType {
    /// The type; a domain's base type.
    pub ty: ColumnType,
    /// The domain: position in [`Catalog::domains`].
    pub domain: Option<u32>,
}

const BUILT_IN: &[&str] = &[
    "int",
    "bool",
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "real",
    "numeric",
    "decimal",
    "text",
    "varchar",
    "char",
    "uuid",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
    "json",
    "jsonb",
    "bytea",
    "serial",
    "bigserial",
];

/// What a type name means. Types of other schemas than `public` need their schema's name.
pub(crate) fn named_type(catalog: &Catalog, written: &sql::TypeName) -> Result<NamedType, Box<Diagnostic>> {
    let name = &*written.name.name.text;
    let schema = written.name.schema.as_ref().map(|schema| &*schema.text);
    if written.array_depth > 1 {
        let message = "arrays of several dimensions are not supported";
        let help = "use an array of one dimension, or jsonb";
        return Err(Box::new(Diagnostic::error("unsupported", written.span, message).with_help(help)));
    }
    let found = match schema {
        None | Some("pg_catalog") => built_in(name, written)?,
        Some(_) => None,
    };
    let mut named = match found {
        Some(ty) => NamedType { ty, domain: None },
        None => user_type(catalog, schema.unwrap_or("public"), name, written)?,
    };
    if written.array_depth == 1 {
        if named.domain.is_some() {
            let message = format!("arrays of domains are not supported: \"{name}\" is a domain");
            let diagnostic = Diagnostic::error("unsupported", written.span, message);
            return Err(Box::new(diagnostic.with_help("use an array of its base type")));
        }
        named.ty.ty = named.ty.ty.array();
    }
    Ok(named)
}

fn user_type(
    catalog: &Catalog,
    schema: &str,
    name: &str,
    written: &sql::TypeName,
) -> Result<NamedType, Box<Diagnostic>> {
    let found = catalog.find_type(schema, name);
    if found.is_some() && !written.modifiers.is_empty() {
        let message = format!("type modifier is not allowed for type \"{name}\"");
        return Err(Box::new(Diagnostic::error("wrong-modifier", written.span, message)));
    }
    match found {
        Some(UserType::Enum(position)) => {
            let ty = Type::Enum(catalog.enums[position as usize].clone());
            Ok(NamedType { ty: ty.into(), domain: None })
        }
        Some(UserType::Domain(position)) => {
            let ty = catalog.domains[position as usize].base.clone();
            Ok(NamedType { ty, domain: Some(position) })
        }
        None => Err(Box::new(unknown_type(catalog, schema, name, written))),
    }
}

fn unknown_type(catalog: &Catalog, schema: &str, name: &str, written: &sql::TypeName) -> Diagnostic {
    if written.name.schema.as_ref().is_some_and(|_| !catalog.schemas.contains_key(schema)) {
        let message = format!("schema \"{schema}\" does not exist");
        return Diagnostic::error("unknown-schema", written.name.span, message);
    }
    if let Some(instead) = unsupported_type(name) {
        let message = format!("the type {name} is not supported");
        return Diagnostic::error("unsupported", written.span, message).with_help(instead);
    }
    let enums = catalog.enums.iter().map(|it| (&*it.schema, &*it.name));
    let domains = catalog.domains.iter().map(|it| (&*it.schema, &*it.name));
    let own: Vec<(&str, &str)> = enums.chain(domains).collect();
    let elsewhere = own.iter().find(|(other, own)| *own == name && *other != schema);
    let help = match elsewhere {
        Some((other, _)) => Some(format!("did you mean {other}.{name}?")),
        None => {
            let near = own.iter().filter(|(other, _)| *other == schema).map(|(_, own)| *own);
            sql::foreign_type(name)
                .map(str::to_owned)
                .or_else(|| super::suggestion(name, near.chain(BUILT_IN.iter().copied())))
        }
    };
    let message = format!("type \"{name}\" does not exist");
    Diagnostic::error("unknown-type", written.span, message).with_help_if(help)
}

/// PostgreSQL's types that Mainstay does not have, and what to write instead.
fn unsupported_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "money" => "use numeric(12,2)",
        "timetz" => "use time, or timestamptz",
        "citext" => "use text, and lower(…) where case must not matter",
        "xml" => "use text",
        "tsvector" | "tsquery" => "use text",
        "hstore" => "use jsonb",
        "inet" | "cidr" | "macaddr" | "macaddr8" => "use text",
        "bit" | "varbit" => "use bytea, or boolean",
        "name" | "oid" | "regclass" | "regproc" | "regtype" | "regrole" => "use text",
        "point" | "line" | "lseg" | "box" | "path" | "polygon" | "circle" | "geometry" | "geography" => {
            "use jsonb"
        }
        "vector" => "use real[]",
        "int4range" | "int8range" | "numrange" | "tsrange" | "tstzrange" | "daterange" => "use two columns",
        "record" | "anyelement" | "anyarray" | "trigger" => "name a type of its own",
        _ => return None,
    })
}

fn built_in(name: &str, written: &sql::TypeName) -> Result<Option<ColumnType>, Box<Diagnostic>> {
    let Some(ty) = Type::named(name) else { return Ok(None) };
    let modifiers = written.modifiers.as_slice();
    let wrong = |message: String| Box::new(Diagnostic::error("wrong-modifier", written.span, message));
    let modifier = match (&ty, modifiers) {
        // `char` alone is one character; `bpchar` alone has any length.
        (Type::Bpchar, []) if name != "bpchar" => Modifier::Length(1),
        (_, []) => Modifier::None,
        (Type::Varchar | Type::Bpchar, [length]) => match u32::try_from(*length) {
            Ok(length @ 1..=10_485_760) => Modifier::Length(length),
            Ok(0) | Err(_) => return Err(wrong(format!("length for type {name} must be at least 1"))),
            Ok(_) => return Err(wrong(format!("length for type {name} cannot exceed 10485760"))),
        },
        (Type::Numeric, [precision, rest @ ..]) if rest.len() <= 1 => {
            let scale = rest.first().copied().unwrap_or(0);
            match (u16::try_from(*precision), u16::try_from(scale)) {
                (Ok(precision @ 1..=1000), Ok(scale)) if scale <= precision => {
                    Modifier::Precision(precision, scale)
                }
                (Ok(1..=1000), _) => {
                    return Err(wrong(format!(
                        "NUMERIC scale {scale} must be between 0 and precision {precision}"
                    )));
                }
                _ => return Err(wrong(format!("NUMERIC precision {precision} must be between 1 and 1000"))),
            }
        }
        (Type::Time | Type::Timestamp | Type::Timestamptz | Type::Interval, [digits]) => {
            match u8::try_from(*digits) {
                Ok(digits @ 0..=6) => Modifier::Seconds(digits),
                _ => return Err(wrong(format!("{ty} precision {digits} must be between 0 and 6"))),
            }
        }
        // float(1..24) is real, float(25..53) double precision.
        (Type::Float8, [digits]) if name == "float" => {
            return match digits {
                1..=24 => Ok(Some(Type::Float4.into())),
                25..=53 => Ok(Some(Type::Float8.into())),
                _ => Err(wrong("precision for type float must be between 1 and 53".to_owned())),
            };
        }
        _ => return Err(wrong(format!("type modifier is not allowed for type \"{name}\""))),
    };
    Ok(Some(ColumnType { ty, modifier }))
}

impl Binder<'_> {
    /// The type that a cast or an argument names. Domains with rules of their own are refused there, since only columns
    /// keep them.
    pub fn cast_type(&mut self, written: &sql::TypeName) -> Bind<ColumnType> {
        let named =
            named_type(self.schema.catalog(), written).map_err(|diagnostic| self.fail(*diagnostic))?;
        if let Some(domain) = named.domain {
            let domain = &self.schema.catalog().domains[domain as usize];
            if domain.not_null || !domain.checks.is_empty() {
                let what = format!("the domain \"{}\" outside columns is", domain.name);
                let instead =
                    format!("use its base type {}: only columns keep the checks of a domain", domain.base);
                return Err(self.unsupported(written.span, &what, &instead));
            }
        }
        Ok(named.ty)
    }
}
