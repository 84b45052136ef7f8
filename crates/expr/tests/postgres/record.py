#!/usr/bin/env python3
"""Asks a PostgreSQL (15 or later, collation C, any database) for the expected values of the tables beside this file.

    PGHOST=/tmp PGPORT=5432 PGUSER=postgres ./record.py

A line of a table is `what<TAB>argument<TAB>…`, an expected line below it starts with `=` or `!`:

    calls.txt   name<TAB>type:value…      a function or an operator; `type` alone is NULL, `unknown:value` a bare literal
    input.txt   type<TAB>text             a text stored in a column of that type
    json.txt    type<TAB>json             a JSON value stored in a column of that type

    = type<TAB>text<TAB>json              the result
    ! sqlstate<TAB>message<TAB>detail<TAB>hint
"""

import pathlib
import subprocess

HELPERS = r"""
set timezone = 'UTC';
set client_min_messages = error;
drop type if exists mood;
create type mood as enum ('sad', 'ok', 'happy');
create or replace function pg_temp.value(query text) returns text language plpgsql as $$
declare answer text; message text; detail text; hint text; state text;
begin
  execute format('select pg_typeof(v)::text || E''\t'' || coalesce(v::text, ''NULL'') || E''\t'' || coalesce(to_json(v)::text, ''null'') from (select %s) t(v)', query) into answer;
  return '= ' || answer;
exception when others then
  get stacked diagnostics message = message_text, detail = pg_exception_detail, hint = pg_exception_hint, state = returned_sqlstate;
  return '! ' || state || E'\t' || message || E'\t' || detail || E'\t' || hint;
end $$;
create or replace function pg_temp.stored(type text, expression text) returns text language plpgsql as $$
declare answer text; message text; detail text; hint text; state text;
begin
  execute 'drop table if exists pg_temp.stored';
  execute format('create temp table stored (v %s)', type);
  execute format('insert into pg_temp.stored %s', expression);
  execute 'select pg_typeof(v)::text || E''\t'' || coalesce(v::text, ''NULL'') || E''\t'' || coalesce(to_json(v)::text, ''null'') from pg_temp.stored' into answer;
  return '= ' || answer;
exception when others then
  get stacked diagnostics message = message_text, detail = pg_exception_detail, hint = pg_exception_hint, state = returned_sqlstate;
  return '! ' || state || E'\t' || message || E'\t' || detail || E'\t' || hint;
end $$;
"""

UNESCAPES = {"t": "\t", "n": "\n", "\\": "\\"}


def unescape(text):
    out, characters = "", iter(text)
    for character in characters:
        out += UNESCAPES[next(characters)] if character == "\\" else character
    return out


def escape(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def quote(text):
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def argument(field):
    kind, colon, value = field.partition(":")
    if not colon:
        return f"null::{kind}"
    literal = quote(unescape(value))
    return literal if kind == "unknown" else f"{literal}::{kind}"


def call(line):
    name, *fields = line.split("\t")
    arguments = [argument(field) for field in fields]
    if name[0].isalpha():
        return f"{name}({', '.join(arguments)})"
    return f"{name} {arguments[0]}" if len(arguments) == 1 else f" {name} ".join(arguments)


def question(table, line):
    if table == "calls.txt":
        return f"select pg_temp.value({quote(call(line))});"
    kind, text = line.split("\t", 1)
    if table == "input.txt":
        expression = f"values ({quote(unescape(text))})"
    else:
        document = '{"v":' + unescape(text) + "}"
        expression = f"select v from json_populate_record(null::pg_temp.stored, {quote(document)})"
    return f"select pg_temp.stored({quote(kind)}, {quote(expression)});"


def record(path):
    lines = [line for line in path.read_text().split("\n") if not line.startswith(("= ", "! "))]
    cases = [line for line in lines if line and not line.startswith("#")]
    sql = HELPERS + "\n".join(f"{question(path.name, line)}\n\\echo ---" for line in cases)
    answers = subprocess.run(
        ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], input=sql, capture_output=True, text=True, check=True
    ).stdout.split("\n---\n")
    expected = iter(answers)
    out = []
    for line in lines:
        out.append(line)
        if line and not line.startswith("#"):
            out.append(escape(next(expected)))
    path.write_text("\n".join(out))


for name in ("calls.txt", "input.txt", "json.txt"):
    record(pathlib.Path(__file__).with_name(name))
