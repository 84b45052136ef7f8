#!/usr/bin/env python3
"""Asks a PostgreSQL (15 or later, collation C, any database) for the rows of the queries in queries.txt.

    PGHOST=/tmp PGPORT=5432 PGUSER=postgres ./record.py

A query is one line; below it stand its rows, each after `= ` with `|` between the values, or `! sqlstate: message`.
"""

import pathlib
import subprocess

here = pathlib.Path(__file__).parent
lines = [line for line in (here / "queries.txt").read_text().split("\n") if not line.startswith(("= ", "! "))]
queries = [line for line in lines if line and not line.startswith("#")]
setup = [
    "set client_min_messages = error; set timezone = 'UTC';",
    "drop schema if exists meaning cascade; create schema meaning; set search_path = meaning;",
    (here / "schema.sql").read_text(),
]
copies = [f"\\copy {path.stem} from {path}" for path in (here / "t.tsv", here / "u.tsv", here / "e.tsv")]
asked = [f"{query};\n\\echo ---" for query in queries]
script = "\n".join(setup + copies + ["\\set VERBOSITY verbose", "\\echo ---"] + asked)
answers = subprocess.run(
    ["psql", "-XqAt", "-P", "null=\\N"],
    input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
).stdout.split("---\n")[1:]
expected = {}
for query, answer in zip(queries, answers):
    rows = []
    for row in answer.splitlines():
        if "ERROR:  " in row:
            rows.append("! " + row.split("ERROR:  ")[1])
            break
        rows.append("= " + row)
    expected[query] = rows
out = []
for line in lines:
    out.append(line)
    out.extend(expected.get(line, []))
(here / "queries.txt").write_text("\n".join(out))
