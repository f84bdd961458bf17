"""What a case of the table of interchange is, and the texts that all of them use."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

sys.path.append(str(Path(__file__).parents[1] / "endurance"))
from prose import Prose  # noqa: E402

ROWS = 24


@dataclass
class Case:
    """Shards written by somebody else, and what must come of them."""

    name: str
    # Shard name -> what writes it there.
    shards: dict[str, Callable[[Path], None]]
    # The source's `text`.
    text: str | list[str] = "text"
    # Further keys of the configuration, as TOML.
    config: str = ""
    # The exit code of `tamis run`, and what its message or the named shard's failure must hold.
    code: int = 0
    says: str = ""
    # Bad rows by reason; all other rows must be written.
    bad: dict[str, int] = field(default_factory=dict)
    # From an input line to what must stand in the output beside `tamis`.
    prepare: Callable[[bytes], bytes] = lambda line: line
    # Too big for every day.
    slow: bool = False
    # No text of it can be edited.
    plain: bool = False


def texts(count=ROWS, seed=1):
    """Different texts of 400 bytes, which can be edited."""
    prose = Prose(seed)
    return [prose.text(400) for _ in range(count)]
