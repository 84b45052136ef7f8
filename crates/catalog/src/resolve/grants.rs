//! GRANT and REVOKE: what roles may do with tables and functions.
//!
//! A role that no statement names may do everything, and policies decide. The first GRANT that names it replaces that by what
//! is granted; REVOKE takes away, from everything where nothing was granted.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_expr::{Role, TableId};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::{Resolver, is_reserved_schema};
use crate::bind::{Bind, suggestion};
use crate::{Command, FunctionId, Privileges};

const COMMANDS: [Command; 4] = [Command::Select, Command::Insert, Command::Update, Command::Delete];

/// A privilege on a table's rows: the command, and the columns it is limited to.
type Wanted = Vec<(Command, Option<BTreeSet<u32>>)>;

impl Resolver<'_> {
    pub(super) fn resolve_grants(&mut self, statements: &[sql::Statement]) {
        for (number, statement) in statements.iter().enumerate() {
            if let sql::Statement::Grant(it) = statement {
                let _ = self.grant(it, number);
            }
        }
    }

    fn grant(&mut self, it: &sql::Grant, number: usize) -> Bind<()> {
        let roles = self.granted_roles(&it.roles);
        match &it.objects {
            sql::GrantObjects::Tables(names) => {
                let tables: Vec<_> = names.iter().map(|name| self.relation(name)).collect();
                let roles = roles?;
                let mut result = Ok(());
                for table in tables {
                    result = table.and_then(|table| self.grant_table(it, table, &roles)).and(result);
                }
                result
            }
            sql::GrantObjects::AllTablesIn(schemas) => {
                let roles = roles?;
                let schemas = self.granted_schemas(schemas)?;
                // Those that exist when the statement runs.
                let tables = self.catalog.tables.iter().filter(|table| schemas.contains(&table.schema));
                let tables = tables.map(|table| table.id);
                let tables: Vec<_> =
                    tables.filter(|id| self.origins[id.0 as usize].statement < number).collect();
                for table in tables {
                    self.grant_table(it, table, &roles)?;
                }
                Ok(())
            }
            sql::GrantObjects::Functions(signatures) => {
                let functions: Vec<_> =
                    signatures.iter().map(|signature| self.function_named(signature)).collect();
                let roles = roles?;
                for function in functions {
                    self.grant_function(it, function?, &roles);
                }
                Ok(())
            }
            sql::GrantObjects::AllFunctionsIn(schemas) => {
                let roles = roles?;
                let schemas = self.granted_schemas(schemas)?;
                let functions =
                    self.catalog.functions.iter().filter(|function| schemas.contains(&function.schema));
                let functions: Vec<_> = functions
                    .map(|function| function.id)
                    .filter(|id| precedes(self.functions[id.0 as usize].statement.span, it.span))
                    .collect();
                for function in functions {
                    self.grant_function(it, function, &roles);
                }
                Ok(())
            }
            sql::GrantObjects::Schemas(schemas) => self.granted_schemas(schemas).and(roles).map(|_| ()),
            // Sequences belong to their columns, types are everyone's, and there is one database.
            sql::GrantObjects::Sequences(_)
            | sql::GrantObjects::AllSequencesIn(_)
            | sql::GrantObjects::Types(_)
            | sql::GrantObjects::Databases(_) => roles.map(|_| ()),
        }
    }

    /// The roles that requests run as, of those that are named; PUBLIC is anon and authenticated.
    fn granted_roles(&mut self, names: &[sql::Name]) -> Bind<Vec<String>> {
        let mut roles: Vec<String> = Vec::new();
        let mut result = Ok(());
        for name in names {
            if name.is_word("public") {
                roles.extend([Role::ANON, Role::AUTHENTICATED].map(str::to_owned));
            } else if let Err(reported) = self.known_role(name) {
                result = Err(reported);
            } else {
                roles.push(name.text.clone());
            }
        }
        result.map(|()| roles)
    }

    fn granted_schemas(&mut self, names: &[sql::Name]) -> Bind<Vec<String>> {
        let mut result = Ok(());
        for name in names {
            if !self.catalog.schemas.contains_key(&name.text) && !is_reserved_schema(&name.text) {
                let message = format!("schema \"{}\" does not exist", name.text);
                let help = suggestion(&name.text, self.catalog.schemas.keys().map(String::as_str));
                let diagnostic = Diagnostic::error("unknown-schema", name.span, message).with_help_if(help);
                result = Err(self.report(diagnostic));
            }
        }
        result.map(|()| names.iter().map(|name| name.text.clone()).collect())
    }

    fn grant_table(&mut self, it: &sql::Grant, table: TableId, roles: &[String]) -> Bind<()> {
        let wanted = self.wanted(it, table)?;
        // TRUNCATE, REFERENCES and TRIGGER are nothing that a request does.
        if wanted.is_empty() {
            return Ok(());
        }
        let revoke = it.action == sql::GrantAction::Revoke;
        for role in roles {
            let declared = self.table_mut(table);
            let privileges = declared.grants.0.entry(role.clone());
            let before = match revoke {
                true => privileges.or_insert_with(everything),
                false => privileges.or_default(),
            };
            let useless = revoke && !take(before, &wanted);
            if !revoke {
                give(before, &wanted);
            }
            if useless {
                let message = format!("this takes nothing away: {role} may use the whole table");
                let help = "revoke the whole privilege first, then grant the columns that are left";
                self.diagnostics
                    .push(Diagnostic::warning("useless-revoke", it.span, message).with_help(help));
            }
        }
        Ok(())
    }

    /// What is granted, in commands and columns of the table.
    fn wanted(&mut self, it: &sql::Grant, table: TableId) -> Bind<Wanted> {
        let list: Vec<(Command, &[sql::Name])> = match &it.privileges {
            sql::Privileges::All { columns } => COMMANDS.map(|command| (command, columns.as_slice())).into(),
            sql::Privileges::List(list) => {
                let mut wanted = Vec::new();
                for privilege in list {
                    match self.table_privilege(privilege)? {
                        Some(command) => wanted.push((command, privilege.columns.as_slice())),
                        None => continue,
                    }
                }
                wanted
            }
        };
        let mut wanted = Vec::with_capacity(list.len());
        for (command, columns) in list {
            if command == Command::Delete && !columns.is_empty() {
                if matches!(it.privileges, sql::Privileges::All { .. }) {
                    continue;
                }
                let message = "invalid privilege type DELETE for column";
                return Err(self.error("wrong-privilege", columns[0].span, message));
            }
            let mut positions = BTreeSet::new();
            for name in columns {
                positions.insert(self.column(table, name)?);
            }
            wanted.push((command, (!columns.is_empty()).then_some(positions)));
        }
        Ok(wanted)
    }

    fn table_privilege(&mut self, privilege: &sql::GrantedPrivilege) -> Bind<Option<Command>> {
        Ok(Some(match privilege.privilege {
            sql::Privilege::Select => Command::Select,
            sql::Privilege::Insert => Command::Insert,
            sql::Privilege::Update => Command::Update,
            sql::Privilege::Delete => Command::Delete,
            sql::Privilege::Truncate
            | sql::Privilege::References
            | sql::Privilege::Trigger
            | sql::Privilege::Maintain => return Ok(None),
            other => {
                let word = format!("{other:?}").to_uppercase();
                let message = format!("invalid privilege type {word} for table");
                return Err(self.error("wrong-privilege", privilege.span, message));
            }
        }))
    }

    fn grant_function(&mut self, it: &sql::Grant, function: FunctionId, roles: &[String]) {
        let execute = match &it.privileges {
            sql::Privileges::All { .. } => true,
            sql::Privileges::List(list) => list.iter().any(|it| it.privilege == sql::Privilege::Execute),
        };
        if !execute {
            self.error("wrong-privilege", it.span, "the privilege of functions is EXECUTE");
            return;
        }
        let everyone = || [Role::ANON, Role::AUTHENTICATED, Role::SERVICE].map(str::to_owned).into();
        let slot = &mut self.catalog.functions[function.0 as usize].execute;
        for role in roles {
            match it.action {
                sql::GrantAction::Revoke => {
                    slot.get_or_insert_with(everyone).remove(role);
                }
                // While everyone may call it, a GRANT to some changes nothing.
                sql::GrantAction::Grant => {
                    if let Some(roles) = slot {
                        roles.insert(role.clone());
                    }
                }
            }
        }
    }

    /// The function that a signature names.
    pub(super) fn function_named(&mut self, signature: &sql::FunctionSignature) -> Bind<FunctionId> {
        let name = &*signature.name.name.text;
        let schema = signature.name.schema.as_ref().map_or("public", |schema| &schema.text).to_owned();
        let candidates: Vec<FunctionId> =
            self.catalog.find_functions(&schema, name).map(|it| it.id).collect();
        let matching: Vec<FunctionId> = match &signature.arguments {
            None => candidates.clone(),
            Some(types) => candidates.iter().copied().filter(|id| self.takes(*id, types)).collect(),
        };
        match matching.as_slice() {
            [only] => Ok(*only),
            [] => {
                let message = match candidates.is_empty() {
                    true => format!("function \"{name}\" does not exist"),
                    false => format!("function \"{name}\" does not exist with these arguments"),
                };
                let known =
                    self.catalog.functions.iter().filter(|it| it.schema == schema).map(|it| &*it.name);
                let help = if candidates.is_empty() { suggestion(name, known) } else { None };
                Err(self.report(
                    Diagnostic::error("unknown-function", signature.span, message).with_help_if(help),
                ))
            }
            _ => {
                let message = format!("function name \"{name}\" is not unique");
                let help = "write the types of its arguments: f(integer, text)";
                Err(self.report(Diagnostic::error("ambiguous-call", signature.span, message).with_help(help)))
            }
        }
    }

    fn takes(&self, id: FunctionId, types: &[sql::TypeName]) -> bool {
        let function = self.catalog.function(id);
        if let Some(row) = function.row {
            return matches!(types, [only] if crate::bind::find_relation(&self.catalog, &only.name) == Some(row));
        }
        function.arguments.len() == types.len()
            && function.arguments.iter().zip(types).all(|(argument, written)| {
                crate::bind::named_type(&self.catalog, written)
                    .is_ok_and(|named| named.ty.ty == argument.ty.ty)
            })
    }
}

