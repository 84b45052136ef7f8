//! Domains: their base types first, their rules when functions are known.

use mainstay_expr::{Expr, SourceId, Volatility};
use mainstay_sql as sql;
use sql::Diagnostic;

use super::Resolver;
use super::naming::free_name;
use crate::bind::{Bind, Binder, Clause, Level, Namespace, ScopeColumn, ScopeTable, named_type};
use crate::lookup::UserType;
use crate::{Check, DomainType};

impl<'t> Resolver<'t> {
    /// Declares the domains with their base types, which may be enums and earlier domains.
    pub(super) fn resolve_domains(&mut self, statements: &'t [sql::Statement]) {
        for statement in statements {
            if let sql::Statement::CreateDomain(it) = statement {
                let _ = self.declare_domain(it);
            }
        }
    }

    fn declare_domain(&mut self, it: &'t sql::CreateDomain) -> Bind<()> {
        let schema = self.schema_for(&it.name)?;
        self.type_is_new(&schema, &it.name)?;
        let named = named_type(&self.catalog, &it.type_name);
        let named = named.map_err(|diagnostic| self.report(*diagnostic))?;
        self.storable(&named.ty.ty, it.type_name.span)?;
        if let Some(collation) = &it.collation {
            Binder::without_row(self, Clause::Check).known_collation(collation)?;
        }
        // A domain over a domain starts from its rules.
        let parent = named.domain.map(|domain| self.catalog.domains[domain as usize].clone());
        let position = self.catalog.domains.len() as u32;
        let name = it.name.name.text.clone();
        self.catalog.declare_type(&schema, &name, UserType::Domain(position));
        self.catalog.domains.push(DomainType {
            schema,
            name,
            base: named.ty,
            not_null: it.not_null || parent.as_ref().is_some_and(|parent| parent.not_null),
            default: None,
            checks: Vec::new(),
            comment: None,
        });
        self.domains.push((it, named.domain));
        Ok(())
    }

    /// Binds the defaults and checks of the domains.
    pub(super) fn resolve_domain_rules(&mut self) {
        for position in 0..self.domains.len() {
            let (it, parent) = self.domains[position];
            if let Some(parent) = parent {
                let parent = &self.catalog.domains[parent as usize];
                let (checks, default) = (parent.checks.clone(), parent.default.clone());
                self.catalog.domains[position].checks = checks;
                self.catalog.domains[position].default = default;
            }
            if let Some(default) = &it.default
                && let Ok(default) = self.domain_default(position, default)
            {
                self.catalog.domains[position].default = Some(default);
            }
            let mut checks = Vec::with_capacity(it.checks.len());
            for check in &it.checks {
                checks.extend(self.domain_check(position, check, &checks));
            }
            // PostgreSQL checks them by name, those of the domain below first.
            checks.sort_by(|one, other| one.name.cmp(&other.name));
            self.catalog.domains[position].checks.extend(checks);
        }
    }

    fn domain_default(&mut self, position: usize, default: &sql::Expr) -> Bind<Expr> {
        let domain = &self.catalog.domains[position];
        let (name, base) = (domain.name.clone(), domain.base.clone());
        let mut binder = Binder::without_row(self, Clause::Default);
        let bound = binder.expr(default)?;
        binder.assign(bound, &base, |ty| {
            format!("column \"{name}\" is of type {} but default expression is of type {ty}", base.ty)
        })
    }

    fn domain_check(&mut self, position: usize, check: &sql::DomainCheck, before: &[Check]) -> Bind<Check> {
        let domain = &self.catalog.domains[position];
        let (schema, domain_name, ty) = (domain.schema.clone(), domain.name.clone(), domain.base.ty.clone());
        let name = match &check.name {
            Some(name) if before.iter().any(|own| own.name == name.text) => {
                let message =
                    format!("constraint \"{}\" for domain \"{domain_name}\" already exists", name.text);
                return Err(self.report(Diagnostic::error("duplicate-name", name.span, message)));
            }
            Some(name) => name.text.clone(),
            None => free_name(&domain_name, "", "check", |name| self.constraints.is_taken(&schema, name)),
        };
        self.constraints.take(&schema, &name);
        let columns =
            vec![ScopeColumn { name: "value".to_owned(), expr: Expr::column(SourceId::ROW, 0, ty) }];
        let names = Namespace::of(ScopeTable {
            alias: String::new(),
            schema: None,
            relation: None,
            source: SourceId::ROW,
            columns,
        });
        let mut binder = Binder::new(self);
        binder.levels.push(Level::new(names, Clause::Check));
        let expr = binder.condition(&check.condition, "CHECK")?;
        self.require_immutable(&expr, Volatility::Immutable, check.condition.span, Clause::Check)?;
        Ok(Check { name, expr, domain: Some(domain_name) })
    }
}
