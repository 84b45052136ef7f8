"""A server's process: started, watched through /proc and stopped by its pid. Knows nothing of what it serves."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .web import HOST

_TICKS = os.sysconf("SC_CLK_TCK")
# Longest a server may take to give its first answer or to stop, in seconds.
_PATIENCE = 30.0


class Broken(Exception):
    """A server or tool did not do what the benchmark needs of it."""


class Process:
    """One running server, with the lines it printed in a file."""

    def __init__(self, command: Sequence[str | Path], folder: Path, log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._child = subprocess.Popen(
                [str(part) for part in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    def wait_until(self, answers: Callable[[], bool]) -> None:
        """Polls until the server answers, as tightly as a millisecond allows."""
        deadline = time.monotonic() + _PATIENCE
        while not answers():
            if self._child.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Broken(f"no answer from {self._child.args[0]}: {tail(self._log)}")
            time.sleep(0.0005)

    def cpu_seconds(self) -> float:
        """Processor time of all its threads so far, user and system, in steps of a clock tick."""
        fields = self._read("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory_mb(self) -> float:
        """Resident memory now."""
        return self._status("VmRSS")

    def peak_mb(self) -> float:
        """Most resident memory since it started."""
        return self._status("VmHWM")

    def alive(self) -> bool:
        return self._child.poll() is None

    def stop(self) -> None:
        """Asks it to end, then ends it."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()

    def _status(self, name: str) -> float:
        for line in self._read("status").splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024 / 1e6
        raise Broken(f"the system does not tell {name} of {self._child.args[0]}")

    def _read(self, name: str) -> str:
        try:
            return Path(f"/proc/{self._child.pid}/{name}").read_text()
        except OSError as gone:
            raise Broken(f"{self._child.args[0]} is gone: {tail(self._log)}") from gone


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def tail(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return " | ".join(lines[-5:]) or "it printed nothing"


def run(command: Sequence[str | Path], folder: Path, seconds: float = 600) -> str:
    """Runs a tool to its end and returns what it printed; raises Broken with its last words if it fails."""
    words = [str(part) for part in command]
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise Broken(f"{' '.join(words)}: {failure}") from failure
    if done.returncode != 0:
        raise Broken(f"{' '.join(words)} failed: {(done.stderr or done.stdout).strip()[-800:]}")
    return done.stdout
