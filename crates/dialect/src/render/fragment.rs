//! Expressions already rendered: their SQL, how their value is stored, and ways from one storage of numbers to another.

use mainstay_base::Result;
use mainstay_expr::{Numeric, Value};

use super::{Renderer, Sql};
use crate::dialect::Dialect;
use crate::statement::{Bound, Form, Input, Rounding, scaled};
use crate::storage::{Datum, Storage};

/// A rendered expression. Its SQL needs no parentheses around it.
#[derive(Debug, Clone)]
pub(crate) struct Fragment {
    pub sql: Sql,
    pub storage: Storage,
    /// Whether it can be NULL.
    pub nullable: bool,
    /// A constant or an input, which can still take any form.
    pub pliant: Option<Pliant>,
    /// The column itself, where the value is read from one that is not kept as it compares.
    pub bare: Option<Bare>,
}

/// A column under a collation of its own. What equals bytewise is equal there too, so that its indexes lead to the rows.
#[derive(Debug, Clone)]
pub(crate) struct Bare {
    pub sql: Sql,
    pub charset: String,
    pub collation: String,
}

#[derive(Debug, Clone)]
pub(crate) enum Pliant {
    Literal(Value),
    Input(Bound),
}

impl Fragment {
    pub fn new(sql: Sql, storage: Storage) -> Self {
        Self { sql, storage, nullable: true, pliant: None, bare: None }
    }

    pub fn bool(sql: Sql) -> Self {
        Self::new(sql, Storage::Bool)
    }

    pub fn nullable(mut self, nullable: bool) -> Self {
        self.nullable = nullable;
        self
    }

    pub fn input(value: Bound, storage: Storage) -> Self {
        let form = Form::Storage(storage.clone());
        let sql = Sql::input(Input { value: value.clone(), form });
        Self { sql, storage, nullable: true, pliant: Some(Pliant::Input(value)), bare: None }
    }

    /// Whether it is a number that can be exact at more than one scale.
    pub fn is_numeric(&self) -> bool {
        matches!(self.storage, Storage::Decimal | Storage::Scaled(_) | Storage::Fixed(_))
    }

    pub fn is_null(&self) -> bool {
        matches!(self.pliant, Some(Pliant::Literal(Value::Null)))
    }

    /// A numeric as canonical decimal text.
    pub fn into_decimal(self, dialect: &dyn Dialect) -> Self {
        let sql = match (&self.pliant, &self.storage) {
            (Some(Pliant::Input(value)), _) => {
                Sql::input(Input { value: value.clone(), form: Form::Storage(Storage::Decimal) })
            }
            (Some(Pliant::Literal(value)), _) => match dialect.encode(&Storage::Decimal, value) {
                Ok(datum) => Sql::constant(datum.into()),
                Err(_) => self.sql,
            },
            (None, Storage::Scaled(scale) | Storage::Fixed(scale)) => dialect.decimal_text(self.sql, *scale),
            _ => self.sql,
        };
        Self { sql, storage: Storage::Decimal, ..self }
    }

    /// The same number as a scaled integer that compares exactly with other integers of that scale, when it can be had.
    pub fn compared_at(&self, scale: u16, rounding: Rounding) -> Result<Option<Sql>> {
        Ok(match &self.pliant {
            Some(Pliant::Literal(value)) => Some(Sql::constant(scaled(value, scale, rounding)?.into())),
            Some(Pliant::Input(value)) => {
                let form = Form::Scaled { scale, rounding };
                Some(Sql::input(Input { value: value.clone(), form }))
            }
            None => (self.storage == Storage::Scaled(scale)).then(|| self.sql.clone()),
        })
    }

    /// The scale that it is shown with, when all of its values have the same.
    fn shown_scale(&self) -> Option<u16> {
        match (&self.pliant, &self.storage) {
            (Some(Pliant::Literal(value @ Value::Numeric(Numeric::Finite(number)))), _) => {
                let scale = u16::try_from(number.fractional_digit_count()).ok()?;
                // one with more digits than an integer holds is no integer at any scale
                matches!(scaled(value, scale, Rounding::Exact), Ok(Datum::Int(_))).then_some(scale)
            }
            (Some(Pliant::Literal(Value::Int(_))), _) => Some(0),
            (None, Storage::Scaled(scale) | Storage::Fixed(scale)) => Some(*scale),
            _ => None,
        }
    }
}

impl Renderer<'_> {
    pub(super) fn constant(&self, value: &Value, storage: Storage) -> Result<Fragment> {
        let sql = Sql::constant(self.dialect.encode(&storage, value)?.into());
        let sql = if value.is_null() { sql } else { self.dialect.typed(sql, &storage) };
        let pliant = Some(Pliant::Literal(value.clone()));
        Ok(Fragment { sql, storage, nullable: value.is_null(), pliant, bare: None })
    }

    /// Brings values that stand for one another (the arms of a CASE, the rows of a UNION) to one storage.
    pub(super) fn unify(&self, fragments: Vec<Fragment>) -> Result<(Vec<Fragment>, Storage)> {
        let Some(first) = fragments.iter().find(|fragment| !fragment.is_null()).or(fragments.first()) else {
            return Ok((fragments, Storage::Void));
        };
        if !first.is_numeric() {
            let alike = fragments.iter().all(|other| other.is_null() || other.storage == first.storage);
            let storage = match &first.storage {
                Storage::Trimmed(_) if !alike => Storage::Trimmed(0),
                storage => storage.clone(),
            };
            return Ok((fragments, storage));
        }
        let mut scales = fragments.iter().filter(|fragment| !fragment.is_null()).map(Fragment::shown_scale);
        let first_scale = scales.next().flatten();
        let common = first_scale.filter(|scale| scales.all(|other| other == Some(*scale)));
        // literals alone may be longer than an integer
        let any_stored = fragments.iter().any(|fragment| fragment.pliant.is_none());
        let storage = match common.filter(|_| any_stored) {
            Some(scale) => self.dialect.fixed(scale),
            None => Storage::Decimal,
        };
        let fragments = fragments.into_iter().map(|fragment| self.stored(fragment, &storage));
        Ok((fragments.collect::<Result<_>>()?, storage))
    }

    /// A value in the storage that its place wants.
    pub(super) fn stored(&self, fragment: Fragment, storage: &Storage) -> Result<Fragment> {
        match storage {
            Storage::Decimal if fragment.is_numeric() => Ok(fragment.into_decimal(self.dialect)),
            Storage::Scaled(scale) | Storage::Fixed(scale) if fragment.is_numeric() => {
                self.dialect.at_scale(fragment, *scale)
            }
            _ => Ok(fragment),
        }
    }
}
