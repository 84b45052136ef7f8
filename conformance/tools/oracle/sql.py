"""A read as one SQL statement, the way PostgREST writes it: a lateral join per embed, JSON built at the top."""

from .catalog import ApiError
from .grammar import OPS, Embed, Logic, Unsupported


def ident(name):
    return '"' + name.replace('"', '""') + '"'


def table_name(table):
    return ".".join(map(ident, table))


def literal(text):
    return "null" if text is None else "'" + str(text).replace("'", "''") + "'"


def array(values):
    return literal("{" + ",".join('"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values) + "}")


class Node:
    """One level of a read."""

    def __init__(self, catalog, table, items, source=None):
        self.catalog, self.table, self.source = catalog, table, source
        self.filters, self.order, self.limit, self.offset = [], [], None, None
        self.items, self.children = items, {}
        for item in items:
            if isinstance(item, Embed):
                relation = catalog.relation(table, item)
                child = Node(catalog, relation.target, item.items)
                child.embed, child.relation = item, relation
                self.children[item.alias or item.name] = child

    def at(self, path):
        node = self
        for name in path:
            if name not in node.children:
                known = [k for k, c in node.children.items() if c.embed.name == name]
                if not known:
                    raise ApiError(400, "PGRST108", f"'{name}' is not an embedded resource in this request", None,
                                   f"Verify that '{name}' is included in the 'select' query parameter.")
                name = known[0]
            node = node.children[name]
        return node


def column(field, alias, columns):
    sql = f"{alias}.{ident(field.name)}"
    if not field.path:
        return sql
    if columns.get(field.name) not in ("json", "jsonb"):
        sql = f"to_jsonb({sql})"
    for arrow, key in field.path:
        sql += arrow + (key if key.lstrip("+-").isdigit() else literal(key))
    return f"({sql})"


def output_name(item):
    if item.alias:
        return item.alias
    if item.agg and item.field is None:
        return item.agg
    keys = [k for _, k in item.field.path]
    names = [k for k in keys if not k.lstrip("+-").isdigit()]
    if keys and names:
        return names[-1]
    return item.agg if item.agg else item.field.name


def scalar(item, alias, columns):
    sql = column(item.field, alias, columns) if item.field else None
    if item.cast:
        sql = f"CAST({sql} AS {item.cast})"
    if item.agg:
        sql = f"{item.agg}({sql or '*'})"
    if item.agg_cast:
        sql = f"CAST({sql} AS {item.agg_cast})"
    return sql


def condition(part, node, alias, laterals):
    if isinstance(part, Logic):
        inner = f" {part.kind} ".join(condition(p, node, alias, laterals) for p in part.parts)
        return ("not " if part.negate else "") + f"({inner})"
    columns = node.catalog.tables[node.table]
    if part.field.name in node.children and not part.field.path and part.op == "is" and part.value in ("null", "not_null"):
        exists = exists_sql(node.children[part.field.name], alias)
        wants_null = (part.value == "null") != part.negate
        return f"(not {exists})" if wants_null else exists
    sql = compare(part, column(part.field, alias, columns))
    return f"(not {sql})" if part.negate else f"({sql})"


def compare(part, left):
    if part.op == "in":
        return f"{left} = ANY ({array(part.value)})"
    if part.op == "is":
        words = {"null": "null", "not_null": "not null", "true": "true", "false": "false", "unknown": "unknown"}
        if part.value.lower() not in words:
            raise Unsupported("syntax: is")
        return f"{left} IS {words[part.value.lower()]}"
    if part.op == "isdistinct":
        return f"{left} IS DISTINCT FROM {literal(part.value)}"
    if part.quantifier:
        return f"{left} {OPS[part.op]} {part.quantifier} ({literal(part.value)})"
    return f"{left} {OPS[part.op]} {literal(part.value)}"


def join_sql(child, parent, alias):
    r = child.relation
    if r.junction is None:
        return "", " and ".join(f"{alias}.{ident(t)} = {parent}.{ident(o)}" for o, t in r.pairs)
    j = alias + "_j"
    far = " and ".join(f"{j}.{ident(a)} = {alias}.{ident(b)}" for a, b in r.far)
    near = " and ".join(f"{j}.{ident(b)} = {parent}.{ident(a)}" for a, b in r.pairs)
    return f", {table_name(r.junction)} {j}", f"{far} and {near}"


def exists_sql(child, parent):
    alias = parent + "_e"
    extra, join = join_sql(child, parent, alias)
    where = [join] + conditions(child, alias)
    return f"exists (select 1 from {table_name(child.table)} {alias}{extra} where {' and '.join(where)}{bounds(child)})"


def bounds(node):
    limit = f" limit {node.limit}" if node.limit is not None else ""
    return limit + (f" offset {node.offset}" if node.offset else "")


def conditions(node, alias):
    found = [condition(f, node, alias, {}) for f in node.filters]
    found += [exists_sql(c, alias) for c in node.children.values() if c.embed.inner]
    return found


def order_sql(node, alias):
    terms = []
    for term in node.order:
        if term.relation:
            child = node.at([term.relation])
            if child.relation.kind != "one":
                raise ApiError(400, "PGRST118", f"A related order on '{term.relation}' is not possible",
                    f"'{node.table[1]}' and '{term.relation}' do not form a many-to-one or one-to-one relationship")
            inner = alias + "_o"
            extra, join = join_sql(child, alias, inner)
            where = " and ".join([join] + conditions(child, inner))
            sql = f"(select {column(term.field, inner, node.catalog.tables[child.table])} from {table_name(child.table)} {inner}{extra} where {where}{bounds(child)})"
        else:
            sql = column(term.field, alias, node.catalog.tables[node.table])
        nulls = {"nullsfirst": " nulls first", "nullslast": " nulls last", None: ""}[term.nulls]
        terms.append(f"{sql} {term.direction or 'asc'}{nulls}")
    return " order by " + ", ".join(terms) if terms else ""


def outputs(node):
    """The names a level gives to its parent, in order."""
    names = []
    for item in node.items:
        if isinstance(item, Embed):
            child = node.children[item.alias or item.name]
            names += outputs(child) if item.spread else ([item.alias or item.name] if item.items else [])
        elif item.field and item.field.name == "*":
            names += list(node.catalog.tables[node.table])
        else:
            names.append(output_name(item))
    return names


def select_sql(node, alias="t", join=None):
    node.catalog.aliases[alias] = node.table[1]
    columns = node.catalog.tables[node.table]
    selected, laterals, groups, aggregated = [], "", [], False
    for index, item in enumerate(node.items):
        if isinstance(item, Embed):
            child, name = node.children[item.alias or item.name], f"{alias}_{index}"
            sql, cols = lateral(child, alias, name)
            laterals += sql
            selected += cols
            groups += [c.rsplit(" as ", 1)[0] for c in cols]
        elif item.field and item.field.name == "*":
            selected += [f"{alias}.{ident(c)}" for c in columns]
            groups += [f"{alias}.{ident(c)}" for c in columns]
        else:
            sql = scalar(item, alias, columns)
            selected.append(f"{sql} as {ident(output_name(item))}")
            aggregated |= bool(item.agg)
            if not item.agg:
                groups.append(sql)
    extra, where = join if join else ("", "")
    where = [where] if where else []
    where += conditions(node, alias)
    source = node.source or table_name(node.table)
    sql = f"select {', '.join(selected)} from {source} {alias}{extra}{laterals}"
    sql += " where " + " and ".join(where) if where else ""
    if aggregated and groups:
        sql += " group by " + ", ".join(groups)
    return sql + order_sql(node, alias) + bounds(node)


def lateral(child, parent, name):
    item = child.embed
    inner = select_sql(child, name + "c", join_sql(child, parent, name + "c"))
    key = ident(item.alias or item.name)
    if not item.items:
        return "", []
    if child.relation.kind == "one":
        sql = f" left join lateral ({inner}) {name} on true"
        if item.spread:
            return sql, [f"{name}.{ident(n)} as {ident(n)}" for n in outputs(child)]
        return sql, [f"row_to_json({name}.*) as {key}"]
    if item.spread:
        parts = ", ".join(f"json_agg(x.{ident(n)}) as {ident(n)}" for n in outputs(child))
        sql = f" left join lateral (select {parts} from ({inner}) x) {name} on true"
        return sql, [f"coalesce({name}.{ident(n)}, '[]') as {ident(n)}" for n in outputs(child)]
    sql = f" left join lateral (select json_agg(x) as agg from ({inner}) x) {name} on true"
    return sql, [f"coalesce({name}.agg, '[]') as {key}"]


def json_of(sql):
    return f"select coalesce(json_agg(_), '[]')::text, count(*) from ({sql}) _"


def csv_of(sql):
    return (f"select * from (with source as ({sql}) select (select coalesce(string_agg(k, ','), '') from "
            "(select json_object_keys(j) k from (select row_to_json(s) j from source s limit 1) x) y) || E'\\n' || "
            "coalesce(string_agg(substring(s::text, 2, length(s::text) - 2), E'\\n'), ''), count(*) from source s) csv")
