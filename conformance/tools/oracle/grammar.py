"""The query grammar of the REST API, as far as well-formed requests go. A syntax error is not judged here."""

import re
from dataclasses import dataclass, field


class Unsupported(Exception):
    """The oracle has no opinion on this request."""


OPS = {
    "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "LIKE", "ilike": "ILIKE",
    "match": "~", "imatch": "~*", "cs": "@>", "cd": "<@", "ov": "&&",
}


@dataclass
class Field:
    name: str
    path: list = field(default_factory=list)  # [("->" | "->>", key)]


@dataclass
class Item:
    field: Field = None
    alias: str = None
    cast: str = None
    agg: str = None
    agg_cast: str = None


@dataclass
class Embed:
    name: str
    alias: str = None
    hint: str = None
    inner: bool = False
    spread: bool = False
    items: list = None


@dataclass
class Filter:
    field: Field
    op: str
    value: object
    negate: bool = False
    quantifier: str = None


@dataclass
class Logic:
    kind: str
    parts: list
    negate: bool = False


@dataclass
class Order:
    field: Field
    relation: str = None
    direction: str = None
    nulls: str = None


class Reader:
    def __init__(self, text):
        self.text, self.at = text, 0

    def peek(self, token):
        return self.text.startswith(token, self.at)

    def take(self, token):
        if self.peek(token):
            self.at += len(token)
            return True
        return False

    def need(self, token):
        if not self.take(token):
            raise Unsupported(f"syntax: {token!r} expected at {self.text[self.at:]!r}")

    def name(self, stop="(),:.!"):
        if self.take('"'):
            return self.quoted()
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in stop and not self.peek("->") :
            self.at += 1
        return self.text[start:self.at].strip()

    def quoted(self):
        out = ""
        while self.text[self.at] != '"':
            self.at += self.text[self.at] == "\\"
            out += self.text[self.at]
            self.at += 1
        self.at += 1
        return out

    def field(self):
        result = Field(self.name())
        while self.peek("->"):
            arrow = "->>" if self.take("->>") else "->"
            if arrow == "->":
                self.need("->")
            result.path.append((arrow, self.name(stop="(),:.!)>")))
        return result

    def done(self):
        return self.at >= len(self.text)


def select(text):
    reader = Reader(text)
    items = select_items(reader)
    if not reader.done():
        raise Unsupported("syntax: select")
    return items


def select_items(reader):
    items = []
    while not reader.done() and not reader.peek(")"):
        items.append(select_item(reader))
        if not reader.take(","):
            break
    return items


def select_item(reader):
    if reader.take("..."):
        return embed(reader, reader.name(), None, True)
    alias, start = None, reader.at
    if reader.take("*"):
        return Item(Field("*"))
    first = reader.name()
    if reader.peek(":") and not reader.peek("::"):
        reader.take(":")
        alias, start = first, reader.at
        first = reader.name()
    if reader.peek("!") or (reader.peek("(") and first != ""):
        if first == "count" and reader.take("()"):
            return Item(None, alias, None, "count", cast(reader))
        return embed(reader, first, alias, False)
    reader.at = start
    item = Item(reader.field(), alias)
    item.cast = cast(reader)
    if reader.take("."):
        item.agg = reader.name()
        reader.need("()")
        item.agg_cast = cast(reader)
    return item


def cast(reader):
    return reader.name() if reader.take("::") else None


def embed(reader, name, alias, spread):
    result = Embed(name, alias, spread=spread)
    while reader.take("!"):
        word = reader.name()
        if word == "inner":
            result.inner = True
        elif word != "left":
            result.hint = word
    reader.need("(")
    result.items = select_items(reader)
    reader.need(")")
    return result


def operator(text, field_, value_reader):
    negate = text.startswith("not.")
    text = text[4:] if negate else text
    m = re.match(r"([a-z]+)(?:\((any|all)\))?\.", text)
    if not m:
        raise Unsupported("syntax: operator")
    op, quantifier, rest = m[1], m[2], text[m.end():]
    if op == "in":
        value = list_values(rest)
    elif op in OPS or op in ("is", "isdistinct"):
        value = value_reader(rest)
        if op in ("like", "ilike"):
            value = value.replace("*", "%")
    else:
        raise Unsupported(f"operator {op}")
    return Filter(field_, op, value, negate, quantifier)


def list_values(text):
    reader = Reader(text.strip())
    reader.need("(")
    values = []
    while not reader.peek(")"):
        if reader.take('"'):
            values.append(reader.quoted())
        else:
            start = reader.at
            while reader.text[reader.at] not in ",)":
                reader.at += 1
            values.append(reader.text[start:reader.at])
        if not reader.take(","):
            break
    reader.need(")")
    return values


def horizontal(key, value):
    """`key=op.value`: returns the embed path and the filter."""
    reader = Reader(key)
    parts = [reader.field()]
    while reader.take("."):
        parts.append(reader.field())
    return [p.name for p in parts[:-1]], operator(value, parts[-1], lambda rest: rest)


def logic(kind, negate, text):
    reader = Reader(text)
    reader.need("(")
    return logic_rest(reader, kind, negate)


def logic_rest(reader, kind, negate):
    parts = []
    while True:
        while reader.take(" "):
            pass
        m = re.match(r"(not\.)?(and|or)\(", reader.text[reader.at:])
        if m:
            reader.at += m.end()
            parts.append(logic_rest(reader, m[2], bool(m[1])))
        else:
            field_ = reader.field()
            reader.need(".")
            parts.append(operator(logic_value(reader), field_, unquote))
        if not reader.take(","):
            break
    reader.need(")")
    return Logic(kind, parts, negate)


def unquote(text):
    return Reader(text[1:]).quoted() if text.startswith('"') else text


def logic_value(reader):
    """Everything of one element of a logic tree after `field.`: quotes, braces and lists may hold commas."""
    start, depth, in_quotes = reader.at, 0, False
    while reader.at < len(reader.text):
        c = reader.text[reader.at]
        if in_quotes:
            reader.at += c == "\\"
            in_quotes = c != '"'
        elif c == '"':
            in_quotes = True
        elif c in "({":
            depth += 1
        elif c in "})":
            if depth == 0:
                break
            depth -= 1
        elif c == "," and depth == 0:
            break
        reader.at += 1
    return reader.text[start:reader.at]


def order(text):
    reader, terms = Reader(text), []
    while True:
        term = Order(reader.field())
        if reader.take("("):
            term = Order(reader.field(), relation=term.field.name)
            reader.need(")")
        while reader.take("."):
            word = reader.name()
            if word in ("asc", "desc"):
                term.direction = word
            elif word in ("nullsfirst", "nullslast"):
                term.nulls = word
            else:
                raise Unsupported("syntax: order")
        terms.append(term)
        if not reader.take(","):
            break
    return terms
