"""``check --fix --verified``: fixes are only made where Keras computes the right loss after them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bcelint.findings import Finding
from bcelint.linting import Job, Linted, check_file
from bcelint.reporting.model import FileReport
from bcelint.settings import ConfigError
from bcelint.source import Source
from bcelint.verify.model import Verification
from bcelint.verify.planning import Options
from bcelint.verify.session import BackendError
from bcelint.verify.verification import Verifier


def check_files(jobs: Sequence[Job]) -> Iterator[FileReport]:
    """The reports of files whose fixes are made if they pass. Raises ``ConfigError`` where nothing can be evaluated."""
    backend = next((job.backend for job in jobs if job.backend), "tensorflow")
    try:
        with Verifier(Options((backend,), fixes=True)) as verifier:
            verifier.start()
            for job in jobs:
                yield check_file(job, _Objection(verifier, job))
    except BackendError as error:
        raise ConfigError(str(error)) from None


class _Objection:
    """Why a fix must not be made; the findings of a version of a file are evaluated together, and once."""

    def __init__(self, verifier: Verifier, job: Job) -> None:
        self._verifier = verifier
        self._job = job
        self._known: dict[bytes, list[Verification]] = {}

    def __call__(self, source: Source, linted: Linted, finding: Finding) -> str:
        if finding.fact is None:
            return ""  # nothing of the file's values changes
        if source.data not in self._known:
            (self._known[source.data],) = self._verifier.verify([(source, linted, self._job)])
        verification = next(v for v in self._known[source.data] if v.finding is finding)
        for verdict in verification.backends:
            if verdict.fix is None:
                return f"it could not be evaluated: {verdict.reason}"
            if not verdict.fix.passed:
                return f"it did not pass evaluation: {verdict.fix.reason}"
        return ""
