"""Before anything is measured: does every server give the rows that the generator made? Knows no server's dialect."""

from collections.abc import Callable
from typing import Any

from . import data
from .data import Post
from .process import Broken
from .servers import Row, Server, row
from .servers.mainstay import Mainstay

_SAMPLED = range(1, data.POSTS + 1, 1_111)


def reads(server: Server, posts: list[Post]) -> None:
    """Compares rows by key, and for every status the list and the list with authors."""
    for number in _SAMPLED:
        answer = server.posts_in(server.ask(server.by_key(number)))
        _same(server, f"post {number}", answer, [row(posts[number - 1])])
    names = {one.id: one.name for one in data.authors()}
    for status in data.STATUSES:
        latest = _latest(posts, lambda post, status=status: post.status == status)
        answer = server.posts_in(server.ask(server.listed(status)))
        _same(server, f"the list of {status}", answer, [row(post) for post in latest])
        answer = server.authors_in(server.ask(server.with_author(status)))
        _same(server, f"the list of {status} with authors", answer, [_embedded(post, names) for post in latest])


def policy(server: Mainstay, posts: list[Post]) -> None:
    """An owner gets his rows from the table with the policy, and nobody else does."""
    for post in posts[:: len(posts) // 7]:
        for asked in (server.private_by_key(post), server.shared_by_key(post)):
            _same(server, f"the owned post {post.id}", server.posts_in(server.ask(asked)), [row(post)])
        latest = _latest(posts, lambda one, post=post: (one.owner, one.status) == (post.owner, post.status))
        for asked in (server.private_listed(post), server.shared_listed(post)):
            rows = server.posts_in(server.ask(asked))
            _same(server, f"the owned list of {post.owner}", rows, [row(one) for one in latest])
        other = posts[post.id % len(posts)]
        crossed = server.private_by_key(post).path
        request = server.private_by_key(other)
        stranger = type(request)(request.method, crossed, request.headers)
        _same(server, f"the private post {post.id} to another user", server.ask(stranger), [])


def insert(server: Server, post: Post) -> None:
    """A new row can be read back as it was sent."""
    before = server.count()
    server.send(server.insert(post))
    if (after := server.count()) != before + 1:
        raise Broken(f"{server.name}: one insert made {after - before} rows")
    newest = server.posts_in(server.ask(server.listed(post.status)))[0]
    sent = row(post)
    given = ("id", "created_at")
    _same(server, "the new post", _without(newest, given), _without(sent, given))


def _embedded(post: Post, names: dict[int, str]) -> Row:
    return {"id": post.id, "title": post.title, "author": {"id": post.author_id, "name": names[post.author_id]}}


def _latest(posts: list[Post], wanted: Callable[[Post], bool]) -> list[Post]:
    chosen = sorted(filter(wanted, posts), key=lambda post: post.created_at, reverse=True)
    return chosen[: data.PAGE]


def _without(one: Row, names: tuple[str, ...]) -> Row:
    return {name: value for name, value in one.items() if name not in names}


def _same(server: Server, what: str, given: Any, expected: Any) -> None:
    if given != expected:
        raise Broken(f"{server.name}: {what} should be\n  {str(expected)[:600]}\nbut is\n  {str(given)[:600]}")
