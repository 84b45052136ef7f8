//! Schemas that mean nothing: PostgreSQL's words, the place, and what to do about it.

mod common;

use common::findings;

#[track_caller]
fn say(cases: &[(&str, &[&str])]) {
    let mut wrong = Vec::new();
    for (sql, expected) in cases {
        let found = findings(sql);
        if found != *expected {
            wrong.push(format!("{sql}\n  expected {expected:#?}\n  found    {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn types_and_columns() {
    say(&[
        (
            "create table t (a intger);",
            &["1:19: error: type \"intger\" does not exist | did you mean \"integer\"?"],
        ),
        (
            "create table t (a money, b citext, c datetime, d interval, e inet[]);",
            &[
                "1:19: error: the type money is not supported | use numeric(12,2)",
                "1:28: error: the type citext is not supported | use text, and lower(…) where case must not matter",
                "1:38: error: type \"datetime\" does not exist | use `timestamptz`, or `timestamp` without a time zone",
                "1:50: error: columns of type interval are not supported | keep a number of seconds or days as integer",
                "1:62: error: the type inet is not supported | use text",
            ],
        ),
        (
            "create table t (a varchar(0), b numeric(5,6), c text(3), d timestamp(9), e int[][]);",
            &[
                "1:19: error: length for type varchar must be at least 1",
                "1:33: error: NUMERIC scale 6 must be between 0 and precision 5",
                "1:49: error: type modifier is not allowed for type \"text\"",
                "1:60: error: timestamp without time zone precision 9 must be between 0 and 6",
                "1:76: error: arrays of several dimensions are not supported | use an array of one dimension, or jsonb",
            ],
        ),
        ("create table t (a int, a text);", &["1:24: error: column \"a\" specified more than once"]),
        (
            "create table t (ctid int);",
            &["1:17: error: column name \"ctid\" conflicts with a system column name"],
        ),
        (
            "create table t (a mood); create type moods as enum ('a');",
            &["1:19: error: type \"mood\" does not exist | did you mean \"moods\"?"],
        ),
        ("create type mood as enum ('a', 'a');", &["1:32: error: the label 'a' is there twice"]),
        (
            "create type mood as enum ('a'); create type mood as enum ('b');",
            &["1:45: error: type \"mood\" already exists"],
        ),
        (
            "create type mood as enum ('sad', 'happy'); create table t (m mood default 'hapy');",
            &["1:75: error: invalid input value for enum mood: \"hapy\" | did you mean \"happy\"?"],
        ),
        (
            "create type mood as enum ('sad', 'happy'); create table t (m mood check (m <> 'glad'));",
            &["1:79: error: invalid input value for enum mood: \"glad\" | its labels are 'sad', 'happy'"],
        ),
        (
            "create table t (a int default 'x');",
            &["1:31: error: invalid input syntax for type integer: \"x\""],
        ),
        (
            "create table t (a int default true, b uuid default 1, c text default now());",
            &[
                "1:31: error: column \"a\" is of type integer but default expression is of type boolean | cast it: (…)::integer",
                "1:52: error: column \"b\" is of type uuid but default expression is of type integer",
            ],
        ),
        (
            "create table t (a varchar(2) default 'abc');",
            &["1:38: error: value too long for type character varying(2)"],
        ),
        (
            "create table t (a int, b int default a);",
            &[
                "1:38: error: cannot use column reference in DEFAULT expression | a value computed from other columns is GENERATED ALWAYS AS (…) STORED; text is written '…'",
            ],
        ),
        (
            "create table t (a int default (select 1));",
            &["1:31: error: cannot use subquery in DEFAULT expression"],
        ),
        (
            "create table t (a int default 1 default 2);",
            &[
                "1:33: error: multiple default values specified for column \"a\" of table \"t\" | remove this default, or the one before it",
            ],
        ),
        (
            "create table t (a int null not null);",
            &["1:28: error: conflicting NULL/NOT NULL declarations for column \"a\" of table \"t\""],
        ),
        (
            "create table t (a text generated always as identity);",
            &["1:24: error: identity column type must be smallint, integer, or bigint"],
        ),
        (
            "create table t (a serial default 1);",
            &[
                "1:26: error: multiple default values specified for column \"a\" of table \"t\" | remove this default, or the one before it",
            ],
        ),
        (
            "create table t (a int generated by default as identity (increment by 0));",
            &["1:23: error: INCREMENT must not be zero"],
        ),
        (
            "create table t (a text collate \"de_DE\");",
            &[
                "1:32: error: the collation \"de_DE\" is not supported | text is compared bytewise: use COLLATE \"C\" or leave it out",
            ],
        ),
        (
            "create table t (a timestamptz default 'now');",
            &[
                "1:39: error: the time 'now' as a literal is not supported | use now(), current_date or localtimestamp",
            ],
        ),
        ("create table t (a jsonb default '{a');", &["1:33: error: invalid input syntax for type json"]),
        (
            "create domain d as intger; create table t (a d);",
            &[
                "1:20: error: type \"intger\" does not exist | did you mean \"integer\"?",
                "1:46: error: type \"d\" does not exist",
            ],
        ),
        (
            "create domain d as int check (valu > 0);",
            &["1:31: error: column \"valu\" does not exist | did you mean \"value\"?"],
        ),
        (
            "create domain d as int check (value > 0); create view v as select 1::d as a;",
            &[
                "1:70: error: the domain \"d\" outside columns is not supported | use its base type integer: only columns keep the checks of a domain",
            ],
        ),
        (
            "create table t (a int, b text generated always as (now()::text) stored);",
            &[
                "1:52: error: generation expression is not immutable | it may depend on the row alone, not on the time or on who asks",
            ],
        ),
        (
            "create table t (a int, b int generated always as (a) stored, c int generated always as (b) stored);",
            &["1:89: error: cannot use generated column \"b\" in column generation expression"],
        ),
        (
            "create table t (a int, b bool generated always as (a + 1) stored);",
            &[
                "1:52: error: column \"b\" is of type boolean but generation expression is of type integer | cast it: (…)::boolean",
            ],
        ),
    ]);
}

#[test]
fn keys_and_checks() {
    say(&[
        (
            "create table t (a int primary key, b int primary key);",
            &[
                "1:42: error: multiple primary keys for table \"t\" are not allowed | a key of several columns is written once: PRIMARY KEY (a, b)",
            ],
        ),
        (
            "create table t (a int, primary key (a), primary key (a));",
            &[
                "1:41: error: multiple primary keys for table \"t\" are not allowed | a key of several columns is written once: PRIMARY KEY (a, b)",
            ],
        ),
        (
            "create table t (a int, primary key (b), unique (a, a));",
            &[
                "1:37: error: column \"b\" named in key does not exist",
                "1:52: error: column \"a\" appears twice in unique constraint",
            ],
        ),
        (
            "create table t (a json unique);",
            &[
                "1:17: error: data type json has no default operator class for access method \"btree\" | use jsonb, which can be compared",
            ],
        ),
        (
            "create table t (a int, constraint c check (a > 0), constraint c check (a < 9));",
            &["1:63: error: constraint \"c\" for relation \"t\" already exists"],
        ),
        ("create table t (a int check (b > 0));", &["1:30: error: column \"b\" does not exist"]),
        (
            "create table t (a int check (a));",
            &["1:30: error: argument of CHECK must be type boolean, not type integer"],
        ),
        (
            "create table t (a int check (a > (select 1)));",
            &["1:34: error: cannot use subquery in check constraint"],
        ),
        (
            "create table t (a timestamptz check (a < now()));",
            &[
                "1:38: error: functions in check constraint must be immutable | what depends on the time or on who asks belongs in a policy: WITH CHECK (…)",
            ],
        ),
        (
            "create table t (a int check (sum(a) > 0));",
            &["1:30: error: aggregate functions are not allowed in check constraints"],
        ),
        ("create table t (a int references u);", &["1:34: error: relation \"u\" does not exist"]),
        (
            "create table t (a int references users); create table user_s (id int);",
            &["1:34: error: relation \"users\" does not exist | did you mean \"user_s\"?"],
        ),
        (
            "create table u (b int); create table t (a int references u);",
            &["1:58: error: there is no primary key for referenced table \"u\""],
        ),
        (
            "create table u (b int); create table t (a int references u (b));",
            &[
                "1:47: error: there is no unique constraint matching given keys for referenced table \"u\" | make them unique there: UNIQUE (b)",
            ],
        ),
        (
            "create table u (b int primary key); create table t (a int references u (c));",
            &["1:73: error: column \"c\" referenced in foreign key constraint does not exist"],
        ),
        (
            "create table u (b int primary key); create table t (a text references u);",
            &[
                "1:60: error: foreign key constraint \"t_a_fkey\" cannot be implemented | declare \"a\" as integer",
            ],
        ),
        (
            "create table u (b int, c int, primary key (b, c)); create table t (a int references u);",
            &["1:74: error: number of referencing and referenced columns for foreign key disagree"],
        ),
        (
            "create view u as select 1 as id; create table t (a int references u (id));",
            &["1:67: error: referenced relation \"u\" is not a table"],
        ),
        (
            "create table t (a uuid references auth.users (id));",
            &[
                "1:35: error: relation \"auth.users\" cannot be used here | the schema auth belongs to Mainstay; keep what you need of it in a table of your own",
            ],
        ),
        (
            "create table u (b int primary key); create table t (a int not null references u on delete set null);",
            &["1:68: warning: ON DELETE SET NULL will fail: column \"a\" is NOT NULL"],
        ),
        (
            "create table u (b int primary key); create table t (a int, foreign key (c) references u);",
            &["1:73: error: column \"c\" referenced in foreign key constraint does not exist"],
        ),
        (
            "create table t (a int unique deferrable);",
            &[
                "1:23: error: DEFERRABLE keys are not supported | leave DEFERRABLE out: it is there for foreign keys",
            ],
        ),
        (
            "create table t (a int); alter table t add constraint k unique (a); alter table t add constraint k check (a > 0);",
            &["1:97: error: constraint \"k\" for relation \"t\" already exists"],
        ),
        (
            "create table t (a int primary key); alter table t alter column a drop not null;",
            &["1:64: error: column \"a\" is in a primary key"],
        ),
        (
            "create table t (a int); alter table t alter column b set default 1; alter table u add column c int;",
            &[
                "1:52: error: column \"b\" of relation \"t\" does not exist",
                "1:81: error: relation \"u\" does not exist",
            ],
        ),
        (
            "create table t (a int); alter table t add column a int; alter table t alter column a add generated always as identity;",
            &[
                "1:50: error: column \"a\" specified more than once",
                "1:84: error: column \"a\" of relation \"t\" must be declared NOT NULL before identity can be added",
            ],
        ),
    ]);
}

#[test]
fn objects_and_statements() {
    say(&[
        ("create table t (a int); create table t (b int);", &["1:38: error: relation \"t\" already exists"]),
        (
            "create table t (a int); create view t as select 1 as a;",
            &["1:37: error: relation \"t\" already exists"],
        ),
        (
            "create table shop.t (a int);",
            &["1:14: error: schema \"shop\" does not exist | create it first: CREATE SCHEMA shop;"],
        ),
        (
            "create schema auth; create table auth.t (a int); create schema a; create schema a;",
            &[
                "1:15: error: the schema name \"auth\" is reserved | choose another name",
                "1:34: error: nothing can be created in the schema \"auth\" | it belongs to Mainstay: use public, or a schema of your own",
                "1:81: error: schema \"a\" already exists",
            ],
        ),
        (
            "create index on t (a); create table u (a int); create index on u (b); create index on u (lower(a));",
            &[
                "1:17: error: relation \"t\" does not exist",
                "1:67: error: column \"b\" does not exist",
                "1:90: error: function lower(integer) does not exist | No function matches the given name and argument types. You might need to add explicit type casts.",
            ],
        ),
        (
            "create table u (a timestamptz); create index on u ((a::date)); create index on u (a) where a > now();",
            &[
                "1:52: error: functions in index expression must be marked IMMUTABLE | an index may depend on the row alone",
                "1:92: error: functions in index predicate must be marked IMMUTABLE | an index may depend on the row alone",
            ],
        ),
        (
            "create table u (a int, b jsonb); create index i on u (a); create index i on u (a); create index on u using gin (b);",
            &[
                "1:72: error: relation \"i\" already exists",
                "1:108: warning: an index USING gin is not supported and is left out | queries give the same answers without it",
            ],
        ),
        (
            "create sequence s; create table t (a int default nextval('other'));",
            &[
                "1:17: error: the sequence \"s\" numbers no column | number a column by itself: bigint generated by default as identity",
                "1:50: error: relation \"other\" does not exist | let the column number itself: bigint generated by default as identity",
            ],
        ),
        (
            "insert into t values (1); select 1; set search_path = shop; create extension postgis;",
            &[
                "1:13: error: INSERT does not belong in a schema | rows go into seed.sql, and are loaded with `mainstay db seed`",
                "1:27: error: a query does not belong in a schema | give it a name: CREATE VIEW … AS SELECT …, or CREATE FUNCTION …",
                "1:37: error: SET search_path has no effect here: names without a schema are those of public | write the schema before the name: shop.orders",
                "1:78: error: the extension \"postgis\" is not supported | keep coordinates in two columns of type double precision",
            ],
        ),
        (
            "create trigger x before insert on t for each row execute function f();",
            &[
                "1:1: error: CREATE TRIGGER is not supported | use a default, a generated column, a CHECK or a policy",
            ],
        ),
        (
            "create table t (a int); drop table t; drop table if exists t;",
            &[
                "1:36: error: \"t\" is dropped here | schema files only say what there is: remove the definition, and this statement",
                "1:60: error: \"t\" is dropped here | schema files only say what there is: remove the definition, and this statement",
            ],
        ),
        (
            "create table t (a int); comment on table s is 'x'; comment on column t.b is 'x'; comment on view t is 'x';",
            &[
                "1:42: error: relation \"s\" does not exist",
                "1:72: error: column \"b\" of relation \"t\" does not exist",
                "1:98: error: \"t\" is not a view",
            ],
        ),
        (
            "create materialized view v as select 1 as a;",
            &["1:1: error: CREATE MATERIALIZED VIEW is not supported | create a plain view"],
        ),
        (
            "create table t (a intt); alter table t drop column a; alter table t rename a to b, alter a type text;
alter table t enable row levl security;",
            &[
                "1:19: error: type \"intt\" does not exist | did you mean \"int\"?",
                "1:40: error: ALTER TABLE … DROP COLUMN is not supported | schema files only say what there is: remove it where it is declared",
                "1:69: error: ALTER TABLE … RENAME A is not supported | rename it where it is declared, and comment on it with '@renamed-from old_name'",
                "2:15: error: ALTER TABLE … ENABLE ROW is not supported | did you mean ENABLE ROW LEVEL SECURITY?",
            ],
        ),
        (
            "create table t (a int); alter table t alter a type text;",
            &[
                "1:39: error: ALTER COLUMN … TYPE TEXT is not supported | change the type where the column is declared",
            ],
        ),
        (
            "create role boss;",
            &["1:1: error: CREATE ROLE is not supported | there are anon, authenticated and service_role"],
        ),
        (
            "create table t (a intger);\ncreate table u (b int references t);\ncreate view v as select a, c from t;",
            &[
                "1:19: error: type \"intger\" does not exist | did you mean \"integer\"?",
                "2:34: error: there is no primary key for referenced table \"t\"",
                "3:28: error: column \"c\" does not exist",
            ],
        ),
    ]);
}
