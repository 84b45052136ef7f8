//! A description as a catalog: relations that the database knows the inside of, functions that it runs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mainstay_catalog::{
    Argument, Catalog, Column, ColumnDefault, Command, ForeignKey, Function, FunctionBody, FunctionId,
    Grants, Handled, Key, MediaHandler, NativeBody, NativeTable, NativeTableKind, Projection,
    ReferentialAction, Returns, Source, Table, TableKind, Volatility,
};
use mainstay_expr::{TableId, Type};

use super::described::{self, Description, Oid};
use super::lineage::{Shown, shown};
use super::types::Types;

/// Bits of `pg_relation_is_updatable`.
const UPDATABLE: i32 = 1 << 2;
const INSERTABLE: i32 = 1 << 3;
const DELETABLE: i32 = 1 << 4;
/// How many views may stand upon one another.
const VIEWS_MAX: usize = 32;

/// The catalog of a described database. `hoisted` are the settings of functions that hold for the whole transaction of a call.
pub fn catalog(description: &Description, hoisted: &[String]) -> Catalog {
    let types = Types::new(&description.types);
    let relations = Relations::new(description);
    let mut catalog = Catalog::default();
    catalog.version = version(description, hoisted);
    catalog.source = Source::Existing;
    catalog.schemas = description.schemas.iter().map(|it| (it.name.clone(), it.comment.clone())).collect();
    catalog.natives = types.natives();
    catalog.media_handlers =
        description.media_handlers.iter().filter_map(|it| media_handler(it, &relations, &types)).collect();
    catalog.roles = description.roles.iter().cloned().collect();
    for ty in description.types.iter().filter(|ty| ty.kind == 'e') {
        if let Type::Enum(found) = types.of(ty.oid).ty {
            catalog.enums.push(found);
        }
    }
    let mut grants = grants(description, &relations);
    for relation in &description.relations {
        let table = table(relation, &relations, &types, grants.remove(&relation.oid).unwrap_or_default());
        catalog.tables.push(table);
    }
    for described in &description.functions {
        if let Some(function) =
            function(described, &relations, &types, hoisted, catalog.functions.len() as u32)
        {
            catalog.functions.push(function);
        }
    }
    catalog.relate();
    catalog
}

/// Two descriptions that are the same have the same number.
fn version(description: &Description, hoisted: &[String]) -> u64 {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    hasher.write(format!("{description:?} {hoisted:?}").as_bytes());
    hasher.finish()
}

/// Relations by their numbers.
struct Relations<'d> {
    by_oid: HashMap<Oid, (TableId, &'d described::Relation)>,
    /// What views show.
    shown: HashMap<Oid, Vec<Shown>>,
}

impl<'d> Relations<'d> {
    fn new(description: &'d Description) -> Self {
        let numbered = (0..).zip(&description.relations);
        let by_oid = numbered.map(|(id, relation)| (relation.oid, (TableId(id), relation))).collect();
        let queries = description.relations.iter();
        let shown = queries.filter_map(|view| Some((view.oid, shown(view.query.as_ref()?)))).collect();
        Self { by_oid, shown }
    }

    fn id(&self, oid: Oid) -> Option<TableId> {
        self.by_oid.get(&oid).map(|(id, _)| *id)
    }

    /// The positions of columns by their numbers.
    fn positions(&self, oid: Oid, numbers: &[i16]) -> Option<Vec<u32>> {
        let (_, relation) = self.by_oid.get(&oid)?;
        let position = |number: &i16| relation.columns.iter().position(|column| column.number == *number);
        numbers.iter().map(|number| Some(position(number)? as u32)).collect()
    }

    /// The tables whose columns a view shows, through other views too; each appearance for itself.
    fn projections(&self, view: Oid) -> Vec<Projection> {
        let mut appearances: BTreeMap<(Oid, Vec<u32>), BTreeMap<u32, u32>> = BTreeMap::new();
        for shown in self.shown.get(&view).into_iter().flatten() {
            let Some((table, column, way)) = self.origin(*shown) else { continue };
            let Some(position) = self.positions(view, &[shown.column]) else { continue };
            let Some(original) = self.positions(table, &[column]) else { continue };
            appearances.entry((table, way)).or_default().entry(original[0]).or_insert(position[0]);
        }
        let found = appearances.into_iter();
        found.filter_map(|((oid, _), columns)| Some(Projection { table: self.id(oid)?, columns })).collect()
    }

