"""Fixes that change several files of a project: all of them, or none.

They are made one after the other when every file has been checked: two files may want the same third one changed.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bcelint.findings import Edit, Finding, Fix
from bcelint.fixing.write import write
from bcelint.source import Source, read

_MOST_FIXES = 50

# All findings about a file and in the files that it imports, given sources that differ from the disk, by path.
Lint = Callable[[Mapping[str, Source]], Sequence[Finding]]
# The codes that are found in some files and by those that import them, given sources that differ from the disk.
Around = Callable[[Collection[str], Mapping[str, Source]], Counter[str]]


@dataclass
class Across:
    """What became of the fixes: ``before`` and ``after`` hold the files that change, by path."""

    before: dict[str, Source] = field(default_factory=dict)
    after: dict[str, Source] = field(default_factory=dict)
    applied: list[Finding] = field(default_factory=list)
    taken_back: list[tuple[Finding, str]] = field(default_factory=list)


def fix_across(
    path: str, lint: Lint, around: Around, select: Callable[[Finding], Fix | None], open_source: Callable[[str], Source]
) -> Across:
    """Make the fixes that ``select`` gives for findings of the file ``path``, as far as each makes things better."""
    result = Across()
    for _ in range(_MOST_FIXES):
        findings = lint(result.after)
        refused = {_key(finding) for finding, _ in result.taken_back}
        wanted = ((finding, select(finding)) for finding in findings if _key(finding) not in refused)
        finding, fix = next(((finding, fix) for finding, fix in wanted if fix is not None), (None, None))
        if finding is None or fix is None:
            break
        edits: dict[str, list[Edit]] = {}
        for edit in fix.edits:
            edits.setdefault(edit.place.path or path, []).append(edit)
        before = {file: result.after.get(file) or open_source(file) for file in edits}
        after = {file: read(source.path, source.apply(edits[file])) for file, source in before.items()}
        changed = {**result.after, **after}
        fault = syntax_fault(before, after) or fault_of(finding, findings, lint(changed))
        if not fault and (brought := around(after, changed) - around(after, result.after)):
            fault = f"the fix would bring {', '.join(sorted(brought))}"
        if fault:
            result.taken_back.append((finding, fault))
            continue
        result.applied.append(finding)
        result.before = {**before, **result.before}
        result.after |= after
    return result


def _key(finding: Finding) -> tuple[str, str, int]:
    return finding.code, finding.place.path, finding.place.row


def syntax_fault(before: Mapping[str, Source], after: Mapping[str, Source]) -> str:
    """Whether a fix leaves less of a file to be parsed; empty where it does not."""
    broken = any(len(after[file].problems) > len(before[file].problems) for file in after)
    return "the fix would break the syntax" if broken else ""


def fault_of(fixed: Finding, old: Iterable[Finding], new: Iterable[Finding]) -> str:
    """Why a fix is not to be made, from what was found before and after it; empty where it may be."""
    before, after = Counter(finding.code for finding in old), Counter(finding.code for finding in new)
    if brought := after - before:
        return f"the fix would bring {', '.join(sorted(brought))}"
    return "" if after[fixed.code] < before[fixed.code] else "the fix does not remove the finding"


def write_all(before: Mapping[str, Source], after: Mapping[str, Source]) -> str:
    """Write every file, or none: returns why not. What was changed meanwhile is left alone."""
    written: list[str] = []
    try:
        for path in after:
            with open(path, "rb") as file:
                if file.read() != before[path].data:
                    return f"not fixed: {before[path].path} changed while it was being checked"
        for path, source in after.items():
            write(path, source.data)
            written.append(path)
    except OSError as error:
        for path in written:
            with contextlib.suppress(OSError):
                write(path, before[path].data)
        return f"not fixed: {error.strerror or error}"
    return ""
