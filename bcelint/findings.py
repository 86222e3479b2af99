"""What the linter says: findings, the places they point at, and the ways out they offer.

Rules build findings whose fixes are *plans* (``Change`` objects that name a place and what should stand there). The
fixing stage turns a plan into text edits; reporters only see the result.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from bcelint.places import Place

if TYPE_CHECKING:
    from bcelint.inference.facts import Fact


class Severity(str, Enum):
    WARNING = "warning"
    ERROR = "error"


class Applicability(str, Enum):
    """``SAFE``: only a wrong loss or metric value changes, to what its documentation says."""

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True)
class Edit:
    """Replace the text of ``place`` by ``content``; an empty place inserts."""

    place: Place
    content: str


# --- changes: what a rule wants, before anybody knows the exact text around it ---------------------------------------


@dataclass(frozen=True)
class Replace:
    """Put ``text`` where ``place`` is."""

    place: Place
    text: str


@dataclass(frozen=True)
class RemoveArgument:
    """Remove the argument whose *value* is at ``value`` from the call at ``call``, with its comma."""

    call: Place
    value: Place


@dataclass(frozen=True)
class SetArgument:
    """Give the call at ``call`` the keyword argument ``name=text``, replacing the value that it has now."""

    call: Place
    name: str
    text: str


@dataclass(frozen=True)
class ReplaceByApi:
    """Put a call or name of the Keras API where ``place`` is, spelled in the file's own import style.

    ``api`` is a canonical name such as ``keras.losses.BinaryCrossentropy``; ``arguments`` is the text between the
    parentheses, or ``None`` for the bare name. An import is added where the file has no way to spell the name.
    """

    place: Place
    api: str
    arguments: str | None = ""


@dataclass(frozen=True)
class RemoveStatementOrElement:
    """Remove the list element, ``add`` statement or similar whose expression is at ``place``."""

    place: Place


@dataclass(frozen=True)
class Swap:
    """Exchange the texts of two places."""

    first: Place
    second: Place


@dataclass(frozen=True)
class Wrap:
    """Put ``before`` and ``after`` around what is at ``place``."""

    place: Place
    before: str
    after: str


@dataclass(frozen=True)
class InsertBefore:
    """Put the statement ``text`` on a row of its own before the statement at ``place``."""

    place: Place
    text: str


Change = Replace | RemoveArgument | SetArgument | ReplaceByApi | RemoveStatementOrElement | Swap | Wrap | InsertBefore


@dataclass(frozen=True)
class FixPlan:
    """A way out: ``message`` is an imperative line ("say that the output is a probability").

    ``ends_in`` says what the model returns after it, ``probabilities`` or ``logits``, where that is a matter of taste.
    """

    message: str
    applicability: Applicability
    changes: tuple[Change, ...]
    ends_in: str = ""


@dataclass(frozen=True)
class Fix:
    """A fix plan turned into text. All edits are applied, or none."""

    message: str
    applicability: Applicability
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Related:
    """The other end of a finding, with the words that go under its underline."""

    place: Place
    message: str


@dataclass(frozen=True)
class Finding:
    """One fault.

    Attributes:
        place: what is reported; its start is the finding's location.
        message: one line, without the code and without a full stop.
        focus: the part of ``place`` to underline, where that is narrower (an argument).
        label: the words under the underline.
        related: the other ends, in the order in which they should be read.
        notes: what the user will have seen, in numbers; each a sentence or two.
        help: the way out in words, for findings without a fix.
        plans: the fixes as the rule wants them, the preferred one first.
        fix, alternatives: the same as text edits (set by the fixing stage).
        fact: what the rule decided on, for verification; ``None`` for findings about the file itself.
    """

    code: str
    name: str
    severity: Severity
    message: str
    place: Place
    focus: Place | None = None
    label: str = ""
    related: tuple[Related, ...] = ()
    notes: tuple[str, ...] = ()
    help: str = ""
    plans: tuple[FixPlan, ...] = ()
    fix: Fix | None = None
    alternatives: tuple[Fix, ...] = field(default=())
    fact: Fact | None = None

    @property
    def places(self) -> tuple[Place, ...]:
        """Every place that the finding is about, or that its fixes change."""
        fixes = (*((self.fix,) if self.fix else ()), *self.alternatives)
        edited = (edit.place for fix in fixes for edit in fix.edits)
        return (self.place, *((self.focus,) if self.focus else ()), *(r.place for r in self.related), *edited)

    @property
    def sort_key(self) -> tuple[object, ...]:
        return (self.place, self.code, self.message)
