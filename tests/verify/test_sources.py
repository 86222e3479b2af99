"""The README's table of the write-ups, and the figure of the four curves, are what Keras computes."""

from __future__ import annotations

import math
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import four_curves, sources

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")

pytestmark = pytest.mark.skipif(find_spec("jax") is None, reason="needs JAX")


def test_the_table_is_what_verify_measures() -> None:
    expected = sources.table(sources.evaluate()).splitlines()
    start = README.index(expected[0])
    shown = README[start:].splitlines()[: len(expected)]
    for row, wanted in zip(shown, expected, strict=True):
        # The last digit of a float32 is the processor's.
        assert NUMBER.sub("#", row) == NUMBER.sub("#", wanted)
        for number, other in zip(NUMBER.findall(row), NUMBER.findall(wanted), strict=True):
            assert math.isclose(float(number), float(other), rel_tol=1e-4), (row, wanted)


@pytest.mark.parametrize(
    ("backend", "hidden"), [("tensorflow", "Keras, sigmoid behind a Reshape"), ("jax", "Keras, sigmoid")]
)
def test_the_four_curves(backend: str, hidden: str) -> None:
    curves = {curve.name: curve for curve in four_curves.curves(backend)}
    exact = curves["exact"]
    at = {a: i for i, a in enumerate(exact.x)}
    for name in set(curves) - {"by hand, no clip"}:
        for a in (10.0, 12.0, 14.0):
            assert math.isclose(curves[name].loss[at[a]], exact.loss[at[a]], rel_tol=0.05)
            assert math.isclose(curves[name].gradient[at[a]], exact.gradient[at[a]], rel_tol=0.05)
    # Where Keras does not see the logits, the loss has a floor without a gradient; on logits it has none.
    assert curves[hidden].loss[at[20.0]] == pytest.approx(1.192e-7, rel=1e-3)
    assert curves[hidden].gradient[at[20.0]] == 0
    for name in set(curves) - {"by hand, no clip", hidden}:
        assert curves[name].loss[at[20.0]] == pytest.approx(exact.loss[at[20.0]], rel=1e-3)
    by_hand = curves["by hand, no clip"].loss
    assert [math.isfinite(by_hand[at[a]]) for a in (16.0, 16.625, 16.75, 20.0)] == [True, True, False, False]
