"""Answers one request from a real PostgreSQL: role and claims set, one statement, PostgREST's statuses."""

import csv
import io
import json
import re

import psycopg

from . import grammar, writes
from .catalog import ApiError, Catalog
from .cluster import identity
from .grammar import Unsupported
from .sql import Node, csv_of, ident, json_of, literal, select_sql, table_name

EMBED_KEYS = re.compile(r"^(?:(.*?)\.)??(order|limit|offset|and|or|not\.and|not\.or)$")
STATUS = {"23503": 409, "23505": 409, "25006": 405, "42883": 404, "42P01": 404, "42P17": 500, "53400": 500}


def status_of(code, message, role):
    if code == "42501":
        return 401 if role == "anon" else 403
    if code == "21000":
        return 400 if message.endswith("requires a WHERE clause") else 500
    if code in STATUS:
        return STATUS[code]
    prefix = {"08": 503, "53": 503, "0L": 403, "0P": 403, "28": 403}
    for two in ("09", "25", "2D", "38", "39", "3B", "40", "54", "55", "57", "58", "F0", "HV", "XX"):
        prefix[two] = 500
    return prefix.get(code[:2], 400)


class Response:
    def __init__(self, status, body="", headers=None, kind="json"):
        self.status, self.body, self.headers, self.kind = status, body, headers or {}, kind


def preferences(request):
    found = {}
    for part in request.headers.get("prefer", "").split(","):
        name, _, value = part.strip().partition("=")
        found.setdefault(name, value)
    return found


def answer(connection, request, who):
    role, claims = identity(who, request.claims)
    for name in ("authorization", "apikey"):
        if name in request.headers:
            raise Unsupported("explicit token")
    catalog = Catalog(connection)
    prefer = preferences(request)
    try:
        with connection.transaction() as transaction:
            connection.execute(f"set local role {role}")
            connection.execute(f"select set_config('request.jwt.claims', {literal(claims)}, true)")
            if request.method in ("GET", "HEAD"):
                connection.execute("set local transaction read only")
            if "timezone" in prefer:
                connection.execute(f"set local timezone to {literal(prefer['timezone'])}")
            response = dispatch(connection, catalog, request, prefer)
            if prefer.get("tx") == "rollback":
                raise psycopg.Rollback(transaction)
        return response
    except ApiError as error:
        return Response(error.status, json.dumps(error.body, ensure_ascii=False), error.headers)
    except psycopg.Error as error:
        d = error.diag
        if d.sqlstate is None:
            raise
        message = re.sub(r"^column (\w+)\.", lambda m: f"column {catalog.aliases.get(m[1]) or m[1]}.", d.message_primary)
        body = {"code": d.sqlstate, "message": message, "details": d.message_detail, "hint": d.message_hint}
        return Response(status_of(d.sqlstate, d.message_primary, role), json.dumps(body, ensure_ascii=False))


def dispatch(connection, catalog, request, prefer):
    schema = request.headers.get("accept-profile", request.headers.get("content-profile", "public"))
    parts = request.path.strip("/").split("/")
    if parts[0] == "rpc" and len(parts) == 2:
        return call(connection, catalog, request, prefer, (schema, parts[1]))
    if len(parts) != 1 or not parts[0]:
        raise Unsupported("path")
    table = (schema, parts[0])
    if table not in catalog.tables:
        raise Unsupported("unknown table: the hint is written by hand")
    if request.method not in ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"):
        raise Unsupported("method")
    if request.method in ("GET", "HEAD"):
        node = read_node(catalog, table, request.params)
        return read(connection, node, request, prefer)
    return write(connection, catalog, table, request, prefer)


def read_node(catalog, table, params, source=None, skip=()):
    select = [v for k, v in params if k == "select"]
    items = grammar.select(select[0]) if select else grammar.select("*")
    node = Node(catalog, table, items, source)
    for key, value in params:
        if key in ("select", "columns", "on_conflict") or key in skip or value == "":
            continue
        m = EMBED_KEYS.match(key)
        if not m:
            path, filter_ = grammar.horizontal(key, value)
            node.at(path).filters.append(filter_)
            continue
        at = node.at(m[1].split(".") if m[1] else [])
        if m[2] == "order":
            at.order = grammar.order(value)
        elif m[2] in ("limit", "offset"):
            if re.fullmatch(r"-?\d+", value):
                setattr(at, m[2], int(value))
        else:
            at.filters.append(grammar.logic(m[2].removeprefix("not."), m[2].startswith("not."), value))
    return node


def media(request):
    accept = request.headers.get("accept", "*/*")
    if "vnd.pgrst.object" in accept:
        return "object"
    if "csv" in accept:
        return "csv"
    if "nulls=stripped" in accept:
        return "stripped"
    if accept in ("*/*", "application/json"):
        return "json"
    raise Unsupported("media type")