fn precedes(one: Span, other: Span) -> bool {
    (one.file, one.start) < (other.file, other.start)
}

fn everything() -> Privileges {
    Privileges(COMMANDS.into_iter().map(|command| (command, None)).collect::<BTreeMap<_, _>>())
}

/// Adds privileges.
fn give(privileges: &mut Privileges, wanted: &Wanted) {
    for (command, columns) in wanted {
        let slot = privileges.0.entry(*command).or_insert_with(|| Some(BTreeSet::new()));
        match (slot, columns) {
            (slot, None) => *slot = None,
            (Some(own), Some(columns)) => own.extend(columns),
            (None, Some(_)) => {}
        }
    }
}

/// Takes privileges away. FALSE when that cannot be: columns cannot be taken from a privilege on the whole table.
fn take(privileges: &mut Privileges, wanted: &Wanted) -> bool {
    let mut possible = true;
    for (command, columns) in wanted {
        match (privileges.0.get_mut(command), columns) {
            (Some(_), None) => {
                privileges.0.remove(command);
            }
            (Some(Some(own)), Some(columns)) => {
                own.retain(|column| !columns.contains(column));
                if own.is_empty() {
                    privileges.0.remove(command);
                }
            }
            (Some(None), Some(_)) => possible = false,
            (None, _) => {}
        }
    }
    possible
}
