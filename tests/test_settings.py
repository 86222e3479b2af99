"""Configuration files and options, and how they are merged."""

from __future__ import annotations

from pathlib import Path

import pytest

from bcelint.settings import ConfigError, Layer, Resolver, inline_config, layer, merge, read_config


def test_nearest_configuration_wins(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.bcelint]\nselect = ["BCE1"]')
    write(tmp_path / "a" / "bcelint.toml", 'select = ["BCE4"]')
    write(tmp_path / "a" / "pyproject.toml", '[tool.bcelint]\nselect = ["BCE9"]')
    write(tmp_path / "a" / "b" / "pyproject.toml", "[tool.ruff]\nline-length = 100")
    resolver = Resolver(str(tmp_path))
    assert selected(resolver, tmp_path) == ("BCE1",)
    assert selected(resolver, tmp_path / "a") == ("BCE4",)
    assert selected(resolver, tmp_path / "a" / "b") == ("BCE4",)
    assert resolver.for_directory(str(tmp_path / "a" / "b")).origin == "a/bcelint.toml"


def test_isolated_reads_nothing(tmp_path: Path) -> None:
    write(tmp_path / "bcelint.toml", "nonsense")
    assert selected(Resolver(str(tmp_path), isolated=True), tmp_path) is None


def test_a_given_file_holds_everywhere(tmp_path: Path) -> None:
    write(tmp_path / "a" / "bcelint.toml", 'select = ["BCE4"]')
    fixed = layer({"select": ["BCE1"]}, "x.toml", str(tmp_path))
    assert selected(Resolver(str(tmp_path), fixed=fixed), tmp_path / "a") == ("BCE1",)


def test_options_come_on_top_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "bcelint.toml", 'exclude = ["a"]\nextend-exclude = ["b"]\nforce-exclude = true')
    over = layer({"extend-exclude": ["c"], "respect-gitignore": False}, "command line", "/elsewhere")
    settings = Resolver(str(tmp_path), overrides=[over]).for_directory(str(tmp_path))
    assert [pattern.text for pattern in settings.exclude] == ["a"]
    assert [tuple(pattern) for pattern in settings.extend_exclude] == [(str(tmp_path), "b"), ("/elsewhere", "c")]
    assert settings.force_exclude
    assert not settings.respect_gitignore


def test_per_file_ignores_of_a_later_layer_replace_earlier_ones() -> None:
    first = layer({"per-file-ignores": {"a.py": ["BCE1"]}}, "x", "/p")
    second = layer({"per-file-ignores": {"!b.py": ["BCE2"]}}, "y", "/p")
    (entry,) = merge(merge(Resolver("/p", isolated=True).for_directory("/p"), first), second).per_file_ignores
    assert entry.inverted
    assert entry.files.match("/p/b.py")


@pytest.mark.parametrize("text", ["[tool.black]\n", "[tool]\n# bcelint\n", "not TOML at all", ""])
def test_a_pyproject_without_us_is_passed_over(tmp_path: Path, text: str) -> None:
    assert read_config(write(tmp_path / "pyproject.toml", text), "pyproject.toml", str(tmp_path)) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selct = []", "bcelint.toml: unknown key `selct`; did you mean `select`?"),
        ("extend_select = []", "bcelint.toml: unknown key `extend_select`; did you mean `extend-select`?"),
        ("zzz = 1", "bcelint.toml: unknown key `zzz`"),
        ('select = "BCE101"', "bcelint.toml: `select` must be a list of strings"),
        ("ignore = [1]", "bcelint.toml: `ignore` must be a list of strings"),
        ("force-exclude = 1", "bcelint.toml: `force-exclude` must be true or false"),
        (
            'per-file-ignores = ["a"]',
            'bcelint.toml: `per-file-ignores` must be a table of lists, such as { "tests/*" = ["BCE101"] }',
        ),
        (
            '[per-file-ignores]\n"a" = "BCE101"',
            'bcelint.toml: `per-file-ignores` must be a table of lists, such as { "tests/*" = ["BCE101"] }',
        ),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(write(tmp_path / "bcelint.toml", text), "bcelint.toml", str(tmp_path))
    assert str(caught.value) == message


def test_broken_toml_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^bcelint\.toml: not valid TOML: .*line 1"):
        read_config(write(tmp_path / "bcelint.toml", "= 1"), "bcelint.toml", str(tmp_path))
    with pytest.raises(ConfigError, match=r"^pyproject\.toml: `tool\.bcelint` must be a table"):
        read_config(write(tmp_path / "pyproject.toml", "[tool]\nbcelint = 1"), "pyproject.toml", str(tmp_path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^gone\.toml: No such file"):
        read_config(str(tmp_path / "gone.toml"), "gone.toml", str(tmp_path))


def test_single_settings() -> None:
    assert inline_config('select = ["BCE1"]', "/p") == Layer("--config", "/p", {"select": ("BCE1",)})
    with pytest.raises(ConfigError, match=r"^--config: unknown key `a`"):
        inline_config("a = 1", "/p")


def selected(resolver: Resolver, directory: Path) -> tuple[str, ...] | None:
    selections = resolver.for_directory(str(directory)).selections
    return selections[-1].select if selections else None


def write(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)
