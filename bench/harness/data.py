"""The rows that every server holds: the same ones each time, from a seeded generator. Knows no server."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

AUTHORS = 1_000
POSTS = 10_000
USERS = 100
BODY_BYTES = 250
PAGE = 20
STATUSES = ("draft", "review", "published", "archived")

_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
_APART = timedelta(seconds=61)
# Some words make JSON writers work: quotes, a backslash, letters of more than one byte.
_WORDS = (
    "harbour lantern drift copper meadow signal river anchor paper window thunder garden velvet compass ladder "
    'orchard silent bridge marble feather kettle summit willow ember pocket "quoted" back\\slash café naïve über'
).split()


@dataclass(frozen=True)
class Author:
    id: int
    name: str


@dataclass(frozen=True)
class Post:
    id: int
    author_id: int
    title: str
    body: str
    status: str
    score: int
    created_at: datetime

    @property
    def owner(self) -> UUID:
        """The user whose row it is in the table with a policy; each owns as many rows of every status."""
        return user((self.id - 1) % USERS)


def user(number: int) -> UUID:
    """The id of a user of the table with a policy."""
    return UUID(int=(0xBE7C4 << 100) | (4 << 76) | (8 << 60) | number)


def authors() -> Iterator[Author]:
    rng = random.Random(1)
    for number in range(1, AUTHORS + 1):
        yield Author(number, f"{_pick(rng).title()} {_pick(rng).title()} {number}")


def posts(count: int = POSTS) -> Iterator[Post]:
    """The first `count` posts, by id; a longer list starts with the shorter one."""
    rng = random.Random(2)
    for number in range(1, count + 1):
        yield Post(
            id=number,
            author_id=number * 7 % AUTHORS + 1,
            title=" ".join(_pick(rng) for _ in range(5)),
            body=_text(rng),
            status=STATUSES[(number - 1) // USERS % len(STATUSES)],
            score=int(rng.random() * 1000),
            created_at=_FIRST + number * _APART,
        )


def _pick(rng: random.Random) -> str:
    # Only random() promises the same numbers from one Python to the next.
    return _WORDS[int(rng.random() * len(_WORDS))]


def _text(rng: random.Random) -> str:
    """Words of exactly BODY_BYTES bytes of UTF-8, a line break among them."""
    text = _pick(rng) + "\n" + _pick(rng)
    while len(text.encode()) < BODY_BYTES:
        text += " " + _pick(rng)
    cut = text.encode()[:BODY_BYTES].decode(errors="ignore")
    return cut + "." * (BODY_BYTES - len(cut.encode()))
