"""What PostgreSQL knows about a world's tables, keys, relationships and functions."""

from dataclasses import dataclass

from .grammar import Unsupported


@dataclass
class Relation:
    """How a target row is found from an origin row."""
    kind: str  # "one" or "many"
    target: tuple
    pairs: list  # [(origin column, target column)]; for a junction (origin column, junction column)
    junction: tuple = None
    far: list = None  # [(junction column, target column)]
    constraint: str = ""
    names: tuple = ()


class ApiError(Exception):
    def __init__(self, status, code, message, details=None, hint=None, headers=None):
        self.status, self.headers = status, headers or {}
        self.body = {"code": code, "message": message, "details": details, "hint": hint}


class Catalog:
    def __init__(self, connection):
        self.tables, self.aliases = {}, {"target": "", "written": ""}
        for schema, table, columns, types in connection.execute("""
                select n.nspname, c.relname, array_agg(a.attname::text order by a.attnum),
                       array_agg(format_type(a.atttypid, a.atttypmod) order by a.attnum)
                from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
                where c.relkind in ('r', 'v') and n.nspname !~ '^(pg_|information_schema|auth$)'
                  and a.attnum > 0 and not a.attisdropped group by 1, 2"""):
            self.tables[(schema, table)] = dict(zip(columns, types))
        self.views = {name for (name,) in connection.execute("select relname from pg_class where relkind = 'v'")}
        self.defaults = {}
        for schema, table, column, default in connection.execute("""
                select n.nspname, c.relname, a.attname, case when a.attidentity = '' then pg_get_expr(d.adbin, d.adrelid)
                  else format('nextval(%L)', pg_get_serial_sequence(c.oid::regclass::text, a.attname)) end
                from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
                left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
                where (a.atthasdef or a.attidentity <> '') and a.attgenerated = ''
                  and n.nspname !~ '^(pg_|information_schema|auth$)'"""):
            self.defaults.setdefault((schema, table), {})[column] = default
        self.keys, self.primary, self.foreign = {}, {}, []
        for schema, table, name, kind, columns, to_schema, to_table, to_columns in connection.execute("""
                select n.nspname, c.relname, k.conname, k.contype,
                       (select array_agg(a.attname::text order by i) from unnest(k.conkey) with ordinality u(x, i)
                        join pg_attribute a on a.attrelid = c.oid and a.attnum = x),
                       fn.nspname, f.relname,
                       (select array_agg(a.attname::text order by i) from unnest(k.confkey) with ordinality u(x, i)
                        join pg_attribute a on a.attrelid = f.oid and a.attnum = x)
                from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
                left join pg_class f on f.oid = k.confrelid left join pg_namespace fn on fn.oid = f.relnamespace
                where k.contype in ('p', 'u', 'f') order by k.conname"""):
            origin = (schema, table)
            if kind == "f":
                self.foreign.append((name, origin, columns, (to_schema, to_table), to_columns))
            else:
                self.keys.setdefault(origin, []).append(set(columns))
                if kind == "p":
                    self.primary[origin] = columns
        self.functions = {}
        for row in connection.execute("""
                select n.nspname, p.proname, coalesce(p.proargnames, '{}'), p.pronargs, p.pronargdefaults,
                       (select array_agg(format_type(t, null) order by i) from unnest(p.proargtypes) with ordinality u(t, i)),
                       p.proretset, format_type(p.prorettype, null), p.provolatile,
                       (select (rn.nspname, r.relname)::text from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
                        where r.reltype = p.prorettype), ty.typtype
                from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_type ty on ty.oid = p.prorettype
                where n.nspname !~ '^(pg_|information_schema|auth$)'"""):
            self.functions.setdefault((row[0], row[1]), []).append(row)

    def relations(self, origin, target_schema):
        """Every relationship from a table to the tables of a schema."""
        found = []
        for name, a, columns, b, to_columns in self.foreign:
            unique = any(key <= set(columns) for key in self.keys.get(a, []))
            if a == origin:
                hints = (name,) + tuple(columns if len(columns) == 1 else ())
                found.append(Relation("one", b, list(zip(columns, to_columns)), constraint=name, names=hints))
            if b == origin:
                hints = (name,) + tuple(columns if len(columns) == 1 else ())
                found.append(Relation("one" if unique else "many", a, list(zip(to_columns, columns)), constraint=name, names=hints))
        for name1, junction, cols1, a, to1 in self.foreign:
            for name2, junction2, cols2, b, to2 in self.foreign:
                key = set(self.primary.get(junction, []))
                if junction == junction2 and name1 != name2 and a == origin and set(cols1) | set(cols2) <= key:
                    found.append(Relation("many", b, list(zip(to1, cols1)), junction, list(zip(cols2, to2)),
                                          f"{name1} and {name2}", (junction[1],)))
        return [r for r in found if r.target[0] == target_schema]

    def relation(self, origin, embed):
        """The one relationship that an embed means, or the error PostgREST gives."""
        if origin[1] in self.views or embed.name in self.views:
            raise Unsupported("relationships of views")
        found = []
        for r in self.relations(origin, origin[0]):
            by_name = r.target[1] == embed.name
            outgoing = r.junction is None and r.constraint in [f[0] for f in self.foreign if f[1] == origin]
            if origin == r.target and r.junction is None:
                # A self reference: the table's name is the to-many side, the column the to-one side.
                to_one_side = r.pairs[0][0] in r.names
                if embed.hint:
                    match = by_name and embed.hint in r.names and not to_one_side
                else:
                    match = (by_name and not to_one_side) or (embed.name in r.names and to_one_side)
            elif embed.hint:
                match = by_name and embed.hint in r.names
            else:
                match = by_name or (embed.name == r.constraint and not r.junction) or (outgoing and embed.name in r.names)
            if match:
                found.append(r)
        if len(found) == 1:
            return found[0]
        if not found:
            hint = f" using the hint '{embed.hint}'" if embed.hint else ""
            raise ApiError(400, "PGRST200",
                f"Could not find a relationship between '{origin[1]}' and '{embed.name}' in the schema cache",
                f"Searched for a foreign key relationship between '{origin[1]}' and '{embed.name}'{hint} in the schema "
                f"'{origin[0]}', but no matches were found.")
        raise Unsupported("ambiguous relationship: written by hand")
