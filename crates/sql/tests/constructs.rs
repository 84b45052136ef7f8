//! Each construct is read and printed: the canonical text shows how it was understood.

mod common;

use common::{read_text, shape};
use mainstay_sql::{
    Statement, print_expression, print_statement, print_statements, read_expression, read_query,
};

/// Asserts that each text is printed as the one beside it, and that this reads back to the same tree.
fn prints(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let (files, statements, diagnostics) = read_text(text);
        assert!(diagnostics.is_empty(), "{}", diagnostics.render(&files, false));
        let printed = print_statements(&statements);
        assert_eq!(printed.trim_end(), *expected, "printing {text}");
        let (files, again, diagnostics) = read_text(&printed);
        assert!(diagnostics.is_empty(), "{}", diagnostics.render(&files, false));
        assert_eq!(shape(&again), shape(&statements), "reading back {printed}");
    }
}

/// The same for expressions; an empty second text means the first.
fn expressions(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let expected = if expected.is_empty() { text } else { expected };
        let tree = read_expression(text).unwrap_or_else(|it| panic!("{text}: {it:?}"));
        let printed = print_expression(&tree);
        assert_eq!(printed, *expected, "printing {text}");
        let again = read_expression(&printed).unwrap_or_else(|it| panic!("{printed}: {it:?}"));
        assert_eq!(shape(&again), shape(&tree), "reading back {printed}");
    }
}

#[test]
fn literals() {
    expressions(&[
        ("null", "NULL"),
        ("TRUE", ""),
        ("1", ""),
        ("1.50", ""),
        (".5", ""),
        ("1_000", "1000"),
        ("0x1F", "31"),
        ("0b101", "5"),
        ("1E5", "1e5"),
        ("'it''s'", ""),
        ("'a'\n 'b'", "'ab'"),
        ("E'a\\n\\'b\\\\ \\x41\\101\\u00e9'", "'a\n''b\\ AAé'"),
        ("$$it's$$", "'it''s'"),
        ("$tag$a $$ b$tag$", "'a $$ b'"),
        ("N'x'", "'x'"),
        ("B'0101'", ""),
        ("x'1F'", "X'1F'"),
        ("date '2020-01-01'", "'2020-01-01'::date"),
        ("timestamp with time zone '2020-01-01'", "'2020-01-01'::timestamptz"),
        ("timestamp(3) '2020-01-01'", "'2020-01-01'::timestamp(3)"),
        ("interval '1 day'", "'1 day'::interval"),
        ("double precision '1'", "'1'::double precision"),
        ("shop.status 'new'", "'new'::shop.status"),
        ("'\\x00ff'::bytea", ""),
    ]);
}

#[test]
fn operators_bind_as_in_postgresql() {
    expressions(&[
        ("a OR b AND NOT c", ""),
        ("(a OR b) AND c", ""),
        ("a AND (b AND c)", ""),
        ("NOT a = b", ""),
        ("(NOT a) = b", ""),
        ("a = b IS NULL", ""),
        ("a = (b IS NULL)", ""),
        ("a || b || c", ""),
        ("a || (b || c)", ""),
        ("a - b - c", ""),
        ("a - (b - c)", ""),
        ("a + b * c ^ d", ""),
        ("(a + b) * c", ""),
        ("-2 ^ 2", ""),
        ("-(2 ^ 2)", ""),
        ("- - 1", "- -1"),
        ("-1::int", ""),
        ("(-1)::int", ""),
        ("a -> 'b' ->> 'c' = 'd'", ""),
        ("a @> b AND a <@ c AND a && d", ""),
        ("a #>> '{b,c}'", ""),
        ("a ? 'b' OR a ?| c OR a ?& d", ""),
        ("a ~ 'x' AND b ~* 'x' AND c !~ 'x' AND d !~* 'x'", ""),
        ("a != b", "a <> b"),
        ("a<-1", "a < -1"),
        ("a+-b", "a + -b"),
        ("~ a & b", ""),
        ("a OPERATOR(pg_catalog.=) b", "a = b"),
        ("a % b", ""),
    ]);
    assert!(read_expression("a < b = c").is_err());
    assert!(read_expression("(a < b) = c").is_ok());
}

