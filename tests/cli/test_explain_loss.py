"""``bcelint explain-loss``: what is read as a number, what it is taken for, and above all what it is not."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from bcelint.cli.app import cli
from bcelint.cli.lossbook import number
from bcelint.knowledge.fingerprints import FIXED, RARE, Fingerprint, for_share, rare_for_share
from bcelint.printed_loss import NotANumberError, Printed, explain, read
from bcelint.rules import BY_CODE
from tests.cli.test_process import bcelint as process
from tests.cli.test_process import imported
from tests.conftest import Run

README = Path(__file__).resolve().parents[2] / "README.md"


def exact(text: str, share: float | None = None, classes: int | None = None) -> set[str]:
    return {fingerprint.name for fingerprint in explain(read(text), share, classes).exact}


def record(run: Run, *arguments: str) -> dict[str, Any]:
    result = run("explain-loss", *arguments, "--output-format", "json")
    assert result.exit_code == 0
    loaded = json.loads(result.stdout)
    assert isinstance(loaded, dict)
    return loaded


# --- what the digits say ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.6931", {"even-odds", "twice-negative"}),
        ("0.693", {"even-odds", "twice-negative"}),
        ("0.69", {"even-odds", "twice-negative"}),
        ("0.6931471824645996", {"even-odds", "twice-negative"}),
        ("0.6931469440460205", {"even-odds", "twice-negative"}),
        ("0.3133", {"twice-positive", "softmax-twice-2"}),
        ("1.3133", {"twice-ceiling", "softmax-twice-ceiling-2"}),
        ("0.5032", {"twice-floor"}),
        ("0.7241", {"twice-start"}),
        ("16.1181", {"keras-positive"}),
        ("16.118", {"keras-positive"}),
        ("15.9424", {"keras-negative"}),
        ("15.4249", {"tf-keras-positive"}),
        ("15.3332", {"tf-keras-negative-eager"}),
        ("15.2492", {"tf-keras-negative"}),
        ("15.24923801", {"tf-keras-negative"}),
        ("16.0302", {"keras-inverted"}),
        ("15.337", {"tf-keras-inverted"}),
        ("8.0590", {"keras-always-negative", "one-class-2"}),
        ("7.9712", {"keras-always-positive"}),
        ("8.0151", {"keras-guessing", "keras-swapped"}),
        ("7.7125", {"tf-keras-always-negative", "tf-keras-one-hot-0"}),
        ("7.6666", {"tf-keras-eager-always-positive", "tf-keras-one-hot-1-eager"}),
        ("7.6246", {"tf-keras-always-positive", "tf-keras-one-hot-1"}),
        ("100", {"torch-ceiling"}),
        ("50.0", {"torch-always-negative", "torch-always-positive"}),
        ("0.0", {"zero-one-unit", "zero-tf-keras", "zero-logits"}),
        ("0.0000e+00", {"zero-one-unit", "zero-tf-keras", "zero-logits"}),
        ("0.1985", {"label-smoothing-0.1", "one-hot-columns-20"}),
        ("0.3251", {"label-smoothing-0.2", "one-hot-columns-10"}),
        ("1.1921e-07", {"keras-floor"}),
        ("1.1920929e-07", {"keras-floor"}),
        ("1.0960e-07", {"torch-backend-floor"}),
        ("5.9605e-08", {"one-unit-categorical"}),
        ("-1.19e-7", {"added-epsilon-1e-7"}),
        ("-9.5367e-07", {"added-epsilon-1e-6"}),
        ("18.4207", {"own-epsilon-1e-8"}),
        ("11.5129", {"own-epsilon-1e-5", "own-epsilon-1e-10-always-negative"}),
        ("36.0437", {"float64-epsilon"}),
        ("2.3026", {"uniform-10"}),
        ("14.5063", {"one-class-10"}),
        ("1.4612", {"softmax-twice-10"}),
        ("-8.0590", {"keras-labels-minus-one"}),
        ("-7.9712", {"keras-labels-two"}),
        ("-2024.68", {"keras-labels-255"}),
        ("-inf", {"minus-infinite"}),
        ("inf", {"infinite"}),
        ("1e999", {"infinite"}),
        ("nan", {"nan-log-of-zero", "nan-weights", "nan-data"}),
        ("-nan", {"nan-log-of-zero", "nan-weights", "nan-data"}),
    ],
)
def test_numbers_with_a_meaning(text: str, expected: set[str]) -> None:
    assert exact(text) == expected


# What a loss passes on its way, or what has a digit too many, too few or in the wrong place.
MEANINGLESS = """
    0.70 0.7000 0.6925 0.6928 0.6935 0.6940 0.68 0.6915 0.694 0.6933333 0.693200 6.931 69.31 -0.6931 0.06931
    0.3120 0.3130 0.3136 0.3140 0.32 0.30 0.3143 -0.3133 1.3125 1.3140 1.32 0.313400 0.5025 0.5028 0.5036
    0.5040 0.51 0.49 0.522 0.7230 0.7245 0.7250 0.8100 16.1150 16.1200 16.13 16.07 15.9400 15.9450 15.93
    15.4200 15.4280 15.43 15.41 15.3300 15.3400 15.2470 15.2510 1.61181 161.181 15.9500 15.50 15.10 14.80
    8.0500 8.0560 8.0620 8.07 7.9690 7.9735 7.98 7.96 7.7110 7.7140 7.72 7.70 7.6650 7.6700 7.6230 7.6260 7.63
    7.53 101 99 99.4 49.4 50.6 51 0.0001 0.00 0.001 1e-3 1e-9 1e-12 -1e-12 1.3e-7 1.25e-7 1.15e-7 1.192e-6
    1.192e-8 0.1975 0.1980 0.1990 0.21 0.3245 0.3255 0.2000 -1.25e-7 -1.1e-7 -2e-6 -0.5 -1 -1.5 -7.86 -8.05
    -7.98 -2000 18.40 18.43 11.50 11.52 36.00 36.10 2.3000 2.3035 2.31 14.50 14.4980 14.52 1.4600 1.4625 0.11
    0.9 3.0 4.1 5.0 5.4 6.0 12.345 33.3 1234.5 1e6 1e30 -1e30
