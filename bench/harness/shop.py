"""The example shop, served: only its start and its memory are of interest here."""

import shutil
from pathlib import Path

from . import web
from .process import run
from .servers import Absent
from .servers.mainstay import REPOSITORY, Mainstay
from .web import Request

_SHOP = REPOSITORY / "examples" / "shop"


class Shop(Mainstay):
    name = "Mainstay, examples/shop"

    def obtain(self) -> None:
        if not (_SHOP / "schema").is_dir():
            raise Absent("examples/shop is not there yet")
        super().obtain()

    def fill(self) -> None:
        shutil.copytree(_SHOP, self.prepared, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".mainstay", "node_modules"))
        run([self.binary, "schema", "apply", self.prepared], self.home)
        run([self.binary, "db", "seed", self.prepared], self.home)

    def by_key(self, number: int) -> Request:
        """The first thing a visitor sees."""
        return web.get("/rest/v1/products?limit=1")