#[test]
fn predicates() {
    expressions(&[
        ("a IS NOT NULL", ""),
        ("a ISNULL", "a IS NULL"),
        ("a IS TRUE AND b IS NOT FALSE AND c IS UNKNOWN", ""),
        ("a IS DISTINCT FROM b + 1", ""),
        ("a IS NOT DISTINCT FROM NULL", ""),
        ("a BETWEEN 1 AND 2 AND b", ""),
        ("a NOT BETWEEN SYMMETRIC b + 1 AND 2", ""),
        ("a IN (1, 2, 3)", ""),
        ("a NOT IN (SELECT b FROM c)", ""),
        ("a IN ((SELECT 1))", "a IN (SELECT 1)"),
        ("(a, b) IN (SELECT c, d FROM e)", "ROW(a, b) IN (SELECT c, d FROM e)"),
        ("a LIKE 'x%' ESCAPE '!'", ""),
        ("a || b NOT ILIKE 'x%'", ""),
        ("a = ANY (b)", ""),
        ("a = ANY (ARRAY[1, 2])", ""),
        ("a <> ALL (SELECT b FROM c)", ""),
        ("a = SOME ((SELECT b FROM c))", "a = ANY (SELECT b FROM c)"),
        ("a LIKE ANY (b)", ""),
        ("a NOT ILIKE ALL (b)", ""),
        ("EXISTS (SELECT FROM t WHERE t.id = x)", ""),
        ("NOT EXISTS (SELECT 1)", ""),
    ]);
}

#[test]
fn calls_and_special_forms() {
    expressions(&[
        ("f()", ""),
        ("auth.uid()", ""),
        ("count(*)", ""),
        ("count(DISTINCT a)", ""),
        ("sum(a) FILTER (WHERE b > 0)", ""),
        ("array_agg(a ORDER BY b DESC NULLS LAST, c)", ""),
        ("f(a, b => 2)", ""),
        ("f(a := 1)", "f(a => 1)"),
        ("COALESCE(a, b)", "coalesce(a, b)"),
        ("greatest(a, least(b, nullif(c, d)))", ""),
        ("EXTRACT(YEAR FROM x)", "extract('year' FROM x)"),
        ("SUBSTRING(x FROM 2 FOR 3)", "substring(x, 2, 3)"),
        ("substring(x, 2)", ""),
        ("substring(x for 3)", "substring(x, 1, 3)"),
        ("POSITION('a' IN b)", "strpos(b, 'a')"),
        ("OVERLAY(a PLACING b FROM 1 FOR 2)", "overlay(a, b, 1, 2)"),
        ("TRIM(BOTH 'x' FROM y)", "btrim(y, 'x')"),
        ("TRIM(LEADING FROM y)", "ltrim(y)"),
        ("trim(trailing 'x' from y)", "rtrim(y, 'x')"),
        ("trim(y)", "btrim(y)"),
        ("x AT TIME ZONE 'UTC'", "timezone('UTC', x)"),
        ("now() at time zone 'utc' > y", "timezone('utc', now()) > y"),
        ("CURRENT_TIMESTAMP", ""),
        ("current_timestamp(3)", "CURRENT_TIMESTAMP(3)"),
        ("current_date", "CURRENT_DATE"),
        ("user", "CURRENT_USER"),
        ("CASE WHEN a THEN 1 ELSE 2 END", ""),
        ("CASE a WHEN 1 THEN 'x' WHEN 2 THEN 'y' END", ""),
        ("CAST(a AS numeric(10, 2))", "a::numeric(10, 2)"),
        ("a::text[]::json", ""),
        ("a::varchar(20)", ""),
        ("ARRAY[1, 2][1]", "(ARRAY[1, 2])[1]"),
        ("ARRAY[[1, 2], [3, 4]]", "ARRAY[ARRAY[1, 2], ARRAY[3, 4]]"),
        ("ARRAY[]::int[]", ""),
        ("ARRAY(SELECT a FROM b)", ""),
        ("a[1][2]", ""),
        ("(f(x))[1]", ""),
        ("(1, 2)", "ROW(1, 2)"),
        ("row()", "ROW()"),
        ("a COLLATE \"C\" < b", ""),
        ("$1 + $2", ""),
        ("$1.name || $1.\"a b\"", ""),
        ("(SELECT max(a) FROM b)", ""),
        ("((SELECT 1) UNION (SELECT 2))", "(SELECT 1 UNION SELECT 2)"),
        ("((SELECT 1) + 1)", "(SELECT 1) + 1"),
    ]);
}

