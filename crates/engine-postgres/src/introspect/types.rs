//! The database's types as ours: portable where they mean the same, else native.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use mainstay_expr::{ColumnType, EnumType, Modifier, NativeKind, NativeType, Representation, Type};

use super::described::{self, Oid};

/// Nesting of composite types that is followed.
const DEPTH_MAX: usize = 16;

/// All types of a database by their numbers.
pub struct Types<'d> {
    by_oid: HashMap<Oid, &'d described::Type>,
    known: RefCell<HashMap<Oid, Type>>,
}

impl<'d> Types<'d> {
    /// The types as they are described.
    pub fn new(types: &'d [described::Type]) -> Self {
        let by_oid = types.iter().map(|ty| (ty.oid, ty)).collect();
        Self { by_oid, known: RefCell::default() }
    }

    /// What is said of a type.
    pub fn described(&self, oid: Oid) -> Option<&'d described::Type> {
        self.by_oid.get(&oid).copied()
    }

    /// A type with a modifier, as a column or an attribute has it. A domain is what it narrows.
    pub fn column(&self, oid: Oid, modifier: i32) -> ColumnType {
        let (mut oid, mut modifier) = (oid, modifier);
        while let Some(domain) = self.described(oid).filter(|ty| ty.kind == 'd') {
            (oid, modifier) = (domain.base, domain.modifier);
        }
        let ty = self.plain(oid, 0);
        let modifier = modifier_of(ty.element().unwrap_or(&ty), modifier);
        ColumnType { ty, modifier }
    }

    /// The type of a column that requests show and give in another form than the database has it in.
    pub fn represented(&self, oid: Oid) -> Option<ColumnType> {
        let ty = self.described(oid).filter(|ty| ty.kind == 'd')?;
        if ty.to_json.is_none() && ty.from_json.is_none() && ty.from_text.is_none() {
            return None;
        }
        let representation = Representation {
            base: self.of(oid).ty,
            to_json: ty.to_json.clone(),
            from_json: ty.from_json.clone(),
            from_text: ty.from_text.clone(),
        };
        let native = NativeType {
            schema: ty.schema.clone(),
            name: ty.name.clone(),
            kind: NativeKind::Represented(Box::new(representation)),
            has_json: true,
        };
        Some(Type::Native(Arc::new(native)).into())
    }

    /// A type without a modifier.
    pub fn of(&self, oid: Oid) -> ColumnType {
        self.column(oid, -1)
    }

    /// An array type of several dimensions, which is read and written by the database alone.
    pub fn nested(&self, oid: Oid) -> ColumnType {
        match (self.described(oid), self.of(oid).ty) {
            (Some(described), Type::Array(element)) => Type::Native(Arc::new(NativeType {
                schema: described.schema.clone(),
                name: described.name.clone(),
                kind: NativeKind::Nested((*element).clone()),
                has_json: true,
            }))
            .into(),
            (_, ty) => ty.into(),
        }
    }

    /// The types that casts of select lists can name beside the portable ones: none of tables, arrays or arguments.
    pub fn natives(&self) -> Vec<Arc<NativeType>> {
        let mut oids: Vec<&described::Type> = self.by_oid.values().copied().collect();
        oids.sort_by(|one, other| (&one.schema, &one.name).cmp(&(&other.schema, &other.name)));
        let named = oids.into_iter().filter(|ty| matches!(ty.kind, 'b' | 'r' | 'm' | 'c') && ty.element == 0);
        named
            .filter(|ty| !ty.is_row)
            .filter_map(|ty| match self.plain(ty.oid, 0) {
                Type::Native(native) => Some(native),
                _ => None,
            })
            .collect()
    }

    fn plain(&self, oid: Oid, depth: usize) -> Type {
        if let Some(known) = self.known.borrow().get(&oid) {
            return known.clone();
        }
        let ty = match self.described(oid) {
            Some(described) => self.read(described, depth),
            None => NativeType::plain("pg_catalog", "text", false),
        };
        self.known.borrow_mut().insert(oid, ty.clone());
        ty
    }

    fn read(&self, ty: &described::Type, depth: usize) -> Type {
        if ty.schema == "pg_catalog"
            && let Some(portable) = portable(&ty.name)
        {
            return portable;
        }
        match ty.kind {
            'd' => self.column(ty.oid, -1).ty,
            'e' => Type::Enum(Arc::new(EnumType {
                schema: ty.schema.clone(),
                name: ty.name.clone(),
                labels: ty.labels.clone(),
            })),
            _ if ty.element != 0 => self.plain(ty.element, depth).array(),
            _ => Type::Native(Arc::new(NativeType {
                schema: ty.schema.clone(),
                name: ty.name.clone(),
                kind: self.kind(ty, depth),
                has_json: ty.has_json || ty.kind == 'c' || ty.name == "record" && ty.kind == 'p',
            })),
        }
    }

    fn kind(&self, ty: &described::Type, depth: usize) -> NativeKind {
        if ty.kind == 'c' && depth < DEPTH_MAX {
            let attributes = ty.attributes.iter();
            return NativeKind::Composite(
                attributes.map(|it| (it.name.clone(), self.plain(it.ty, depth + 1))).collect(),
            );
        }
        match (ty.schema.as_str(), ty.name.as_str()) {
            ("pg_catalog", "tsvector") => NativeKind::TextSearch,
            _ => NativeKind::Plain,
        }
    }
}

/// The portable type of that name in `pg_catalog`.
fn portable(name: &str) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "int2" => Type::Int2,
        "int4" => Type::Int4,
        "int8" => Type::Int8,
        "float4" => Type::Float4,
        "float8" => Type::Float8,
        "numeric" => Type::Numeric,
        "text" => Type::Text,
        "varchar" => Type::Varchar,
        "bpchar" => Type::Bpchar,
        "uuid" => Type::Uuid,
        "date" => Type::Date,
        "time" => Type::Time,
        "timestamp" => Type::Timestamp,
        "timestamptz" => Type::Timestamptz,
        "interval" => Type::Interval,
        "json" => Type::Json,
        "jsonb" => Type::Jsonb,
        "bytea" => Type::Bytea,
        "void" => Type::Void,
        _ => return None,
    })
}

/// What `atttypmod` says of a type; nothing for types whose modifiers are their own affair.
fn modifier_of(ty: &Type, modifier: i32) -> Modifier {
    /// The length of a value's head, which some modifiers include.
    const HEAD: i32 = 4;
    match (ty, u32::try_from(modifier - HEAD)) {
        (Type::Varchar | Type::Bpchar, Ok(length)) => Modifier::Length(length),
        // A scale below zero rounds before the point; the database does that.
        (Type::Numeric, Ok(both)) if both & 0x400 == 0 => {
            Modifier::Precision((both >> 16) as u16, (both & 0x3FF) as u16)
        }
        (Type::Time | Type::Timestamp | Type::Timestamptz, _) => {
            u8::try_from(modifier).map_or(Modifier::None, Modifier::Seconds)
        }
        _ => Modifier::None,
    }
}
