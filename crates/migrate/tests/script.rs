//! Migrations as scripts: read again, they are the schema that was wanted.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use mainstay_catalog::{Catalog, load};
use mainstay_migrate::{diff, script};
use mainstay_sql::SourceFiles;

fn catalog(sql: &str) -> Arc<Catalog> {
    let files = SourceFiles::single("schema.sql", sql);
    let (catalog, diagnostics) = load(&files);
    let Some(catalog) = catalog else { panic!("{}\n{sql}", diagnostics.render(&files, false)) };
    Arc::new(catalog)
}

fn script_of(from: &str, to: &str) -> String {
    script(&diff(&catalog(from), &catalog(to)))
}

const TYPES: &str = "create type mood as enum ('sad', 'it''s ok');";

const TABLES: &str = "
    create table people (
        id bigint generated always as identity (start with 10 increment by 5) primary key,
        \"Full Name\" varchar(40) not null default 'x''y' check (\"Full Name\" like 'a!%' escape '!'),
        mood mood not null default 'sad',
        tags text[] default '{a,\"b c\"}',
        born date check (born > '1900-01-01' and born is not null or mood in ('sad')),
        seen timestamptz default now(),
        shout text generated always as (upper(\"Full Name\") || '!') stored,
        score numeric(8,2) not null default -1.50,
        unique nulls not distinct (born, mood)
    );
    create table pets (
        owner bigint references people on delete cascade on update set null deferrable initially deferred,
        name text, code char(3), flags bool[], weight float8 check (weight >= 0.5),
        facts jsonb not null default '{\"a\": 1}', primary key (owner, name),
        constraint long check (case when code is null then true else length(name) between 2 and 10 end)
    );
    create unique index pets_code on pets (lower(name), code desc nulls last) where weight > 1 and not (code = 'x');";

#[test]
fn tables_are_created_as_they_were_declared() {
    let wanted = format!("{TYPES}{TABLES}");
    let again = format!("{TYPES}{}", script_of("", &wanted));
    assert_eq!(script_of(&again, &wanted), "", "{again}");
}

#[test]
fn the_shop_is_created_as_it_was_declared() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop/schema");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let tables =
        read("10_people.sql") + &read("20_catalog.sql") + &read("30_sales.sql") + &read("40_indexes.sql");
    let wanted = read("00_types.sql") + &tables;
    let again = read("00_types.sql") + &script_of(&read("00_types.sql"), &wanted);
    let left = diff(&catalog(&again), &catalog(&wanted));
    assert!(left.is_empty(), "{}", script(&left));
}

#[test]
fn changes_are_said_one_by_one() {
    let from = "create table a (id int primary key, x int, y text not null default 'q', z int);
        create table b (id int primary key); create index i on a (x);";
    let to = "create table a (id int primary key, w bigint not null check (w > 0), y text, new uuid default gen_random_uuid());
        comment on column a.w is '@renamed-from x';
        create table c (id int primary key, a int references a);
        alter table a enable row level security;";
    assert_eq!(
        script_of(from, to),
        "-- loses data: all rows of table b
DROP TABLE public.b;
-- loses data: the values of column a.z
ALTER TABLE public.a RENAME COLUMN x TO w;
ALTER TABLE public.a ALTER COLUMN w TYPE bigint USING (w)::bigint;
ALTER TABLE public.a ALTER COLUMN w SET NOT NULL;
ALTER TABLE public.a ALTER COLUMN y DROP NOT NULL;
ALTER TABLE public.a ALTER COLUMN y DROP DEFAULT;
ALTER TABLE public.a ADD COLUMN new uuid DEFAULT gen_random_uuid();
ALTER TABLE public.a DROP COLUMN z;
ALTER TABLE public.a ADD CONSTRAINT a_w_check CHECK ((w > 0));
CREATE TABLE public.c (
    id integer NOT NULL,
    a integer,
    CONSTRAINT c_pkey PRIMARY KEY (id),
    CONSTRAINT c_a_fkey FOREIGN KEY (a) REFERENCES public.a (id)
);
-- row-level security is enabled on a
-- the default of a.y changes
"
    );
}