    /// The table and column behind a column of a view, and the sources on the way there.
    fn origin(&self, shown: Shown) -> Option<(Oid, i16, Vec<u32>)> {
        let mut way = vec![shown.source];
        let mut at = shown;
        for _ in 0..VIEWS_MAX {
            let Some(view) = self.shown.get(&at.relation) else {
                return Some((at.relation, at.original, way));
            };
            at = *view.iter().find(|below| below.column == at.original)?;
            way.push(at.source);
        }
        None
    }
}

fn table(
    relation: &described::Relation,
    relations: &Relations<'_>,
    types: &Types<'_>,
    grants: Grants,
) -> Table {
    let kind = match relation.kind {
        'v' => NativeTableKind::View,
        'm' => NativeTableKind::Materialized,
        'f' => NativeTableKind::Foreign,
        _ => NativeTableKind::Table,
    };
    let native = NativeTable {
        kind,
        insertable: relation.writable & INSERTABLE != 0,
        updatable: relation.writable & UPDATABLE != 0,
        deletable: relation.writable & DELETABLE != 0,
        shows: relations.projections(relation.oid),
    };
    let key = |key: &described::Key| {
        let columns = relations.positions(relation.oid, &key.columns)?;
        Some(Key { name: key.name.clone(), columns, nulls_not_distinct: false })
    };
    Table {
        id: relations.id(relation.oid).unwrap_or(TableId(0)),
        schema: relation.schema.clone(),
        name: relation.name.clone(),
        kind: TableKind::Native(native),
        columns: relation.columns.iter().map(|it| column(it, types)).collect(),
        primary_key: relation.keys.iter().find(|it| it.is_primary).and_then(key),
        uniques: relation.keys.iter().filter(|it| !it.is_primary).filter_map(key).collect(),
        checks: Vec::new(),
        foreign_keys: relation
            .foreign_keys
            .iter()
            .filter_map(|it| foreign_key(relation.oid, it, relations))
            .collect(),
        indexes: Vec::new(),
        row_security: relation.row_security,
        policies: Vec::new(),
        grants,
        comment: relation.comment.clone(),
    }
}

fn column(column: &described::Column, types: &Types<'_>) -> Column {
    let default = match (&column.default, column.is_identity) {
        (Some(default), _) => ColumnDefault::Native(default.clone()),
        (None, true) => ColumnDefault::Native(String::new()),
        (None, false) => ColumnDefault::None,
    };
    Column {
        name: column.name.clone(),
        ty: match column.dimensions {
            0 | 1 => types.represented(column.ty).unwrap_or_else(|| types.column(column.ty, column.modifier)),
            _ => types.nested(column.ty),
        },
        domain: None,
        not_null: column.not_null,
        default,
        comment: column.comment.clone(),
        native: None,
    }
}

fn foreign_key(oid: Oid, key: &described::ForeignKey, relations: &Relations<'_>) -> Option<ForeignKey> {
    let action = |letter| match letter {
        'r' => ReferentialAction::Restrict,
        'c' => ReferentialAction::Cascade,
        'n' => ReferentialAction::SetNull,
        'd' => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    };
    Some(ForeignKey {
        name: key.name.clone(),
        columns: relations.positions(oid, &key.columns)?,
        target: relations.id(key.target)?,
        target_columns: relations.positions(key.target, &key.target_columns)?,
        on_delete: action(key.on_delete),
        on_update: action(key.on_update),
        deferrable: key.is_deferrable,
        initially_deferred: key.is_deferred,
    })
}

/// A maker of documents; `None` for an aggregate of something else than rows.
fn media_handler(
    described: &described::MediaHandler,
    relations: &Relations<'_>,
    types: &Types<'_>,
) -> Option<MediaHandler> {
    let of = match (described.kind, types.described(described.argument)) {
        ('f', _) => Handled::Value,
        ('g', _) => Handled::Features,
        (_, Some(ty)) if ty.name == "anyelement" && ty.kind == 'p' => Handled::Rows,
        (_, Some(ty)) => {
            let (_, relation) = relations.by_oid.get(&ty.relation)?;
            Handled::RowsOf(relation.schema.clone(), relation.name.clone())
        }
        _ => return None,
    };
    let (media_type, schema) = (described.media_type.clone(), described.schema.clone());
    Some(MediaHandler {
        media_type,
        of,
        schema,
        name: described.name.clone(),
        ty: types.of(described.base).ty,
    })
}