#[test]
fn names() {
    expressions(&[
        ("Customer", "customer"),
        ("\"Customer\"", ""),
        ("\"customer\"", "customer"),
        ("\"order\"", ""),
        ("\"a\"\"b\"", ""),
        ("\"user\".id", ""),
        ("shop.orders.id", ""),
        ("value", ""),
        ("name", ""),
        ("position", "\"position\""),
        ("t.position", "t.\"position\""),
        ("\"Größe\"", ""),
        ("größe", ""),
    ]);
}

#[test]
fn queries() {
    for (text, expected) in [
        ("select", "SELECT"),
        ("select *, t.*, s.t.* from s.t", ""),
        ("select a x, b as y, c \"Z\" from t", "SELECT a AS x, b AS y, c AS \"Z\" FROM t"),
        ("select distinct on (a) a, b from t order by a, b desc nulls last", ""),
        ("select a from t where b group by a having count(*) > 1 limit 5 offset 10", ""),
        ("select a from t limit all", "SELECT a FROM t"),
        ("select a from t offset 1 rows fetch first 5 rows only", "SELECT a FROM t LIMIT 5 OFFSET 1"),
        ("select 1 union all select 2 intersect select 3 except select 4", ""),
        ("(select 1 union select 2) intersect select 3", ""),
        ("(select 1 order by 1 limit 1) union select 2 order by 1", ""),
        ("values (1, 'a'), (2, default)", ""),
        ("with a as (select 1), b(x) as materialized (select 2) select * from a, b", ""),
        ("with recursive a as (select 1 union all select 2) select * from a", ""),
        (
            "select * from a join b on a.x = b.x left outer join c using (y, z) cross join d full join e on true",
            "SELECT * FROM a JOIN b ON a.x = b.x LEFT JOIN c USING (y, z) CROSS JOIN d FULL JOIN e ON TRUE",
        ),
        ("select * from a right join (b inner join c on true) on true", ""),
        ("select * from (select 1) x(a), lateral (select 2) y, (values (1)) as z (b)", ""),
        ("select * from ((select 1) union (select 2)) as x", "SELECT * FROM (SELECT 1 UNION SELECT 2) AS x"),
        (
            "select * from ((select 1) as a cross join (select 2) as b)",
            "SELECT * FROM (SELECT 1) AS a CROSS JOIN (SELECT 2) AS b",
        ),
        ("select * from f(1) with ordinality as x(a, n)", ""),
        ("select * from json_to_recordset(j) as x(a int, b text)", ""),
        ("select * from public.f(1) x", "SELECT * FROM public.f(1) AS x"),
    ] {
        let tree = read_query(text).unwrap_or_else(|it| panic!("{text}: {it:?}"));
        let printed = mainstay_sql::print_query(&tree);
        if !expected.is_empty() {
            assert_eq!(printed, expected);
        }
        let again = read_query(&printed).unwrap_or_else(|it| panic!("{printed}: {it:?}"));
        assert_eq!(shape(&again), shape(&tree), "reading back {printed}");
    }
}