def ranges(node, request, max_rows=1000):
    offset, limit = max(node.offset or 0, 0), node.limit
    if limit is not None and limit < 0:
        raise ApiError(416, "PGRST103", "Requested range not satisfiable", "Limit should be greater than or equal to zero.")
    m = re.fullmatch(r"(\d+)-(\d*)", request.headers.get("range", ""))
    if m and request.method == "GET":
        first, last = int(m[1]), int(m[2]) if m[2] else None
        if last is not None and first > last:
            raise ApiError(416, "PGRST103", "Requested range not satisfiable",
                "The lower boundary must be lower than or equal to the upper boundary in the Range header.")
        end = None if limit is None else offset + limit
        if last is not None:
            end = last + 1 if end is None else min(end, last + 1)
        offset = max(offset, first)
        limit = None if end is None else max(end - offset, 0)
    node.limit, node.offset = min(limit, max_rows) if limit is not None else max_rows, offset


def read(connection, node, request, prefer):
    ranges(node, request)
    kind, sql = media(request), None
    sql = select_sql(node)
    body, rows = connection.execute(csv_of(sql) if kind == "csv" else json_of(sql)).fetchone()
    if "nulls=stripped" in request.headers.get("accept", ""):
        body = connection.execute(f"select json_strip_nulls({literal(body)}::json)::text").fetchone()[0]
    total = None
    if prefer.get("count") in ("exact", "estimated", "planned"):
        order, limit, offset = node.order, node.limit, node.offset
        node.order, node.limit, node.offset = [], None, None
        total = connection.execute(f"select count(*) from ({select_sql(node)}) x").fetchone()[0]
        if prefer["count"] == "planned":
            raise Unsupported("planned count")
        node.order, node.limit, node.offset = order, limit, offset
    return shape(body, rows, kind, node.offset, total, request, prefer)


def shape(body, rows, kind, offset, total, request, prefer):
    star = "*" if total is None else total
    headers = {"content-range": f"{offset}-{offset + rows - 1}/{star}" if rows else f"*/{star}"}
    if total is not None and offset > total:
        raise ApiError(416, "PGRST103", "Requested range not satisfiable",
            f"An offset of {offset} was requested, but there are only {total} rows.", None, headers)
    status = 206 if total is not None and rows < total else 200
    body = finish(body, rows, kind)
    headers["preference-applied"] = applied(request, prefer)
    headers["content-type"] = content_type(kind)
    return Response(status, "" if request.method == "HEAD" else body, headers, "csv" if kind == "csv" else "json")


def finish(body, rows, kind):
    if kind == "object":
        if rows != 1:
            raise ApiError(406, "PGRST116", "Cannot coerce the result to a single JSON object", f"The result contains {rows} rows")
        return body.strip()[1:-1]
    return body


def applied(request, prefer, has_key=True):
    write_ = request.method in ("POST", "PATCH", "PUT", "DELETE") and not request.path.startswith("/rpc/")
    names = []
    for name in ("resolution", "missing", "return", "count", "tx", "handling", "timezone", "max-affected"):
        if name not in prefer or (name == "return" and not write_) or (name == "resolution" and not resolves(request, has_key)):
            continue
        if name == "missing" and request.method not in ("POST", "PATCH"):
            continue
        if name == "max-affected" and prefer.get("handling") != "strict":
            continue
        names.append(f"{name}={prefer[name]}")
    return ", ".join(names) or None


def resolves(request, has_key):
    return request.method == "POST" and (has_key or any(k == "on_conflict" for k, _ in request.params))


def write(connection, catalog, table, request, prefer):
    if table[1] in catalog.views and (request.method == "PUT" or prefer.get("return") == "headers-only"):
        raise Unsupported("the key that a view inherits")
    payload = body_rows(request) if request.method != "DELETE" else None
    if request.method == "PUT":
        writes.put_checks(catalog, table, request, payload)
    catalog.aliases.update(target=table[1], written=table[1])
    statement, status = writes.statement(catalog, table, request, prefer, payload)
    wants_rows = prefer.get("return") == "representation"
    location = prefer.get("return") == "headers-only" and request.method == "POST" and catalog.primary.get(table)
    node = read_node(catalog, table, request.params, "written", skip=writes.own_keys(request))
    conditions = writes.where(node)
    node.filters = []
    node.limit = node.offset = None
    returned = writes.returning(node, wants_rows)
    if location:
        returned = "returning " + ", ".join(f"target.{ident(c)}" for c in location)
    sql = f"with written as ({statement.replace('@where', conditions)} {returned}) "
    before = size(connection, table)
    kind, body, headers = media(request) if wants_rows else "json", "", {}
    if wants_rows:
        body, rows = connection.execute(sql + (csv_of if kind == "csv" else json_of)(select_sql(node))).fetchone()
        headers["content-type"] = content_type(kind)
    else:
        sent = connection.execute(sql + "select * from written").fetchall()
        rows = len(sent)
        if location and rows == 1:
            headers["location"] = f"/{table[1]}?" + "&".join(f"{c}=eq.{v}" for c, v in zip(location, sent[0]))
    if "max-affected" in prefer and prefer.get("handling") == "strict" and request.method in ("PATCH", "DELETE"):
        if rows > int(prefer["max-affected"]):
            raise ApiError(400, "PGRST124", "Query result exceeds max-affected preference constraint", f"The query affects {rows} rows")
    inserted = size(connection, table) - before
    upsert = request.method == "PUT" or prefer.get("resolution") == "merge-duplicates"
    if upsert:
        status = (201, 201) if inserted else ((204, 200) if request.method == "PUT" else (200, 200))
    total = rows if prefer.get("count") else "*"
    headers["preference-applied"] = applied(request, prefer, bool(catalog.primary.get(table)))
    if request.method in ("POST", "DELETE"):
        headers["content-range"] = f"*/{total}"
    elif request.method == "PATCH":
        headers["content-range"] = f"0-{rows - 1}/{total}" if rows else f"*/{total}"
    if wants_rows:
        body = finish(body, rows, kind)
    return Response(status[1 if wants_rows else 0], body, headers, "csv" if kind == "csv" else "json")


