//! Who may do what: policies and grants.

use super::{Expr, FunctionSignature, Name, QualifiedName};
use crate::span::Span;

/// `CREATE POLICY name ON table …`
#[derive(Clone, Debug, PartialEq)]
pub struct CreatePolicy {
    /// The policy.
    pub name: Name,
    /// Its table.
    pub table: QualifiedName,
    /// `AS PERMISSIVE` (true, the default) or `AS RESTRICTIVE`.
    pub permissive: bool,
    /// `FOR …`
    pub command: PolicyCommand,
    /// `TO …`; empty when not written. The word `public`, unquoted, means every role.
    pub roles: Vec<Name>,
    /// `USING (…)`
    pub using: Option<Expr>,
    /// `WITH CHECK (…)`
    pub check: Option<Expr>,
    /// The statement.
    pub span: Span,
}

/// The commands that a policy speaks about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyCommand {
    /// `ALL`, the default
    #[default]
    All,
    /// `SELECT`
    Select,
    /// `INSERT`
    Insert,
    /// `UPDATE`
    Update,
    /// `DELETE`
    Delete,
}

/// `GRANT … ON … TO …`, `REVOKE … ON … FROM …`
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// GRANT or REVOKE.
    pub action: GrantAction,
    /// What is granted.
    pub privileges: Privileges,
    /// On what.
    pub objects: GrantObjects,
    /// To or from whom. The word `public`, unquoted, means every role.
    pub roles: Vec<Name>,
    /// `WITH GRANT OPTION`, `GRANT OPTION FOR`
    pub grant_option: bool,
    /// The statement.
    pub span: Span,
}

/// Giving or taking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantAction {
    /// `GRANT`
    Grant,
    /// `REVOKE`
    Revoke,
}

/// The privileges of a GRANT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Privileges {
    /// `ALL [PRIVILEGES] [(columns)]`
    All {
        /// Only these columns; empty means the whole object.
        columns: Vec<Name>,
    },
    /// A list.
    List(Vec<GrantedPrivilege>),
}

/// One privilege of a GRANT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedPrivilege {
    /// Which.
    pub privilege: Privilege,
    /// Only these columns; empty means the whole object.
    pub columns: Vec<Name>,
    /// All of it.
    pub span: Span,
}

/// PostgreSQL's privileges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the words of SQL")]
pub enum Privilege {
    Select,
    Insert,
    Update,
    Delete,
    Truncate,
    References,
    Trigger,
    Maintain,
    Usage,
    Execute,
    Create,
    Connect,
    Temporary,
}

/// What privileges are granted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantObjects {
    /// `[TABLE] a, b`; views too
    Tables(Vec<QualifiedName>),
    /// `ALL TABLES IN SCHEMA a, b`
    AllTablesIn(Vec<Name>),
    /// `SEQUENCE a, b`
    Sequences(Vec<QualifiedName>),
    /// `ALL SEQUENCES IN SCHEMA a, b`
    AllSequencesIn(Vec<Name>),
    /// `FUNCTION f(int), g`; also ROUTINE and PROCEDURE
    Functions(Vec<FunctionSignature>),
    /// `ALL FUNCTIONS IN SCHEMA a, b`; also ROUTINES and PROCEDURES
    AllFunctionsIn(Vec<Name>),
    /// `SCHEMA a, b`
    Schemas(Vec<Name>),
    /// `TYPE a`, `DOMAIN a`
    Types(Vec<QualifiedName>),
    /// `DATABASE a`
    Databases(Vec<Name>),
}
