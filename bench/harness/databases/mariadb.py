"""MariaDB over TCP with the settings it comes with, and `bench/mysql-loop`: the driver alone, with one statement whose rows it drops."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from ..load import CONNECTIONS, THREADS
from ..process import Broken, free_port, run
from ..servers import Absent
from ..servers.floor import built
from ..web import HOST
from . import Database, Goal, Rate

_SOURCE = Path(__file__).parents[2] / "mysql-loop"
_PATIENCE = 30.0
_USER = "CREATE USER IF NOT EXISTS 'bench'@'%' IDENTIFIED BY 'bench';\nGRANT ALL ON *.* TO 'bench'@'%';\n"


class MariaDb(Database):
    name = "MariaDB"
    peer = "mysql_async"
    goal = Goal(key=0.6, list=0.6, embed=None, insert=0.7)

    def obtain(self) -> None:
        path = os.environ.get("PATH", "") + ":/usr/sbin"
        if (server := shutil.which("mariadbd", path=path)) is None:
            raise Absent("MariaDB is missing: apt install mariadb-server")
        self._program = server
        try:
            self._loop = built(_SOURCE, "mysql-loop")
        except Broken as failure:
            raise Absent(str(failure)) from failure

    def start(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        folder = self.home / "data"
        folder.mkdir(parents=True)
        users = self.home / "users.sql"
        users.write_text(_USER)
        user = []
        if os.geteuid() == 0:
            # The server refuses to run as root.
            user = ["--user=mysql"]
            for owned in (self.home, folder, users):
                shutil.chown(owned, "mysql", "mysql")
        options = ["--no-defaults", f"--datadir={folder}", *user]
        run(["mariadb-install-db", *options, "--auth-root-authentication-method=normal", "--skip-test-db"], Path("/"))
        self.port = free_port()
        options += [f"--port={self.port}", f"--bind-address={HOST}", f"--socket={folder}/socket", f"--pid-file={folder}/pid"]
        with (self.home.parent / "mariadb.log").open("wb") as log:
            words = [self._program, *options, f"--init-file={users}", "--skip-name-resolve"]
            self._server = subprocess.Popen(words, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        words = ["mariadb", "--no-defaults", "--protocol=tcp", f"--host={HOST}", f"--port={self.port}", "--user=bench", "--password=bench"]
        while True:
            try:
                run([*words, "--execute=CREATE DATABASE bench"], Path("/"))
                return
            except Broken:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        if (server := getattr(self, "_server", None)) is not None:
            server.terminate()
            server.wait(_PATIENCE)
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"mysql://bench:bench@{HOST}:{self.port}/bench"

    def drive(self, work: str, seconds: float) -> Rate:
        # Left to itself the driver asks for the server's socket and takes that.
        url = f"{self.url}?prefer_socket=false"
        printed = run([self._loop, url, work, str(seconds), str(CONNECTIONS), str(THREADS)], Path("/"), seconds + 60)
        done, spent = printed.split()
        return Rate(int(done), float(spent))
