//! The definitions of a database's objects as PostgreSQL itself writes them, for taking a database over into files.
//!
//! Each question yields rows of (name, head, elements, tail): a statement is its head, its elements in parentheses if it has any,
//! and its tail. An element has several forms, the first is what the database has, those after it say less.

use mainstay_base::Result;
use serde::Deserialize;

use super::all;
use crate::connection::Connection;
use crate::errors;

/// A part of a schema, in the order in which parts build on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DefinitionKind {
    /// Schemas, enumerated types, domains, and types of other kinds.
    Types,
    /// Tables with what belongs to one table alone.
    Tables,
    /// Foreign keys and indexes.
    Constraints,
    /// Functions and views.
    Views,
    /// Row-level security, policies and grants.
    Policies,
    /// COMMENT ON
    Comments,
}

/// A statement that defines something.
#[derive(Debug, Clone, Deserialize)]
pub struct Definition {
    /// What it defines, for people.
    pub name: String,
    /// The statement up to its elements, or all of it.
    pub head: String,
    /// What stands in parentheses; each in forms that say less and less.
    #[serde(default)]
    pub elements: Vec<Vec<String>>,
    /// What follows the parentheses.
    #[serde(default)]
    pub tail: String,
    /// Why it cannot be taken over, where that is known without trying.
    pub refused: Option<String>,
    /// What is worth knowing of it.
    pub remark: Option<String>,
}

/// Schemas whose objects are taken: not the system's, not ours, not those of extensions.
macro_rules! own {
    ($class:literal, $oid:literal, $schema:literal) => {
        concat!(
            " ", $schema, ".nspname <> 'information_schema' AND ", $schema, ".nspname NOT LIKE 'pg\\_%'",
            " AND ", $schema, ".nspname NOT IN ('_mainstay', 'auth', 'storage', 'realtime', 'graphql', 'graphql_public', 'functions', 'vault', 'extensions')",
            " AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = '", $class, "'::regclass AND x.objid = ",
            $oid, " AND x.deptype = 'e') "
        )
    };
}

const SCHEMAS: &str = concat!(
    "SELECT json_build_object('name', 'schema ' || n.nspname, 'head', format('CREATE SCHEMA %I', n.nspname))::text
    FROM pg_namespace n WHERE n.nspname <> 'public' AND",
    own!("pg_namespace", "n.oid", "n"),
    "ORDER BY n.nspname"
);

const TYPES: &str = concat!(
    "SELECT json_build_object('name', 'type ' || t.typname,
        'refused', CASE t.typtype WHEN 'c' THEN 'there are no composite types' WHEN 'r' THEN 'there are no ranges of one''s own'
            WHEN 'b' THEN 'there are no base types of one''s own' END,
        'head', CASE t.typtype
            WHEN 'e' THEN format('CREATE TYPE %s AS ENUM (%s)', t.oid::regtype,
                (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
            WHEN 'd' THEN format('CREATE DOMAIN %s AS %s', t.oid::regtype, format_type(t.typbasetype, t.typtypmod))
                || coalesce(' DEFAULT ' || t.typdefault, '') || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
                || coalesce((SELECT string_agg(format(' CONSTRAINT %I %s', c.conname, pg_get_constraintdef(c.oid)), '' ORDER BY c.conname)
                    FROM pg_constraint c WHERE c.contypid = t.oid AND c.contype = 'c'), '')
            ELSE format('CREATE TYPE %s', t.oid::regtype) END)::text
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class r ON r.oid = t.typrelid
    WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND r.relkind = 'c') AND",
    own!("pg_type", "t.oid", "n"),
    "ORDER BY t.typtype = 'd', n.nspname, t.typname"
);