#[test]
fn tables() {
    prints(&[
        ("create table t ()", "CREATE TABLE t ();"),
        (
            "CREATE TABLE IF NOT EXISTS shop.\"Order\" (
                id bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 5 INCREMENT BY 2) PRIMARY KEY,
                n int generated always as identity,
                code varchar(10) NOT NULL DEFAULT 'x' UNIQUE,
                price numeric(10,2) DEFAULT 0 CHECK (price >= 0) NOT NULL,
                twice numeric GENERATED ALWAYS AS (price * 2) STORED,
                at timestamp(3) with time zone default now() not null,
                a double precision, b character varying(3), c time without time zone,
                tags text[] not null default '{}', m int[3][],
                kind serial NULL,
                k text COLLATE \"C\",
                customer uuid CONSTRAINT fk REFERENCES people.customers (id) ON DELETE SET NULL ON UPDATE CASCADE
                    DEFERRABLE INITIALLY DEFERRED,
                CONSTRAINT \"U\" UNIQUE NULLS NOT DISTINCT (code, n),
                CHECK (n > 0),
                FOREIGN KEY (a, b) REFERENCES o ON DELETE SET DEFAULT (a) MATCH FULL
            )"
            .split(" ON DELETE SET DEFAULT (a) MATCH FULL")
            .collect::<Vec<_>>()
            .join(" MATCH FULL ON DELETE SET DEFAULT (a)")
            .leak(),
            "CREATE TABLE IF NOT EXISTS shop.\"Order\" (
  id bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 5 INCREMENT BY 2) PRIMARY KEY,
  n int GENERATED ALWAYS AS IDENTITY,
  code varchar(10) NOT NULL DEFAULT 'x' UNIQUE,
  price numeric(10, 2) DEFAULT 0 CHECK (price >= 0) NOT NULL,
  twice numeric GENERATED ALWAYS AS (price * 2) STORED,
  at timestamptz(3) DEFAULT now() NOT NULL,
  a double precision,
  b varchar(3),
  c time,
  tags text[] NOT NULL DEFAULT '{}',
  m int[][],
  kind serial NULL,
  k text COLLATE \"C\",
  customer uuid CONSTRAINT fk REFERENCES people.customers (id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT \"U\" UNIQUE NULLS NOT DISTINCT (code, n),
  CHECK (n > 0),
  FOREIGN KEY (a, b) REFERENCES o MATCH FULL ON DELETE SET DEFAULT (a)
);",
        ),
        (
            "create table t (a bool default (1 = 1 and true) not null, b bool default 1 = 1 unique)",
            "CREATE TABLE t (\n  a bool DEFAULT (1 = 1 AND TRUE) NOT NULL,\n  b bool DEFAULT (1 = 1) UNIQUE\n);",
        ),
        (
            "ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id), add c int not null, add column if not exists d int",
            "ALTER TABLE public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id),\n  ADD COLUMN c int NOT NULL,\n  ADD COLUMN IF NOT EXISTS d int;",
        ),
        ("alter table t alter c set default 1", "ALTER TABLE t ALTER COLUMN c SET DEFAULT 1;"),
        ("alter table t alter column c drop default", "ALTER TABLE t ALTER COLUMN c DROP DEFAULT;"),
        ("alter table t alter c set not null", "ALTER TABLE t ALTER COLUMN c SET NOT NULL;"),
        ("alter table t alter c drop not null", "ALTER TABLE t ALTER COLUMN c DROP NOT NULL;"),
        ("alter table t enable row level security", "ALTER TABLE t ENABLE ROW LEVEL SECURITY;"),
        ("alter table t no force row level security", "ALTER TABLE t NO FORCE ROW LEVEL SECURITY;"),
        ("alter table t owner to postgres", "ALTER TABLE t OWNER TO postgres;"),
        (
            "ALTER TABLE t ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (\n SEQUENCE NAME public.t_id_seq\n START WITH 1\n NO MINVALUE\n CACHE 1\n)",
            "ALTER TABLE t ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME public.t_id_seq START WITH 1 CACHE 1);",
        ),
    ]);
}

#[test]
fn types_indexes_views() {
    prints(&[
        ("create schema if not exists shop authorization me", "CREATE SCHEMA IF NOT EXISTS shop;"),
        ("create type s as enum ('a', 'it''s')", "CREATE TYPE s AS ENUM ('a', 'it''s');"),
        (
            "create domain email as text default 'x' not null constraint ok check (value ~ '@') check (length(value) < 9)",
            "CREATE DOMAIN email AS text DEFAULT 'x' NOT NULL\n  CONSTRAINT ok CHECK (value ~ '@')\n  CHECK (length(value) < 9);",
        ),
        (
            "create unique index concurrently if not exists i on only s.t using btree (a, lower(b) desc nulls last, (c || d) collate \"C\" text_pattern_ops asc) include (e) nulls not distinct where a is null",
            "CREATE UNIQUE INDEX IF NOT EXISTS i ON s.t USING btree (a, lower(b) DESC NULLS LAST, (c || d) COLLATE \"C\" text_pattern_ops) INCLUDE (e) NULLS NOT DISTINCT WHERE a IS NULL;",
        ),
        ("create index on t (((a -> 'b')))", "CREATE INDEX ON t ((a -> 'b'));"),
        (
            "create or replace view v (a, b) with (security_invoker = on) as select 1, 2 from t where x",
            "CREATE OR REPLACE VIEW v (a, b) WITH (security_invoker = true) AS\nSELECT 1, 2\nFROM t\nWHERE x;",
        ),
        (
            "create view v with (security_invoker) as values (1)",
            "CREATE VIEW v WITH (security_invoker = true) AS\nVALUES (1);",
        ),
    ]);
}