/// What roles may do, by relation. A role that may do nothing with it stands there with nothing.
fn grants(description: &Description, relations: &Relations<'_>) -> HashMap<Oid, Grants> {
    let nobody = || Grants(description.roles.iter().map(|role| (role.clone(), Default::default())).collect());
    let mut found: HashMap<Oid, Grants> =
        description.relations.iter().map(|relation| (relation.oid, nobody())).collect();
    for privilege in &description.privileges {
        let command = match privilege.verb.as_str() {
            "SELECT" => Command::Select,
            "INSERT" => Command::Insert,
            "UPDATE" => Command::Update,
            _ => Command::Delete,
        };
        let columns = privilege.columns.as_ref().map(|numbers| {
            let positions = relations.positions(privilege.relation, numbers).unwrap_or_default();
            positions.into_iter().collect::<BTreeSet<u32>>()
        });
        if let Some(grants) = found.get_mut(&privilege.relation) {
            grants.0.entry(privilege.role.clone()).or_default().0.insert(command, columns);
        }
    }
    found
}

/// A function; `None` for one whose arguments no request can give.
fn function(
    described: &described::Function,
    relations: &Relations<'_>,
    types: &Types<'_>,
    hoisted: &[String],
    id: u32,
) -> Option<Function> {
    let given: Vec<&described::Argument> =
        described.arguments.iter().filter(|it| matches!(it.mode, 'i' | 'b' | 'v')).collect();
    let is_pseudo = |ty: Oid| types.described(ty).is_none_or(|ty| ty.kind == 'p');
    if given.iter().any(|argument| is_pseudo(argument.ty)) {
        return None;
    }
    let row = match given.as_slice() {
        [only] => types.described(only.ty).and_then(|ty| relations.id(ty.relation)),
        _ => None,
    };
    let first_default = given.len().saturating_sub(described.defaults);
    let arguments = given.iter().enumerate().map(|(position, argument)| Argument {
        name: argument.name.clone().unwrap_or_default(),
        ty: types.of(argument.ty),
        default: None,
        native_default: position >= first_default,
        variadic: argument.mode == 'v',
    });
    let arguments = if row.is_some() { Vec::new() } else { arguments.collect() };
    let settings = described.settings.iter().filter_map(|setting| setting.split_once('='));
    let settings = settings.filter(|(name, _)| hoisted.iter().any(|it| it.eq_ignore_ascii_case(name)));
    Some(Function {
        id: FunctionId(id),
        schema: described.schema.clone(),
        name: described.name.clone(),
        arguments,
        row,
        returns: returns(described, relations, types),
        body: FunctionBody::Native(NativeBody {
            one_row: described.rows == 1.0,
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        }),
        volatility: match described.volatility {
            'i' => Volatility::Immutable,
            's' => Volatility::Stable,
            _ => Volatility::Volatile,
        },
        strict: described.is_strict,
        security_definer: described.is_definer,
        execute: Some(described.callers.iter().cloned().collect()),
        comment: described.comment.clone(),
    })
}

fn returns(described: &described::Function, relations: &Relations<'_>, types: &Types<'_>) -> Returns {
    let is_set = described.is_set;
    let results: Vec<_> = described
        .arguments
        .iter()
        .filter(|it| matches!(it.mode, 'o' | 'b' | 't'))
        .enumerate()
        .map(|(position, it)| {
            // What PostgreSQL calls a result without a name.
            let name = it.name.clone().unwrap_or_else(|| format!("column{}", position + 1));
            (name, types.of(it.ty))
        })
        .collect();
    let rows_of = |columns| if is_set { Returns::Table(columns) } else { Returns::RowOf(columns) };
    if !results.is_empty() {
        return rows_of(results);
    }
    let ty = types.described(described.returns);
    let table = ty.filter(|ty| ty.kind == 'c').and_then(|ty| relations.id(ty.relation));
    match (types.of(described.returns), table) {
        (_, Some(table)) if is_set => Returns::SetOfTable(table),
        (_, Some(table)) => Returns::Row(table),
        (ty, None) if ty.ty == Type::Void => Returns::Void,
        (ty, None) => match ty.ty {
            Type::Native(ref native) => match &native.kind {
                mainstay_expr::NativeKind::Composite(attributes) => {
                    rows_of(attributes.iter().map(|(name, ty)| (name.clone(), ty.clone().into())).collect())
                }
                _ if is_set => Returns::SetOfScalar(ty),
                _ => Returns::Scalar(ty),
            },
            _ if is_set => Returns::SetOfScalar(ty),
            _ => Returns::Scalar(ty),
        },
    }
}