const TABLES: &str = concat!(
    "SELECT json_build_object('name', 'table ' || c.relname,
        'refused', CASE c.relkind WHEN 'f' THEN 'there are no foreign tables' END,
        'remark', CASE c.relkind WHEN 'p' THEN 'In the database it is partitioned: ' || pg_get_partkeydef(c.oid) || '.' END,
        'head', format('CREATE TABLE %s', c.oid::regclass),
        'elements', (SELECT json_agg(element ORDER BY kind, place) FROM (
            SELECT 1 AS kind, lpad(a.attnum::text, 5, '0') AS place, CASE
                WHEN d.sequence OR a.attidentity <> '' THEN json_build_array(
                    format('%I %s GENERATED %s AS IDENTITY%s', a.attname, format_type(a.atttypid, a.atttypmod),
                        CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, coalesce(s.options, '')))
                WHEN a.attgenerated <> '' THEN json_build_array(
                    format('%I %s GENERATED ALWAYS AS (%s) STORED%s', a.attname, format_type(a.atttypid, a.atttypmod), d.text, z.suffix))
                WHEN d.text IS NOT NULL THEN json_build_array(
                    format('%I %s DEFAULT %s%s', a.attname, format_type(a.atttypid, a.atttypmod), d.text, z.suffix),
                    format('%I %s%s', a.attname, format_type(a.atttypid, a.atttypmod), z.suffix))
                ELSE json_build_array(format('%I %s%s', a.attname, format_type(a.atttypid, a.atttypmod), z.suffix)) END AS element
            FROM pg_attribute a
            CROSS JOIN LATERAL (SELECT CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END AS suffix) AS z
            LEFT JOIN LATERAL (SELECT pg_get_expr(e.adbin, e.adrelid) AS text,
                    pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname) IS NOT NULL
                    AND pg_get_expr(e.adbin, e.adrelid) LIKE 'nextval(%' AS sequence
                FROM pg_attrdef e WHERE e.adrelid = a.attrelid AND e.adnum = a.attnum) AS d ON true
            LEFT JOIN LATERAL (SELECT CASE WHEN q.seqstart <> 1 OR q.seqincrement <> 1
                    THEN format(' (START WITH %s INCREMENT BY %s)', q.seqstart, q.seqincrement) ELSE '' END AS options
                FROM pg_sequence q WHERE q.seqrelid
                    = pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname)::regclass) AS s ON true
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL
            SELECT CASE k.contype WHEN 'p' THEN 2 WHEN 'u' THEN 3 ELSE 4 END, k.conname,
                json_build_array(format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)))
            FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'x')
        ) AS elements))::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND",
    own!("pg_class", "c.oid", "n"),
    "ORDER BY n.nspname, c.relname"
);

const CONSTRAINTS: &str = concat!(
    "SELECT json_build_object('name', 'foreign key ' || k.conname, 'head',
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.oid::regclass, k.conname, pg_get_constraintdef(k.oid)))::text
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT c.relispartition AND",
    own!("pg_class", "c.oid", "n"),
    "ORDER BY n.nspname, c.relname, k.conname"
);

const INDEXES: &str = concat!(
    "SELECT json_build_object('name', 'index ' || i.relname, 'head', replace(replace(pg_get_indexdef(x.indexrelid), ' ON ONLY ', ' ON '), ' ON public.', ' ON '),
        'refused', CASE WHEN m.amname NOT IN ('btree', 'hash') THEN 'answers are the same without an index of the method ' || m.amname END)::text
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am m ON m.oid = i.relam
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x')) AND",
    own!("pg_class", "c.oid", "n"),
    "ORDER BY n.nspname, c.relname, i.relname"
);

const FUNCTIONS: &str = concat!(
    "SELECT json_build_object('name', 'function ' || p.proname,
        'refused', CASE WHEN p.prokind <> 'f' THEN 'there are no procedures and aggregates of one''s own'
            WHEN p.prorettype = 'trigger'::regtype THEN 'there are no triggers' END,
        'head', CASE WHEN p.prokind = 'f' THEN replace(replace(pg_get_functiondef(p.oid), 'CREATE OR REPLACE FUNCTION', 'CREATE FUNCTION'), 'CREATE FUNCTION public.', 'CREATE FUNCTION ')
            ELSE format('CREATE … %I.%I', n.nspname, p.proname) END)::text
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE",
    own!("pg_proc", "p.oid", "n"),
    "ORDER BY n.nspname, p.proname, p.oid"
);