#[test]
fn functions() {
    prints(&[
        (
            "create or replace function s.f(a int, in b text default 'x', out c int, variadic d int[]) returns setof int language sql stable strict security definer set search_path = '', public parallel safe cost 10 as 'select ''x'', a'",
            "CREATE OR REPLACE FUNCTION s.f(a int, b text DEFAULT 'x', OUT c int, VARIADIC d int[])\nRETURNS SETOF int\nLANGUAGE sql STABLE STRICT SECURITY DEFINER\nSET search_path = '', 'public'\nAS $$\nSELECT 'x', a\n$$;",
        ),
        (
            "create function f(int, double precision, x character varying) returns table (a int, b text) language 'SQL' immutable as $body$ select 1, '$$' ; $body$",
            "CREATE FUNCTION f(int, double precision, x varchar)\nRETURNS TABLE (a int, b text)\nLANGUAGE sql IMMUTABLE\nAS $body0$\nSELECT 1, '$$'\n$body0$;",
        ),
        (
            "create function f() returns void language plpgsql as $$begin null; end$$",
            "CREATE FUNCTION f()\nRETURNS void\nLANGUAGE plpgsql\nAS $$begin null; end$$;",
        ),
        (
            "create function f(a int) returns int return a + 1",
            "CREATE FUNCTION f(a int)\nRETURNS int\nLANGUAGE sql\nAS $$\nSELECT a + 1\n$$;",
        ),
        (
            "create function f() returns int begin atomic select case when true then 1 end; end; select 2",
            "CREATE FUNCTION f()\nRETURNS int\nLANGUAGE sql\nAS $$\nSELECT CASE WHEN TRUE THEN 1 END\n$$;\n\nSELECT 2;",
        ),
        (
            "create function f() returns int language sql as $$ insert into t values (1); select 1 $$",
            "CREATE FUNCTION f()\nRETURNS int\nLANGUAGE sql\nAS $$ insert into t values (1); select 1 $$;",
        ),
    ]);
}

#[test]
fn spans_inside_function_bodies_point_into_the_file() {
    for text in [
        "create function f() returns text language sql as $x$ select lower(namme) $x$",
        "create function f() returns text language sql as 'select ''a'' || lower(namme)'",
        "create function f() returns text language sql begin atomic select lower(namme); end",
    ] {
        let (files, statements, diagnostics) = read_text(text);
        assert!(diagnostics.is_empty());
        let debug = format!("{statements:?}");
        let at = text.find("namme").unwrap();
        assert!(
            debug.contains(&format!("text: \"namme\", quoted: false, span: @0:{at}..{}", at + 5)),
            "{debug}"
        );
        drop(files);
    }
}

