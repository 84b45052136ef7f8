"""Holds the scenarios against a real PostgreSQL, which settles what every value must be.

    python3 -m oracle --dsn 'host=127.0.0.1 port=5432 user=postgres' [--record] conformance/rest/*.md

It loads each scenario's schema and seed, translates its requests to SQL and runs them under the role and the
claims of whoever asks. Without --record it reports every answer that differs; with it, it fills in answers
whose status is `?`. Requests that it cannot translate (syntax errors, fuzzy hints, media types) are counted as
skipped. Needs `psycopg` and a superuser of a scratch cluster with collation C and time zone UTC.
"""

import argparse
import pathlib
import re
import sys

from .answer import answer
from .cluster import Cluster
from .grammar import Unsupported
from .scenario import cases

PLACEHOLDER = re.compile(r'"\{\{\w+\}\}"')


def tokens(text):
    return re.findall(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', text)


def same_json(expected, actual):
    a, b = tokens(expected), tokens(actual)
    return len(a) == len(b) and all(x == y or PLACEHOLDER.fullmatch(x) for x, y in zip(a, b))


def same_error(expected, actual):
    return sorted(tokens(expected)) == sorted(tokens(actual)) or same_json(expected, actual)


def pretty(body):
    """A top-level array of rows with one row per line."""
    out, depth, in_string, escaped, rows = "", 0, False, False, body.lstrip().startswith("[{")
    for c in body.strip():
        if in_string:
            in_string = escaped or c != '"'
            escaped = not escaped and c == "\\"
        elif c.isspace():
            # PostgreSQL breaks the line between the rows of json_agg.
            if c == " " and not out.endswith((" ", "\n")):
                out += c
            continue
        elif c == '"':
            in_string = True
        elif c in "[{":
            depth += 1
        elif c in "]}":
            depth -= 1
        out += c
        if c == "," and depth == 1 and rows and not in_string:
            out += "\n "
    return out


def split_http(text):
    head, _, body = text.partition("\n\n")
    return [line for line in head.splitlines() if line], body.strip("\n")


def check(expected, response):
    """Every difference between an answer of the file and PostgreSQL's."""
    wrong, body = [], expected.text.strip("\n")
    if str(response.status) != expected.status:
        wrong.append(f"status {expected.status}, oracle {response.status} {response.body[:300]}")
    if expected.language == "http":
        lines, body = split_http(expected.text)
        for line in lines:
            name, _, value = (part.strip() for part in line.partition(":"))
            got = response.headers.get(name.lower())
            if name.lower() in response.headers and not value.startswith("~"):
                if (value == "(absent)") != (got is None) or (got is not None and got != value):
                    wrong.append(f"header {name}: {value!r}, oracle {got!r}")
    if body in ("", "(empty)") and expected.language == "http":
        return wrong + ([f"body: none, oracle {response.body}"] if body and response.body else [])
    if expected.language in ("csv", "text"):
        same = body.rstrip("\n") == response.body.rstrip("\n")
    elif response.status >= 300:
        same = same_error(body, response.body)
    else:
        same = same_json(body, response.body)
    return wrong if same else wrong + [f"body {body}\n    oracle {pretty(response.body)}"]


def render(expected, response, who):
    """An answer block with the oracle's answer filled in."""
    names = ", ".join(who)
    suffix = f" as {names}" if names != "anon" else " as anon"
    wanted = [line.partition(":")[0].strip() for line in split_http(expected.text)[0]] if expected.language == "http" else []
    if response.status >= 400 and not any(response.headers.get(n.lower()) for n in wanted):
        return f"```json {response.status}{suffix}\n{pretty(response.body)}\n```"
    if wanted or not response.body:
        lines = []
        for name in wanted:
            value = response.headers.get(name.lower())
            if value is None and response.status >= 400:
                continue
            lines.append(f"{name}: {'(absent)' if value is None else value}")
        body = pretty(response.body) if response.kind == "json" else response.body
        lines += ["", body or "(empty)"] if response.body or response.status in (200, 201, 204) else []
        return f"```http {response.status}{suffix}\n" + "\n".join(lines) + "\n```"
    if response.kind == "csv":
        return f"```csv {response.status}{suffix}\n{response.body}\n```"
    return f"```json {response.status}{suffix}\n{pretty(response.body)}\n```"


def run(cluster, path, record):
    text = path.read_text()
    name = f"{path.parent.name}/{path.stem}"
    edits, report, counts = [], [], {"same": 0, "different": 0, "skipped": 0, "recorded": 0}
    shared = {}
    for case in cases(name, text):
        if case.config.strip():
            counts["skipped"] += 1
            report.append(f"SKIP {case.name}: settings")
            continue
        try:
            template = cluster.template(case)
        except Exception as error:
            report.append(f"SCHEMA {case.name} (line {case.line}): {error}")
            counts["different"] += 1
            continue
        if case.writes:
            connection = cluster.fresh(case)
        else:
            connection = shared.setdefault(template, None) or cluster.fresh(case)
            shared[template] = connection
        for request, answers in case.steps:
            for expected in answers:
                try:
                    one(connection, request, expected, record, case, counts, report, edits)
                except Unsupported as reason:
                    counts["skipped"] += len(expected.who)
                    report.append(f"SKIP {case.name} line {expected.line}: {reason}")
                except Exception as error:
                    if '"PGRST' in expected.text:
                        counts["skipped"] += len(expected.who)
                        continue
                    counts["different"] += 1
                    report.append(f"ORACLE {case.name} line {expected.line}: {type(error).__name__}: {error}")
        if case.writes:
            connection.close()
    for connection in shared.values():
        connection.close()
    if edits:
        for (start, end), block in sorted(edits, reverse=True):
            text = text[:start] + block + text[end:]
        path.write_text(text)
    return counts, report


def one(connection, request, expected, record, case, counts, report, edits):
    groups = []
    for who in expected.who:
        response = answer(connection, request, who)
        if expected.status == "?":
            key = (response.status, response.body, str(response.headers))
            for group in groups if not case.writes else groups[-1:]:
                if group[0] == key:
                    group[2].append(who)
                    break
            else:
                groups.append((key, response, [who]))
            counts["recorded"] += 1
            continue
        wrong = check(expected, response)
        if wrong and '"PGRST' in expected.text:
            raise Unsupported("an error of the protocol itself")
        counts["different" if wrong else "same"] += 1
        report.extend(f"DIFF {case.name} line {expected.line} as {who}: {w}" for w in wrong)
    if groups and record:
        edits.append((expected.span, "\n\n".join(render(expected, r, who) for _, r, who in groups)))
    elif groups:
        report.append(f"OPEN {case.name} line {expected.line}: not recorded yet")


def main():
    parser = argparse.ArgumentParser(prog="oracle")
    parser.add_argument("--dsn", default="host=127.0.0.1 port=5432 user=postgres")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="say what was skipped, and why")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    cluster, failed = Cluster(options.dsn), 0
    for path in options.files:
        counts, report = run(cluster, path, options.record)
        failed += counts["different"]
        print(f"{path}: " + ", ".join(f"{n} {k}" for k, n in counts.items() if n))
        for line in report:
            if options.verbose or not line.startswith("SKIP"):
                print("  " + line)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
