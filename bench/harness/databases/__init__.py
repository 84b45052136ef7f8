"""What the benchmark needs of a database server: a start and a stop, an empty database, and its own fastest client as the peer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Goal:
    """The least ratios to the peer that the project asks of itself, by the key of the work."""

    key: float
    list: float
    embed: float | None
    insert: float


@dataclass(frozen=True)
class Rate:
    """What a peer came to."""

    requests: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


class Database(ABC):
    """One database server with the settings it comes with; its files lie in `home`."""

    # Its name, and that of the client it is measured with.
    name: str
    peer: str
    goal: Goal
    # Whether it has roles and can keep policies itself.
    has_roles = False

    def __init__(self, home: Path) -> None:
        self.home = home

    @abstractmethod
    def obtain(self) -> None:
        """Finds the programs; raises Absent if they are not here."""

    @abstractmethod
    def start(self) -> None:
        """Starts it on an empty data folder and makes an empty database."""

    @abstractmethod
    def stop(self) -> None:
        """Stops it and removes its data."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where Mainstay finds the empty database."""

    @abstractmethod
    def drive(self, work: str, seconds: float) -> Rate:
        """Runs the statement of `work` (key, list, embed, insert) with the peer, on as many connections as the load generator has."""
