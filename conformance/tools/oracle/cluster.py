"""One scratch database per world, with the roles, the auth schema and the access rules a project starts with."""

import json

import psycopg

from .scenario import USERS

ROLES = """
do $$ begin
  if not exists (select from pg_roles where rolname = 'anon') then
    create role anon; create role authenticated; create role service_role bypassrls;
  end if;
end $$;
"""
PREPARE = """
create schema auth;
create function auth.jwt() returns jsonb language sql stable as
  $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
create function auth.uid() returns uuid language sql stable as $$ select nullif(auth.jwt() ->> 'sub', '')::uuid $$;
create function auth.role() returns text language sql stable as $$ select auth.jwt() ->> 'role' $$;
create function auth.email() returns text language sql stable as $$ select auth.jwt() ->> 'email' $$;
grant usage on schema auth to anon, authenticated, service_role;
create function public.uuidv7() returns uuid language sql volatile as $$ select gen_random_uuid() $$;
"""
# A table with row-level security and no grant that names a role is open to that role as far as its policies
# allow; one without row-level security is closed.
GRANTS = """
do $$
declare t record; r text;
begin
  for t in select c.oid, c.oid::regclass as name, c.relrowsecurity, n.nspname, c.relacl, c.relkind
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relkind in ('r', 'v', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'auth')
  loop
    execute format('grant usage on schema %I to anon, authenticated, service_role', t.nspname);
    execute format('grant all on %s to service_role', t.name);
    foreach r in array array['anon', 'authenticated'] loop
      if t.relrowsecurity
         and not exists (select from aclexplode(t.relacl) a where a.grantee = r::regrole)
         and not exists (select from pg_attribute b, aclexplode(b.attacl) a where b.attrelid = t.oid and a.grantee = r::regrole)
      then execute format('grant select, insert, update, delete on %s to %I', t.name, r); end if;
    end loop;
  end loop;
  for t in select n.nspname from pg_namespace n where n.nspname not like 'pg_%' and n.nspname not in ('information_schema')
  loop
    execute format('grant usage on all sequences in schema %I to anon, authenticated, service_role', t.nspname);
    execute format('grant usage on schema %I to anon, authenticated, service_role', t.nspname);
  end loop;
end $$;
"""


class Cluster:
    def __init__(self, dsn):
        self.dsn = dsn
        self.admin = psycopg.connect(dsn, dbname="postgres", autocommit=True)
        self.admin.execute(ROLES)
        self.count = 0
        self.templates = {}

    def template(self, case):
        key = (case.schema, case.seed)
        if key not in self.templates:
            name = self.create("template0")
            with self.open(name) as connection:
                for text in (PREPARE, case.schema, GRANTS, case.seed):
                    connection.execute(text)
            self.templates[key] = name
        return self.templates[key]

    def create(self, template):
        self.count += 1
        name = f"oracle_{self.count}"
        self.admin.execute(f"drop database if exists {name}")
        self.admin.execute(f"create database {name} template {template}")
        return name

    def open(self, name):
        return psycopg.connect(self.dsn, dbname=name, autocommit=True)

    def fresh(self, case):
        return self.open(self.create(self.template(case)))


def identity(who, claims):
    """The role and the claims that a request runs under."""
    if who in USERS:
        base = {"sub": USERS[who], "role": "authenticated", "aud": "authenticated", "email": f"{who}@example.com"}
    else:
        base = {"role": {"service": "service_role"}.get(who, "anon")}
    base["exp"] = 4102444800
    base.update(claims)
    base = {k: v for k, v in base.items() if v is not None}
    return base.get("role", "anon"), json.dumps(base)