#[test]
fn access() {
    prints(&[
        (
            "create policy \"own rows\" on s.t as restrictive for update to authenticated, current_user using (auth.uid() = owner) with check (true)",
            "CREATE POLICY \"own rows\" ON s.t AS RESTRICTIVE FOR UPDATE TO authenticated, current_user\n  USING (auth.uid() = owner)\n  WITH CHECK (TRUE);",
        ),
        (
            "create policy p on t for all to public using (true)",
            "CREATE POLICY p ON t TO public\n  USING (TRUE);",
        ),
        ("grant select on t to anon", "GRANT SELECT ON TABLE t TO anon;"),
        (
            "grant select (a, b), update (a) on table s.t, u to anon, authenticated with grant option",
            "GRANT SELECT (a, b), UPDATE (a) ON TABLE s.t, u TO anon, authenticated WITH GRANT OPTION;",
        ),
        (
            "grant all privileges on all tables in schema public to me",
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO me;",
        ),
        ("grant usage on schema a, b to me", "GRANT USAGE ON SCHEMA a, b TO me;"),
        ("grant usage, select on sequence s to me", "GRANT USAGE, SELECT ON SEQUENCE s TO me;"),
        (
            "grant execute on function s.f(int, out text), g to me",
            "GRANT EXECUTE ON FUNCTION s.f(int), g TO me;",
        ),
        (
            "revoke grant option for all on t from public cascade",
            "REVOKE GRANT OPTION FOR ALL ON TABLE t FROM public;",
        ),
        (
            "revoke execute on all functions in schema s from public",
            "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA s FROM public;",
        ),
        ("comment on table t is 'it''s'", "COMMENT ON TABLE t IS 'it''s';"),
        ("comment on column s.t.c is null", "COMMENT ON COLUMN s.t.c IS NULL;"),
        ("comment on function f(int) is 'x'", "COMMENT ON FUNCTION f(int) IS 'x';"),
        ("comment on constraint c on t is 'x'", "COMMENT ON CONSTRAINT c ON t IS 'x';"),
        ("comment on policy \"P\" on t is 'x'", "COMMENT ON POLICY \"P\" ON t IS 'x';"),
    ]);
    for kind in ["VIEW", "TYPE", "DOMAIN", "SCHEMA", "INDEX", "SEQUENCE", "EXTENSION"] {
        let text = format!("COMMENT ON {kind} x IS 'y';");
        prints(&[(&text, &text)]);
    }
}

#[test]
fn scripts() {
    prints(&[
        ("insert into t values (1, 'a')", "INSERT INTO t VALUES (1, 'a');"),
        (
            "insert into s.t (a, b) overriding system value values (1, default), (2, null) on conflict (a) do nothing",
            "INSERT INTO s.t (a, b) OVERRIDING SYSTEM VALUE VALUES\n  (1, DEFAULT),\n  (2, NULL) ON CONFLICT (a) DO NOTHING;",
        ),
        (
            "insert into t (a) select a from u on conflict do nothing",
            "INSERT INTO t (a) SELECT a FROM u ON CONFLICT DO NOTHING;",
        ),
        ("insert into t default values", "INSERT INTO t DEFAULT VALUES;"),
        ("set search_path to public, \"$user\"", "SET search_path = 'public', '$user';"),
        ("set local request.jwt.claims = '{}'", "SET LOCAL request.jwt.claims = '{}';"),
        ("set time zone 'UTC'", "SET timezone = 'UTC';"),
        ("set client_min_messages = warning", "SET client_min_messages = 'warning';"),
        ("reset search_path", "SET search_path TO DEFAULT;"),
        (
            "select pg_catalog.set_config('search_path', '', false)",
            "SELECT pg_catalog.set_config('search_path', '', FALSE);",
        ),
        ("select setval('s', 5, true)", "SELECT setval('s', 5, TRUE);"),
        (
            "begin; start transaction; commit work; end; rollback;",
            "BEGIN;\n\nBEGIN;\n\nCOMMIT;\n\nCOMMIT;\n\nROLLBACK;",
        ),
        (
            "create database x with encoding 'utf8'; drop database if exists x",
            "CREATE DATABASE x;\n\nDROP DATABASE x;",
        ),
        (
            "create extension if not exists \"uuid-ossp\" with schema extensions",
            "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA extensions;",
        ),
        (
            "create sequence s.q as integer start with 1 increment by -1 no minvalue maxvalue 9 cache 1 cycle owned by none",
            "CREATE SEQUENCE s.q AS integer START WITH 1 INCREMENT BY -1 MAXVALUE 9 CACHE 1 CYCLE OWNED BY NONE;",
        ),
        ("alter sequence s owned by public.t.id", "ALTER SEQUENCE s OWNED BY public.t.id;"),
        ("alter sequence s owner to me", "ALTER SEQUENCE s OWNER TO me;"),
        ("alter function s.f(int) owner to me", "ALTER FUNCTION s.f(int) OWNER TO me;"),
        ("drop table if exists a, b cascade", "DROP TABLE IF EXISTS a, b CASCADE;"),
        ("drop policy if exists p on t", "DROP POLICY IF EXISTS p ON t;"),
        ("drop function f(int)", "DROP FUNCTION f(int);"),
        ("\\connect shop\n\\echo hello ; ;\nselect 1", "\\connect shop\n\n\\echo hello\n\nSELECT 1;"),
    ]);
}

