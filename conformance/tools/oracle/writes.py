"""INSERT, UPDATE and DELETE as PostgREST writes them: the payload is one JSON value that PostgreSQL unpacks."""

import json

from .catalog import ApiError
from .grammar import Filter, Unsupported
from .sql import conditions, ident, literal, table_name


def own_keys(request):
    """POST has no filters; everything else filters what it writes."""
    reserved = ("select", "order")
    return [k for k, _ in request.params if k not in reserved and request.method == "POST" and "." not in k]


def columns_of(request, payload, table, catalog):
    listed = [v for k, v in request.params if k == "columns"]
    rows = payload if isinstance(payload, list) else [payload]
    if listed:
        names = [n.strip().strip('"') for n in listed[0].split(",")]
    else:
        names = list(rows[0]) if rows else []
        if any(set(r) != set(names) for r in rows):
            raise ApiError(400, "PGRST102", "All object keys must match")
    for name in names:
        if name not in catalog.tables[table]:
            raise ApiError(400, "PGRST204",
                f"Could not find the '{name}' column of '{table[1]}' in the schema cache")
    return names


def recordset(catalog, table, names, payload, request):
    """The rows of a body; JSON goes to PostgreSQL as it was sent, so that no digit is lost on the way."""
    raw = request.body if "csv" not in request.headers.get("content-type", "") else json.dumps(payload)
    raw = raw if isinstance(payload, list) else f"[{raw}]"
    if preferred_default(request):
        defaults = catalog.defaults.get(table, {})
        pairs = ", ".join(f"{literal(n)}, {defaults[n]}" for n in names if n in defaults)
        raw = f"(select json_agg(jsonb_build_object({pairs}) || e::jsonb) from json_array_elements({literal(raw)}::json) e)"
    else:
        raw = literal(raw) + "::json"
    types = catalog.tables[table]
    shape = ", ".join(f"{ident(n)} {types[n]}" for n in names)
    return f"json_to_recordset({raw}) as body({shape})"


def preferred_default(request):
    return "missing=default" in request.headers.get("prefer", "").replace(" ", "").split(",")


def statement(catalog, table, request, prefer, payload):
    """The statement with `@where` for its filters, and its two statuses."""
    name = table_name(table)
    if request.method == "DELETE":
        return f"delete from {name} target @where", (204, 200)
    names = columns_of(request, payload, table, catalog)
    listed = ", ".join(map(ident, names))
    if request.method == "PATCH":
        if not names:
            raise Unsupported("empty update")
        if isinstance(payload, list):
            raise Unsupported("an update with an array")
        sets = ", ".join(f"{ident(n)} = body.{ident(n)}" for n in names)
        return (f"update {name} target set {sets} from (select * from {recordset(catalog, table, names, payload, request)}) body @where",
                (204, 200))
    if not names:
        insert = f"insert into {name} as target default values" if payload != [] else \
            f"insert into {name} as target select from (select 1) x where false"
        return insert, (201, 201)
    insert = f"insert into {name} as target ({listed}) select {listed} from {recordset(catalog, table, names, payload, request)}"
    if "resolution" in prefer or request.method == "PUT":
        target = [v for k, v in request.params if k == "on_conflict"]
        keys = [k.strip().strip('"') for k in target[0].split(",")] if target else catalog.primary.get(table)
        if keys:
            on = ", ".join(map(ident, keys))
            if prefer.get("resolution") == "ignore-duplicates" and request.method == "POST":
                insert += f" on conflict ({on}) do nothing"
            else:
                sets = ", ".join(f"{ident(n)} = excluded.{ident(n)}" for n in names)
                insert += f" on conflict ({on}) do update set {sets}"
    return insert, (201, 201)


def where(node):
    """The request's filters on the written table; embeds' filters stay with the answer."""
    own = [f for f in node.filters if not (isinstance(f, Filter) and f.field.name in node.children)]
    node_filters, node.filters = node.filters, own
    children, node.children = node.children, {}
    found = conditions(node, "target")
    node.filters, node.children = node_filters, children
    return "where " + " and ".join(found) if found else ""


def put_checks(catalog, table, request, payload):
    """PUT names its row by the whole primary key, in the URL and in the body."""
    keys = catalog.primary.get(table, [])
    filters = {k: v for k, v in request.params if k not in ("select", "columns", "limit", "offset")}
    if any(k in ("limit", "offset") for k, _ in request.params):
        raise ApiError(400, "PGRST114", "limit/offset querystring parameters are not allowed for PUT")
    if set(filters) != set(keys) or any(not v.startswith("eq.") for v in filters.values()):
        raise ApiError(405, "PGRST105", "Filters must include all and only primary key columns with 'eq' operators")
    row = payload[0] if isinstance(payload, list) else payload
    if any(str(row.get(k)) != v[3:] for k, v in filters.items()):
        raise ApiError(400, "PGRST115", "Payload values do not match URL in primary key column(s)")


def returning(node, wants_rows):
    """The columns the answer needs; a write without an answer reads none, so it needs no right to read."""
    if not wants_rows:
        return "returning 1"
    columns = node.catalog.tables[node.table]
    needed = []
    for item in node.items:
        if getattr(item, "field", None) is not None:
            needed += list(columns) if item.field.name == "*" else [item.field.name]
    for child in node.children.values():
        needed += [origin for origin, _ in child.relation.pairs]
    for term in node.order:
        if not term.relation:
            needed.append(term.field.name)
    return "returning " + ", ".join("target." + ident(n) for n in dict.fromkeys(needed))