def size(connection, table):
    """Rows of a table, whoever asks; tells an upsert that inserts from one that only updates."""
    role = connection.execute("select current_user").fetchone()[0]
    connection.execute("reset role")
    count = connection.execute(f"select count(*) from {table_name(table)}").fetchone()[0]
    connection.execute(f"set local role {role}")
    return count


def content_type(kind):
    return {"csv": "text/csv", "object": "application/vnd.pgrst.object+json",
        "stripped": "application/vnd.pgrst.array+json;nulls=stripped"}.get(kind, "application/json") + "; charset=utf-8"


def body_rows(request):
    kind = request.headers.get("content-type", "application/json").split(";")[0]
    if kind == "text/csv":
        lines = list(csv.reader(io.StringIO(request.body)))
        return [{k: None if v == "NULL" else v for k, v in zip(lines[0], line)} for line in lines[1:]]
    if kind != "application/json":
        raise Unsupported("content type")
    try:
        return json.loads(request.body, parse_float=str, parse_int=int)
    except ValueError:
        raise ApiError(400, "PGRST102", "Empty or invalid json") from None


def call(connection, catalog, request, prefer, function):
    if request.method not in ("GET", "HEAD", "POST"):
        raise Unsupported("method")
    overloads = catalog.functions.get(function, [])
    if request.method == "POST":
        arguments = json.loads(request.body) if request.body else {}
        if not isinstance(arguments, dict):
            raise Unsupported("unnamed argument")
        skip = ()
    else:
        arguments, skip = {}, []
        names = {n for o in overloads for n in o[2][:o[3]]}
        for key, value in request.params:
            if key in names:
                arguments[key], skip = value, [*skip, key]
    fits = [o for o in overloads if set(arguments) <= set(o[2][:o[3]]) and set(o[2][:o[3] - o[4]]) <= set(arguments)]
    if len(fits) != 1:
        raise Unsupported("function not found or ambiguous: written by hand")
    _, _, names, _, _, types, is_set, result, volatility, row_type, typtype = fits[0]
    if request.method == "GET" and volatility == "v":
        connection.execute("set local transaction read only")
    types = dict(zip(names, types or []))
    rendered = []
    for name, value in arguments.items():
        if request.method == "POST":
            value = value_literal(value, types[name])
        else:
            value = f"{literal(value)}::{types[name]}"
        rendered.append(f'"{name}" => {value}')
    invoke = f"{table_name(function)}({', '.join(rendered)})"
    if result == "void":
        connection.execute(f"select {invoke}")
        return Response(204)
    if not is_set and typtype not in ("c",):
        if result == "record":
            raise Unsupported("record")
        body = connection.execute(f"select coalesce(to_json({invoke})::text, 'null')").fetchone()[0]
        return Response(200, body, {"content-range": "0-0/*"})
    if row_type:
        table = tuple(row_type.strip("()").replace('"', "").split(","))
        node = read_node(catalog, table, [p for p in request.params if p[0] not in skip or request.method == "POST"], invoke)
        response = read(connection, node, request, prefer)
        if not is_set:
            response.body = response.body.strip()[1:-1] or "null"
        return response
    if result == "record":
        if [p for p in request.params if p[0] not in skip]:
            raise Unsupported("filters on a table function")
        body, rows = connection.execute(f"select coalesce(json_agg(_), '[]')::text, count(*) from {invoke} _").fetchone()
    else:
        body, rows = connection.execute(f"select coalesce(json_agg(_._), '[]')::text, count(*) from {invoke} _(_)").fetchone()
    return shape(body, rows, "json", 0, None, request, prefer)


def value_literal(value, type_):
    if value is None:
        return f"null::{type_}"
    if type_ in ("json", "jsonb"):
        return f"{literal(json.dumps(value))}::{type_}"
    if isinstance(value, list):
        return f"(select array(select json_array_elements_text({literal(json.dumps(value))}::json)))::{type_}"
    if isinstance(value, bool):
        value = str(value).lower()
    return f"{literal(value)}::{type_}"