#[test]
fn copy_blocks() {
    let text = "COPY public.t (a, b) FROM stdin;\n1\tit's; \\\\ \\t\\N\n\\N\t'\n\\.\n\nselect 1;\nCOPY u FROM STDIN WITH (FORMAT text);\n\\.\n";
    let (files, statements, diagnostics) = read_text(text);
    assert!(diagnostics.is_empty(), "{}", diagnostics.render(&files, false));
    let [Statement::Copy(copy), Statement::Query(_), Statement::Copy(empty)] = statements.as_slice() else {
        panic!("{statements:?}");
    };
    let values: Vec<_> = copy.rows.iter().map(|row| row.values.clone()).collect();
    let text = |text: &str| Some(text.to_string());
    assert_eq!(values, [vec![text("1"), text("it's; \\ \tN")], vec![None, text("'")]]);
    assert_eq!(files.text(copy.rows[1].span), "\\N\t'");
    assert!(empty.rows.is_empty());
    let printed = print_statement(&statements[0]);
    let (_, again, _) = read_text(&printed);
    assert_eq!(shape(&again[0]), shape(&statements[0]));
}

#[test]
fn unsupported_statements_say_what_and_where() {
    for (text, what, place) in [
        ("create trigger x before insert on t", "CREATE TRIGGER", "create trigger"),
        ("create materialized view v as select 1", "CREATE MATERIALIZED VIEW", "create materialized"),
        (
            "create table t (a int) partition by range (a)",
            "PARTITION after the columns of a table",
            "partition",
        ),
        ("create table t (like u)", "LIKE in a table", "like"),
        ("create temp table t (a int)", "CREATE TEMP TABLE", "temp"),
        ("create type t as (a int)", "composite types", "("),
        ("create function f() returns int language sql window as 'select 1'", "WINDOW functions", "window"),
        ("select sum(a) over (order by b) from t", "window functions (OVER)", "over"),
        ("select * from a natural join b", "NATURAL JOIN", "natural"),
        ("select a similar to 'x' from t", "SIMILAR TO", "similar"),
        ("update t set a = 1", "UPDATE", "update"),
        ("delete from t", "DELETE", "delete"),
        ("do $$ begin end $$", "DO", "do"),
        ("alter table t drop column a", "ALTER TABLE … DROP COLUMN", "drop"),
        (
            "alter default privileges in schema public grant all on tables to x",
            "ALTER DEFAULT PRIVILEGES",
            "alter default",
        ),
        ("grant admins to me", "membership in roles", "grant"),
        ("insert into t values (1) on conflict (a) do update set b = 1", "ON CONFLICT DO UPDATE", "update"),
        ("copy t from '/tmp/x'", "COPY from a file or program", "'/tmp/x'"),
        ("with x as (delete from t) select 1", "data changes inside WITH", "delete"),
    ] {
        let (files, statements, diagnostics) = read_text(text);
        assert!(diagnostics.is_empty(), "{}", diagnostics.render(&files, false));
        let [Statement::Unsupported { what: found, place: span, span: whole }] = statements.as_slice() else {
            panic!("{text}: {statements:?}");
        };
        assert_eq!((found.as_str(), files.text(*span)), (what, place), "{text}");
        assert_eq!(files.text(*whole), text);
    }
}

#[test]
fn several_files_keep_their_order() {
    let mut files = mainstay_sql::SourceFiles::new();
    files.add("a.sql", "select 1;;\n-- only a comment\n/* and /* nested */ another */");
    files.add("b.sql", "\u{feff}select 2");
    let (statements, diagnostics) = mainstay_sql::read(&files);
    assert!(diagnostics.is_empty());
    let places: Vec<_> = statements.iter().map(|it| (it.span().file.0, files.text(it.span()))).collect();
    assert_eq!(places, [(0, "select 1"), (1, "select 2")]);
}