const VIEWS: &str = concat!(
    "SELECT json_build_object('name', CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'view ' END || c.relname,
        'refused', CASE c.relkind WHEN 'm' THEN 'there are no materialized views' END,
        'head', format('CREATE %s %s%s AS %s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, c.oid::regclass,
            CASE WHEN 'security_invoker=true' = ANY (c.reloptions) OR 'security_invoker=on' = ANY (c.reloptions)
                THEN ' WITH (security_invoker = true)' ELSE '' END, rtrim(pg_get_viewdef(c.oid), ';')))::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND",
    own!("pg_class", "c.oid", "n"),
    "ORDER BY c.oid"
);

const TRIGGERS: &str = concat!(
    "SELECT json_build_object('name', 'trigger ' || t.tgname, 'refused', 'there are no triggers',
        'head', pg_get_triggerdef(t.oid))::text
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND NOT c.relispartition AND",
    own!("pg_class", "c.oid", "n"),
    "ORDER BY n.nspname, c.relname, t.tgname"
);

/// A table without row-level security is open to whom it was granted; the schema language says so with a policy.
const SECURITY: &str = concat!(
    "SELECT json_build_object('name', 'row-level security of ' || c.relname,
        'remark', CASE WHEN NOT c.relrowsecurity AND s.head LIKE 'CREATE%'
            THEN 'In the database ' || c.relname || ' has no row-level security: who was granted it sees all of it.' END,
        'head', s.head)::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (
        SELECT 1, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
        UNION ALL SELECT 2, format('CREATE POLICY %I ON %s USING (true) WITH CHECK (true)', 'as granted', c.oid::regclass)
        WHERE NOT c.relrowsecurity) AS s(place, head)
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND",
    own!("pg_class", "c.oid", "n"),
    "ORDER BY n.nspname, c.relname, s.place"
);

const POLICIES: &str = concat!(
    "SELECT json_build_object('name', 'policy ' || p.polname, 'head',
        format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, c.oid::regclass,
            CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
            CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
            (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(p.polroles) r))
        || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
        || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''))::text
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE",
    own!("pg_class", "c.oid", "n"),
    "ORDER BY n.nspname, c.relname, p.polname"
);

/// A role that no grant names has none here, and all of them in the schema language: hence the revocations.
const GRANTS: &str = concat!(
    "WITH relations AS (
        SELECT c.oid, n.nspname, c.relname, c.relacl, c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition AND",
    own!("pg_class", "c.oid", "n"),
    "), acl AS (
        SELECT c.oid, a.grantee, a.privilege_type AS verb, NULL::text AS column FROM relations c CROSS JOIN aclexplode(c.relacl) a
        UNION ALL
        SELECT c.oid, a.grantee, a.privilege_type, quote_ident(t.attname) FROM relations c JOIN pg_attribute t ON t.attrelid = c.oid
            AND t.attacl IS NOT NULL AND NOT t.attisdropped CROSS JOIN aclexplode(t.attacl) a
    ), verbs AS (
        SELECT a.oid, a.grantee, a.verb || coalesce(' (' || string_agg(a.column, ', ' ORDER BY a.column) || ')', '') AS said
        FROM acl a WHERE a.verb IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') GROUP BY a.oid, a.grantee, a.verb, a.column IS NULL
    ), said AS (
        SELECT c.nspname, c.relname, 1 AS place, format('GRANT %s ON %s TO %s', string_agg(v.said, ', ' ORDER BY v.said), c.oid::regclass,
            CASE v.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(v.grantee)) END) AS head
        FROM relations c JOIN verbs v USING (oid) WHERE v.grantee <> c.relowner GROUP BY c.oid, c.nspname, c.relname, v.grantee
        UNION ALL
        SELECT c.nspname, c.relname, 0, format('REVOKE ALL ON %s FROM %s', c.oid::regclass, r.name)
        FROM relations c CROSS JOIN (VALUES ('anon'), ('authenticated'), ('service_role')) AS r(name)
        WHERE NOT EXISTS (SELECT FROM verbs v WHERE v.oid = c.oid
            AND (v.grantee = 0 OR pg_get_userbyid(v.grantee) = r.name))
    )
    SELECT json_build_object('name', 'grants on ' || relname, 'head', head)::text FROM said ORDER BY nspname, relname, place, head"
);