"""


@pytest.mark.parametrize("text", MEANINGLESS.split())
def test_numbers_without_one(text: str) -> None:
    names = exact(text)
    if text == "0.00":  # less than 0.005, so anything that small
        assert "keras-floor" in names
    else:
        assert not names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("16.11", "keras-positive"),
        ("7.71", "tf-keras-always-negative"),
        ("0.6915", "even-odds"),
        ("14.50", "one-class-10"),
    ],
)
def test_digits_that_were_cut_off_are_near(text: str, name: str) -> None:
    explanation = explain(read(text))
    assert name in {fingerprint.name for fingerprint in (*explanation.near, *explanation.exact)}


@pytest.mark.parametrize("text", ["0.70", "0.68", "0.33", "0.522", "15.7", "7.8", "-0.70", "0.0", "nan", "inf"])
def test_what_is_not_even_near(text: str) -> None:
    assert not explain(read(text)).near


def test_the_more_digits_the_fewer_causes() -> None:
    for digits in ("7.6895465", "16.118096", "0.5032044", "0.6931472"):
        found = [exact(digits[:length]) for length in range(3, len(digits) + 1) if digits[length - 1] != "."]
        for fewer, more in zip(found[1:], found, strict=False):
            assert fewer <= more or not more, "or the shorter number was cut off, not rounded"
        assert found[-1]


def test_few_digits_name_what_is_common_first() -> None:
    assert [fingerprint.name for fingerprint in explain(read("16")).exact][:2] == ["keras-positive", "keras-negative"]
    first = explain(read("7.7")).exact[0]
    assert first.name == "tf-keras-always-negative"


def test_what_rounds_to_the_number_comes_before_what_is_a_hair_away() -> None:
    printed = read("15.957")
    names = [fingerprint.name for fingerprint in explain(printed, classes=100).exact]
    assert names == ["one-class-100"]
    assert printed.rounding < printed.tolerance


EVERYTHING = [*FIXED, *RARE, *for_share(0.5), *rare_for_share(0.5)]


@pytest.mark.parametrize("fingerprint", EVERYTHING, ids=lambda fingerprint: fingerprint.name)
def test_every_number_is_found_as_it_is_printed(fingerprint: Fingerprint) -> None:
    if fingerprint.name == "base-rate":  # with half of the examples that is even-odds
        return
    for text in (number(fingerprint.value), repr(fingerprint.value)):
        assert fingerprint.name in exact(text)


# --- shares, classes --------------------------------------------------------------------------------------------------


def shares(text: str, share: float | None = None) -> dict[str, float]:
    return {found.mixture.name: found.share for found in explain(read(text), share).shares}


def test_a_number_between_the_floors_says_a_share() -> None:
    assert shares("7.7125")["keras-positive"] == pytest.approx(0.4785, abs=1e-4)
    assert "tf-keras-positive" not in shares("7.7125"), "half of them have an entry"
    assert shares("8.656")["keras-negative"] == pytest.approx(0.543, abs=1e-3)
    found = shares("0.42")
    assert found["twice-floor"] == pytest.approx((math.log(2) - 0.42) / (math.log(2) - math.log1p(math.exp(-1))))
    assert found["base-rate"] == pytest.approx(0.1484, abs=1e-3)
    assert shares("-1844")["keras-labels-255"] == pytest.approx(0.4554, abs=1e-4)
    assert shares("20.3") == {"torch": pytest.approx(0.203)}
    assert set(shares("0.25")) == {"base-rate"}, "below the floor of a sigmoid applied twice"
    for text in ("0.6931", "0", "nan", "inf", "-inf", "-1e-6", "1e6", "1e-7"):
        assert not shares(text)


def test_a_known_share_bounds_the_others() -> None:
    assert set(shares("4", 0.5)) == set(shares("4"))
    # A quarter of 16.1181, and not more than a fifth of the examples are positive.
    assert set(shares("4", 0.2)) == {"keras-negative", "tf-keras-negative", "tf-keras-negative-eager"}
    assert set(shares("4", 0.9)) == {"keras-positive", "tf-keras-positive"}
    assert not shares("0.42", 0.3), "the share is known"


def test_a_known_share_takes_the_place_of_a_half() -> None:
    assert exact("0.5032", 0.3) == set()
    assert exact("0.5792", 0.3) == {"twice-floor"}
    assert exact("0.6109", 0.3) == {"base-rate"}
    assert exact("4.8354", 0.3) == {"keras-always-negative"}
    assert exact("11.1597", 0.3) == {"keras-always-positive"}
    assert exact("0.6931", 0.3) == {"even-odds", "twice-negative"}
    assert exact("0.6931", 0.5) == {"even-odds", "twice-negative"}


def test_few_digits_are_no_number_of_classes() -> None:
    assert exact("2.3") == {"uniform-10"}
    assert exact("3.0") == set()
    assert exact("2.9957") == {"uniform-20"}
    assert exact("3.0", classes=20) == {"uniform-20"}


def test_a_known_number_of_classes_takes_the_place_of_all() -> None:
    assert exact("2.3026", classes=9) == set()
    assert exact("6.2146") == set()
    assert exact("6.2146", classes=500) == {"uniform-500"}
    assert exact("0.5003") == set()
    assert exact("0.5003", classes=10) == {"label-smoothing-0.1-10"}
    assert exact("0.3133", classes=2) == {"twice-positive", "softmax-twice-2"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.3", {"sigmoid-twice"}),
        ("0.5", set()),
        ("1.3", set()),
        ("1.4", {"sigmoid-twice"}),
        ("15.42", {"sigmoid-twice"}),
        ("15.5", {"sigmoid-twice", "tf-keras-clipped"}),
        ("16.1181", {"sigmoid-twice", "tf-keras-clipped"}),
        ("16.2", {"sigmoid-twice", "tf-keras-clipped", "keras-clipped"}),
        ("-0.5", {"sigmoid-twice", "labels-in-range"}),
        ("-1.5", {"sigmoid-twice", "labels-in-range", "similarity"}),
        ("-1e-6", {"sigmoid-twice"}),
        ("nan", set()),
        ("inf", set()),
    ],
)
def test_what_a_number_rules_out(text: str, expected: set[str]) -> None:
    assert {excluded.name for excluded in explain(read(text)).excluded} == expected


def test_a_known_share_rules_out_more() -> None:
    assert not explain(read("0.52")).excluded
    assert [excluded.name for excluded in explain(read("0.52"), 0.3).excluded] == ["sigmoid-twice"]
    assert [excluded.name for excluded in explain(read("1.2"), 0.9).excluded] == ["sigmoid-twice"]
    assert [excluded.name for excluded in explain(read("1.2"), None, 10).excluded] == ["softmax-twice"]


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "unit", "decimals"),
    [
        ("0.6931", 0.6931, 1e-4, 4),
        ("  0.6931 ", 0.6931, 1e-4, 4),
        ("`0.6931`", 0.6931, 1e-4, 4),
        ("0.6931,", 0.6931, 1e-4, 4),
        (".6931", 0.6931, 1e-4, 4),
        ("16", 16, 1, 0),
        ("16.", 16, 1, 0),
        ("+16.0", 16, 0.1, 1),
        ("1.1921e-07", 1.1921e-7, 1e-11, 4),
        ("1.5E+3", 1500, 100, 1),
        ("-7.86", -7.86, 0.01, 2),
        ("\N{MINUS SIGN}7.86", -7.86, 0.01, 2),
        ("-1,844.25", -1844.25, 0.01, 2),
        ("12,345,678", 12345678, 1, 0),
        ("loss: 0.6931", 0.6931, 1e-4, 4),
        ("loss:0.6931", 0.6931, 1e-4, 4),
        ("loss=0.6931", 0.6931, 1e-4, 4),
        ("Loss = -7.86", -7.86, 0.01, 2),
        ("val_loss: 0.6931", 0.6931, 1e-4, 4),
        ("{'loss': 0.6931}", 0.6931, 1e-4, 4),
        ("the loss is stuck, loss: 7.7125.", 7.7125, 1e-4, 4),
        ("34/34 - 0s - 2ms/step - accuracy: 0.5000 - loss: 0.6931", 0.6931, 1e-4, 4),
        ("loss: 16, accuracy: 0.5", 16, 1, 0),
        ("loss: 0.6931 loss: 0.6931", 0.6931, 1e-4, 4),
        ("1e-99999999999999999999", 0, 0, 0),
        ("0.6931" + "0" * 5000, 0.6931, 0, 5004),
    ],
)
def test_how_losses_are_written(text: str, value: float, unit: float, decimals: int) -> None:
    printed = read(text)
    assert printed.value == value
    assert printed.unit == pytest.approx(unit)
    assert printed.decimals == decimals


@pytest.mark.parametrize(
    "text",
    [
        "",
        "loss",
        "loss:",
        "abc",
        "0.69.31",
        "0,6931",
        "1,84",
        "0,693",
        "1,2345",
        "1 2",
        "--1",
        "1e",
        "0x1p3",
        "1_000",
        "infinit",
        "accuracy: 0.5",
        "loss: 0.69 - val_loss: 0.70",
        "loss: 0.69x",
    ],
)
def test_what_is_no_loss(text: str) -> None:
    with pytest.raises(NotANumberError):
        read(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0,6931", "write decimals with a point"),
        ("loss: 0.69 - val_loss: 0.70", "several losses"),
        ("a" * 500, "is no number"),
    ],
)
def test_errors_say_what_to_do(bcelint: Run, text: str, hint: str) -> None:
    result = bcelint("explain-loss", text)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: `")
    assert hint in result.stderr
    assert len(result.stderr) < 300


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("0.69", "--positives", "0"),
        ("0.69", "--positives", "1"),
        ("0.69", "--positives", "30"),
        ("0.69", "--positives", "-0.3"),
        ("0.69", "--positives", "nan"),
        ("0.69", "--positives", "a third"),
        ("0.69", "--positives", "30%%x"),
        ("0.69", "--positives", "100%"),
        ("0.69", "--classes", "1"),
        ("0.69", "--classes", "1e1"),
        ("0.69", "--output-format", "xml"),
        ("0.69", "--postives", "0.3"),
        ("-0.69", "--postives", "0.3"),
        ("0.69", "-x"),
        ("0.69", "0.70"),
    ],
)
def test_wrong_usage(bcelint: Run, arguments: tuple[str, ...]) -> None:
    result = bcelint("explain-loss", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "rror: " in result.stderr


def test_hints_of_wrong_usage(bcelint: Run) -> None:
    assert "did you mean 30%?" in bcelint("explain-loss", "0.69", "--positives", "30").stderr
    assert "--positives" in bcelint("explain-loss", "0.69", "--postives", "0.3").stderr


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["-7.86", "-.5", "-1.19e-07", "-inf", "-nan", "-8", "-1,844.2"])
def test_negative_numbers_are_no_options(bcelint: Run, text: str) -> None:
    result = bcelint("explain-loss", text)
    assert result.exit_code == 0
    assert bcelint("explain-loss", "--", text).stdout == result.stdout
    assert bcelint("explain-loss", "--positives", "0.3", text, "--classes", "3").exit_code == 0


def test_words_of_the_shell(bcelint: Run) -> None:
    assert record(bcelint, "loss:", "0.6931")["number"] == 0.6931
    assert record(bcelint, "loss:", "-7.86", "-", "accuracy:", "0.5")["number"] == -7.86


def test_text(bcelint: Run) -> None:
    text = bcelint("explain-loss", "0.6931").stdout
    assert text.startswith("0.6931 = ln 2\n\n* every prediction is 0.5\n    p = 0.5 costs ln 2")
    assert "\n* a sigmoid applied twice: the floor for negative examples\n" in text
    assert "\n    See: bcelint rule BCE101 (double-sigmoid)\n" in text
    assert "BCE304" not in text or "BCE304" in BY_CODE
    assert text.endswith("\n`bcelint check` finds such faults in the code of a model and its loss.\n")
    assert "rules out" not in text
    assert "share of the examples" not in text


def test_text_of_a_share(bcelint: Run) -> None:
    text = bcelint("explain-loss", "7.7125").stdout
    assert "7.7125 as a share of the examples:\n  0.478 x -ln 1e-7: 47.8 % of the examples are positive and" in text
    assert "\n  See: bcelint rule BCE102 (missing-sigmoid), BCE103 (wrong-range-output)\n" in text
    assert "Near, but not the same:\n  7.6895 = " in text


def test_text_without_a_match(bcelint: Run) -> None:
    text = bcelint("explain-loss", "0.21").stdout
    assert text.startswith("No fault is known to print exactly 0.21.\n\nA model that learns prints any number")
    assert "0.21 rules out:\n  - a sigmoid applied twice (with labels from 0 to 1 it prints 0.3133 to 1.3133)\n" in text
    text = bcelint("explain-loss", "-7.86").stdout
    assert text.startswith("No fault is known to print exactly -7.86.\n\nAny number of this size:\n\n* labels outside")


def test_text_of_what_is_no_number(bcelint: Run) -> None:
    text = bcelint("explain-loss", "nan").stdout
    assert text.startswith("nan\n\n* a loss of your own takes the log of 0\n")
    assert text.count("\nnan\n") == 0, "one heading for all of them"
    assert "bcelint rule BCE201 (unclipped-log)" in text


def test_text_of_what_is_no_fault(bcelint: Run) -> None:
    assert "* the floor of label_smoothing=0.1 (no fault)\n" in bcelint("explain-loss", "0.1985").stdout
    assert (
        "\n* a negated similarity: -dice, -IoU, CosineSimilarity (no fault)\n" in bcelint("explain-loss", "-0.8").stdout
    )


def test_text_of_few_digits(bcelint: Run) -> None:
    assert "More digits would tell." in bcelint("explain-loss", "8").stdout
    assert "More digits would tell." not in bcelint("explain-loss", "8.0590").stdout


@pytest.mark.parametrize("share", ["0.3", "30%", "30 %", " 30.0% "])
def test_what_to_expect(bcelint: Run, share: str) -> None:
    text = bcelint("explain-loss", "0.522", "--positives", share, "--classes", "10").stdout
    table = text.partition("What to expect with 30 % positive and 10 classes:\n")[2].partition("\n\n")[0]
    numbers = [line.split()[0] for line in table.splitlines()]
    assert numbers[:8] == ["0.6109", "0.5792", "0.8241", "4.8354", "11.1597", "4.6275", "10.6745", "10.7333"]
    assert {"2.3026", "1.4612", "14.5063", "0.5003"} <= set(numbers)
    assert "a sigmoid applied twice (with labels from 0 to 1 it prints 0.5792 to 1.1272)" in text


@pytest.mark.parametrize(
    "text", ["0.6931", "7.7", "16", "-7.86", "nan", "0.0000", "1e30", "0.42", "8", "0." + "3" * 400]
)
@pytest.mark.parametrize("options", [(), ("--positives", "0.3"), ("--classes", "7")])
def test_the_text_is_narrow(bcelint: Run, text: str, options: tuple[str, ...]) -> None:
    lines = bcelint("explain-loss", text, *options).stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert not any(line != line.rstrip() for line in lines)
    assert not re.search(r"\n\n\n", "\n".join(lines))


def test_colour(bcelint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = bcelint("explain-loss", "7.7125").stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    colored = bcelint("explain-loss", "7.7125").stdout
    assert colored.startswith("\x1b[1m7.7125 = 0.5 x -ln 2e-7\x1b[0m\n")
    assert re.sub(r"\x1b\[\d*m", "", colored) == plain


def test_json(bcelint: Run) -> None:
    found = record(bcelint, "loss: 0.5032")
    assert list(found) == [
        "text",
        "number",
        "tolerance",
        "positives",
        "classes",
        "exact",
        "near",
        "regions",
        "shares",
        "expected",
        "excluded",
    ]
    assert (found["text"], found["number"], found["positives"], found["classes"]) == ("0.5032", 0.5032, None, None)
    assert found["tolerance"] == pytest.approx(5.05e-5, rel=0.01)
    (floor,) = found["exact"]
    assert list(floor) == ["name", "value", "form", "title", "cause", "tell", "fault", "rules"]
    assert floor["value"] == pytest.approx(0.503204)
    assert floor["rules"] == [{"code": "BCE101", "name": "double-sigmoid"}]
    assert floor["fault"] is True
    (share,) = found["shares"]
    assert list(share) == ["name", "share", "form", "meaning", "rules"]
    assert (found["near"], found["regions"], found["expected"], found["excluded"]) == ([], [], [], [])
    found = record(bcelint, "-7.86", "--positives", "30%", "--classes", "3")
    assert (found["positives"], found["classes"]) == (0.3, 3)
    assert [region["name"] for region in found["regions"]] == ["labels-outside"]
    assert found["regions"][0]["low"] is None
    assert [excluded["name"] for excluded in found["excluded"]] == [
        "sigmoid-twice",
        "softmax-twice",
        "labels-in-range",
        "similarity",
    ]
    assert "twice-floor" in [entry["name"] for entry in found["expected"]]


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999"])
def test_json_has_no_number_for_what_is_none(bcelint: Run, text: str) -> None:
    found = record(bcelint, text)
    assert (found["text"], found["number"]) == (text, None)
    assert found["exact"][0]["value"] is None


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    result = process("explain-loss", "0.6931", cwd=tmp_path, options=("-X", "importtime"))
    modules = imported(result)
    assert result.returncode == 0
    assert "bcelint.knowledge.fingerprints" in modules
    assert not modules & {"libcst", "keras", "tensorflow", "numpy", "bcelint.analysis", "bcelint.inference"}


def test_the_readme_shows_what_is_printed(bcelint: Run) -> None:
    blocks = re.findall(r"^```console\n\$ (bcelint explain-loss .*?)\n(.*?)^```$", README.read_text(), re.M | re.S)
    assert blocks
    for command, expected in blocks:
        assert bcelint(*command.split()[1:]).stdout == expected


# --- any text ---------------------------------------------------------------------------------------------------------


@st.composite
def numbers(draw: st.DrawFn) -> str:
    value = draw(st.floats() | st.sampled_from([entry.value for entry in EVERYTHING]).map(lambda v: v * 1.0))
    form = draw(st.sampled_from(["{!r}", "{:.4f}", "{:.0f}", "{:.2e}", "{:g}", "loss: {:.3f}", "{:,.2f}"]))
    return form.format(value)


OPTIONS = st.lists(
    st.sampled_from(
        ["--positives=0.3", "--positives=1e-300", "--positives=99.9999%", "--classes=2", "--classes=999999"]
    ),
    max_size=2,
)


@settings(max_examples=150, deadline=None)
@given(numbers(), OPTIONS, st.sampled_from(["text", "json"]))
def test_every_number_is_explained(text: str, options: list[str], form: str) -> None:
    result = CliRunner().invoke(cli, ["explain-loss", text, *options, "--output-format", form])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 0
    if form == "json":
        json.loads(result.stdout)


@settings(max_examples=200, deadline=None)
@given(st.text() | st.text("0123456789.,-+e:= losnaif", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        printed = read(text)
    except NotANumberError:
        return
    assert isinstance(printed, Printed)
    explanation = explain(printed)
    assert all(printed.fits(fingerprint.value) for fingerprint in explanation.exact)
    assert not any(printed.fits(fingerprint.value) for fingerprint in explanation.near)
    assert all(0 < share.share <= 1 for share in explanation.shares)


@settings(max_examples=200, deadline=None)
@given(st.floats(0.001, 0.999))
def test_a_share_that_makes_the_number_is_given_back(share: float) -> None:
    for entry in for_share(share):
        assert entry.name == "base-rate" or entry.name in exact(repr(entry.value), share)
