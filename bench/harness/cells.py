"""What is measured: each cell is one kind of work, done by several lanes in turn. The goals stand beside the work."""

import random
from dataclasses import dataclass
from typing import TypeVar

from . import data
from .data import Post
from .servers import Server
from .servers.mainstay import Mainstay
from .web import Request

T = TypeVar("T")

# Distinct inserts that the load generator cycles through.
_DISTINCT = 2_000


@dataclass(frozen=True)
class Lane:
    """One server with the requests it is sent."""

    label: str
    server: Server
    requests: list[Request]


@dataclass(frozen=True)
class Cell:
    key: str
    title: str
    lanes: list[Lane]


@dataclass(frozen=True)
class Goal:
    """The least ratios that the project asks of itself."""

    of_floor: float
    of_pocketbase: float


GOALS = {
    "key": Goal(0.7, 8),
    "list": Goal(0.8, 14),
    "embed": Goal(0.7, 20),
    "insert": Goal(0.8, 6),
}
# The most that a policy may take away from the throughput of the same open read.
POLICY_COST = 0.10


def reads(servers: list[Server], posts: list[Post]) -> list[Cell]:
    """The reads that every server answers, without any token."""
    keys = _shuffled([post.id for post in posts])
    statuses = [post.status for post in posts[: data.USERS * len(data.STATUSES)]]
    statuses = _shuffled(statuses)
    return [
        Cell("key", "one row by key", [Lane(s.name, s, [s.by_key(key) for key in keys]) for s in servers]),
        Cell("list", "20 rows filtered, ordered", [Lane(s.name, s, [s.listed(one) for one in statuses]) for s in servers]),
        Cell(
            "embed",
            "20 rows each with its parent",
            [Lane(s.name, s, [s.with_author(one) for one in statuses]) for s in servers],
        ),
    ]


def inserts(servers: list[Server], posts: list[Post]) -> Cell:
    chosen = _shuffled(posts)[:_DISTINCT]
    lanes = [Lane(s.name, s, [s.insert(post) for post in chosen]) for s in servers]
    return Cell("insert", "insert one row, answer after commit", lanes)


def policies(server: Mainstay, posts: list[Post]) -> list[Cell]:
    """The same rows openly, with the visitor's key, and as their owner through a policy with `auth.uid()`."""
    chosen = _shuffled(posts)
    by_key = {
        "open": [server.shared_by_key(post) for post in chosen],
        "open, anon key": [server.with_anon_key(server.shared_by_key(post)) for post in chosen],
        "policy, user's JWT": [server.private_by_key(post) for post in chosen],
    }
    listed = {
        "open": [server.shared_listed(post) for post in chosen],
        "open, anon key": [server.with_anon_key(server.shared_listed(post)) for post in chosen],
        "policy, user's JWT": [server.private_listed(post) for post in chosen],
    }
    return [
        Cell("policy-key", "one row by key", _lanes(server, by_key)),
        Cell("policy-list", "20 rows filtered, ordered", _lanes(server, listed)),
    ]


def enforcement(plan: Mainstay, role: Mainstay, posts: list[Post]) -> list[Cell]:
    """The same rows openly and through a policy with `auth.uid()`: once woven into the plan, once kept by the database's roles."""
    chosen = _shuffled(posts)
    works = [
        ("key", "one row by key", Mainstay.shared_by_key, Mainstay.private_by_key),
        ("list", "20 rows filtered, ordered", Mainstay.shared_listed, Mainstay.private_listed),
    ]
    return [
        Cell(
            f"enforcement-{key}",
            title,
            [
                Lane(f"{way}: {asked}", server, [ask(server, post) for post in chosen])
                for way, server in (("plan", plan), ("role", role))
                for asked, ask in (("open", shared), ("policy, user's JWT", private))
            ],
        )
        for key, title, shared, private in works
    ]


def _lanes(server: Server, requests: dict[str, list[Request]]) -> list[Lane]:
    return [Lane(label, server, some) for label, some in requests.items()]


def _shuffled(items: list[T]) -> list[T]:
    mixed = list(items)
    random.Random(3).shuffle(mixed)
    return mixed