const EXECUTION: &str = concat!(
    "SELECT json_build_object('name', 'right to call ' || p.proname, 'head', s.head)::text
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    CROSS JOIN LATERAL (SELECT format('%s%I(%s)', CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END, p.proname,
        pg_get_function_identity_arguments(p.oid)) AS name) f
    CROSS JOIN LATERAL (
        SELECT 0, format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f.name)
        WHERE NOT EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0)
        UNION ALL SELECT 1, format('GRANT EXECUTE ON FUNCTION %s TO %I', f.name, pg_get_userbyid(a.grantee))
        FROM aclexplode(p.proacl) a WHERE a.grantee NOT IN (0, p.proowner)) AS s(place, head)
    WHERE p.prokind = 'f' AND p.proacl IS NOT NULL AND",
    own!("pg_proc", "p.oid", "n"),
    "ORDER BY n.nspname, p.proname, p.oid, s.place, s.head"
);

const COMMENTS: &str = concat!(
    "SELECT json_build_object('name', 'comment', 'head', format('COMMENT ON %s IS %L', s.what, s.text))::text FROM (
        SELECT n.nspname, c.relname, coalesce(a.attnum, 0) AS place, d.description AS text,
            CASE WHEN a.attnum IS NOT NULL THEN format('COLUMN %s.%I', c.oid::regclass, a.attname)
                ELSE format('%s %s', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.oid::regclass) END AS what
        FROM pg_description d JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
            JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
        WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition AND",
    own!("pg_class", "c.oid", "n"),
    "   UNION ALL
        SELECT n.nspname, p.proname, 0, d.description, format('FUNCTION %s%I(%s)', CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END,
            p.proname, pg_get_function_identity_arguments(p.oid))
        FROM pg_description d JOIN pg_proc p ON p.oid = d.objoid AND d.classoid = 'pg_proc'::regclass
            JOIN pg_namespace n ON n.oid = p.pronamespace WHERE",
    own!("pg_proc", "p.oid", "n"),
    "   UNION ALL
        SELECT n.nspname, t.typname, 0, d.description, format('%s %s', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.oid::regtype)
        FROM pg_description d JOIN pg_type t ON t.oid = d.objoid AND d.classoid = 'pg_type'::regclass
            JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype IN ('e', 'd') AND",
    own!("pg_type", "t.oid", "n"),
    ") AS s ORDER BY s.nspname, s.relname, s.place, s.what"
);

/// All questions, in the order in which their answers build on each other.
const ALL: [(DefinitionKind, &str); 13] = [
    (DefinitionKind::Types, SCHEMAS),
    (DefinitionKind::Types, TYPES),
    (DefinitionKind::Tables, TABLES),
    (DefinitionKind::Constraints, CONSTRAINTS),
    (DefinitionKind::Constraints, INDEXES),
    (DefinitionKind::Views, VIEWS),
    (DefinitionKind::Views, FUNCTIONS),
    (DefinitionKind::Views, TRIGGERS),
    (DefinitionKind::Policies, SECURITY),
    (DefinitionKind::Policies, POLICIES),
    (DefinitionKind::Policies, GRANTS),
    (DefinitionKind::Policies, EXECUTION),
    (DefinitionKind::Comments, COMMENTS),
];

/// The definitions of all objects of the database, with names of the schema `public` left bare.
pub(crate) async fn run(connection: &Connection) -> Result<Vec<(DefinitionKind, Definition)>> {
    let plain = |error: tokio_postgres::Error| errors::plain(&error);
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = public; \
        SET LOCAL statement_timeout = 0";
    connection.control(begin).await.map_err(plain)?;
    let found = ask(connection).await;
    connection.control("ROLLBACK").await.map_err(plain)?;
    found
}

async fn ask(connection: &Connection) -> Result<Vec<(DefinitionKind, Definition)>> {
    let mut found = Vec::new();
    for (kind, question) in ALL {
        let answers: Vec<Definition> = all(connection, question, None).await?;
        found.extend(answers.into_iter().map(|definition| (kind, definition)));
    }
    Ok(found)
}
