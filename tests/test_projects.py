"""Projects of several files, as people lay them out and as nobody should: what is followed, what is left unknown."""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Run

# A model that ends in a sigmoid, and a script that takes its output for logits: BCE101 in row 4, if they meet.
NET = """\
import keras


def build(last="sigmoid"):
    return keras.Sequential([keras.layers.Dense(8), keras.layers.Dense(1, activation=last)])
"""
COMPILE = """\
model.compile("adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))
model.fit(x, y)
"""
TRAIN = f"""\
import keras
from net import build
model = build()
{COMPILE}"""
FOUND = ["train.py:4 BCE101"]

_LINE = re.compile(r"^(?P<file>[^:\n]+):(?:cell (?P<cell>\d+):)?(?P<row>\d+):\d+: (?P<code>BCE\d+) ", re.MULTILINE)

Project = Callable[[dict[str, str | bytes]], None]
Check = Callable[..., list[str]]


@pytest.fixture
def project(folder: Path) -> Project:
    """Writes files into the working directory."""

    def write(files: dict[str, str | bytes]) -> None:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    return write


@pytest.fixture
def check(bcelint: Run) -> Check:
    """What is reported, as ``file:row code``; no file may be given up."""

    def run(*arguments: str) -> list[str]:
        result = bcelint("check", "--isolated", "--output-format", "concise", *(arguments or (".",)))
        found = [f"{match['file']}:{match['row']} {match['code']}" for match in _LINE.finditer(result.stdout)]
        assert result.exit_code == (1 if found else 0), result.output
        return found

    return run


def train(imports: str, model: str = "build()") -> str:
    """The script, with other imports (in one row) and another model."""
    return TRAIN.replace("from net import build", imports).replace("build()", model)


# --- ways to import ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("checked", [".", "train.py"])
@pytest.mark.parametrize(
    ("imports", "model"),
    [
        ("from net import build", "build()"),
        ("from net import build as make", "make()"),
        ("import net", "net.build()"),
        ("import net as n", "n.build()"),
        ("from net import *", "build()"),
        ("from . import net", "net.build()"),
        ("from .net import build", "build()"),
        ("import importlib; net = importlib.import_module('net')", "net.build()"),
        ("from importlib import import_module", "import_module('net').build()"),
        ("net = __import__('net')", "net.build()"),
        ("import net; make = net.build", "make()"),
        ("import net; make = getattr(net, 'build')", "make()"),
        ("import keras, net", "net.build()"),
    ],
)
def test_modules(project: Project, check: Check, imports: str, model: str, checked: str) -> None:
    project({"net.py": NET, "train.py": train(imports, model)})
    assert check(checked) == FOUND


@pytest.mark.parametrize("init", [True, False], ids=["with __init__", "without __init__"])
@pytest.mark.parametrize(
    ("imports", "model"),
    [
        ("import models.net", "models.net.build()"),
        ("import models.net as net", "net.build()"),
        ("from models import net", "net.build()"),
        ("from models.net import build", "build()"),
        ("from .models.net import build", "build()"),
        ("import importlib; net = importlib.import_module('models.net')", "net.build()"),
        ("import importlib; net = importlib.import_module('.net', package='models')", "net.build()"),
        ("import importlib; net = importlib.import_module('.net', 'models')", "net.build()"),
    ],
)
def test_packages(project: Project, check: Check, imports: str, model: str, init: bool) -> None:
    project({"models/net.py": NET, "train.py": train(imports, model)})
    if init:
        project({"models/__init__.py": ""})
    assert check() == FOUND


@pytest.mark.parametrize(
    "init",
    [
        "from .net import build",
        "from .net import *",
        "from models.net import build",
        "from . import net\nbuild = net.build",
        "from .net import build as _build\nbuild = _build",
        "from .inner import build",
        "def build():\n    from .net import build\n    return build()",
        "__all__ = ['build']\nfrom .net import *",
    ],
)
def test_what_packages_hand_on(project: Project, check: Check, init: str) -> None:
    project({"models/__init__.py": f"{init}\n", "models/net.py": NET, "train.py": train("from models import build")})
    project({"models/inner/__init__.py": "from ..net import build\n"})
    assert check() == FOUND


def test_imports_in_functions(project: Project, check: Check) -> None:
    script = """\
import keras
def main():
    from net import build
    model = build()
    model.compile("adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))
main()
"""
    project({"net.py": NET, "train.py": script})
    assert check() == ["train.py:5 BCE101"]


@pytest.mark.parametrize("folder_of_script", ["", "scripts", "scripts/old", "tests"])
def test_src_layout(project: Project, check: Check, folder_of_script: str) -> None:
    script = f"{folder_of_script}/train.py".lstrip("/")
    project(
        {"setup.py": "", "src/pkg/__init__.py": "", "src/pkg/net.py": NET, script: train("from pkg.net import build")}
    )
    assert check() == [f"{script}:4 BCE101"]
    assert check(script) == [f"{script}:4 BCE101"]


@pytest.mark.parametrize("marks", [["pyproject.toml"], [".git/HEAD"], ["setup.cfg"]])
def test_scripts_in_folders_find_modules_at_the_root(project: Project, check: Check, marks: list[str]) -> None:
    project(dict.fromkeys(marks, ""))
    project({"net.py": NET, "scripts/deep/train.py": TRAIN})
    assert check() == ["scripts/deep/train.py:4 BCE101"]


def test_constants_and_settings_come_along(project: Project, check: Check) -> None:
    config = """\
HEAD = {"units": 1, "activation": "sigmoid"}
class Loss:
    logits = True
"""
    script = """\
import keras
from config import HEAD, Loss
model = keras.Sequential([keras.layers.Dense(**HEAD)])
model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=Loss.logits))
model.fit(x, y)
"""
    project({"config.py": config, "train.py": script})
    assert check() == FOUND


def test_base_classes_in_other_files(project: Project, check: Check) -> None:
    base = """\
import keras
class Base:
    last = None
    def build(self):
        return keras.Sequential([keras.layers.Dense(1, activation=self.last)])
"""
    script = """\
import keras; from base import Base
class Net(Base): last = "sigmoid"
model = Net().build()
"""
    project({"base.py": base, "train.py": script + COMPILE})
    assert check() == FOUND


def test_losses_are_followed_into_their_files(project: Project, check: Check) -> None:
    losses = """\
import keras
def loss(y_true, y_pred):
    return keras.losses.binary_crossentropy(y_true, y_pred)
"""
    script = """\
from net import build
from losses import loss
model = build(None)
model.compile(loss=loss)
model.fit(x, y)
"""
    project({"net.py": NET, "losses.py": losses, "train.py": script})
    assert check() == ["losses.py:3 BCE102"]
    assert check("train.py") == ["losses.py:3 BCE102"]
    assert check("losses.py") == []


@pytest.mark.parametrize("checked", [".", "train.py"])
@pytest.mark.parametrize("call", ["run(build(), x, y)", "Run(build(), x, y)", "go(build(), x, y)", "go(*parts())"])
def test_scripts_that_leave_everything_to_the_project(project: Project, check: Check, call: str, checked: str) -> None:
    """Not a word in them is of Keras."""
    name = call.partition("(")[0]
    methods = f"{TRAINER}\n\nclass Run:\n    def __init__(self, model, x, y):\n        run(model, x, y)\n\n\ngo = run\n"
    project({"net.py": f"{NET}\n\ndef parts():\n    return build(), None, None\n", "trainer.py": methods})
    project({"train.py": f"from net import build, parts\nfrom trainer import {name}\n{call}\n"})
    assert check(checked) == ["trainer.py:5 BCE101"]


def test_settings_from_a_function(project: Project, check: Check) -> None:
    config = """\
def get_config():
    config = {}
    config["epochs"] = 10
    config["units"] = 1
    config["activation"] = "sigmoid"
    config["rate"] = 1e-3
    return config
"""
    script = """\
import keras; from config import get_config; config = get_config()
head = keras.layers.Dense(config["units"], activation=config["activation"])
model = keras.Sequential([head])
"""
    project({"config.py": config, "train.py": script + COMPILE})
    assert check() == check("train.py") == FOUND


def test_a_function_that_compiles_what_it_is_given(project: Project, check: Check) -> None:
    """Its module has not a word of Keras."""
    work = """\
def work(model, objective, x, y):
    print("compiling")
    rate = 1e-3
    print(rate)
    model.compile("adam", objective)
    model.fit(x, y)
"""
    script = """\
import keras
from net import build
from work import work
work(build(), keras.losses.BinaryCrossentropy(from_logits=True), x, y)
"""
    project({"net.py": NET, "work.py": work, "train.py": script})
    assert check() == check("train.py") == ["work.py:5 BCE101"]


# --- standard input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["train.py", "new.py", "scripts/new.py", "./scripts/../train.py"])
def test_standard_input_belongs_to_the_project_of_its_name(
    project: Project, bcelint: Run, folder: Path, name: str
) -> None:
    project({"setup.py": "", "net.py": NET, "scripts/other.py": ""})
    result = bcelint("check", "--isolated", "-", "--stdin-filename", name, "--output-format", "json", stdin=TRAIN)
    (record,) = json.loads(result.stdout)
    assert record["code"] == "BCE101"
    assert {end["filename"] for end in record["related"]} >= {"net.py"}


def test_standard_input_without_a_name_lies_in_the_working_directory(project: Project, bcelint: Run) -> None:
    project({"net.py": NET})
    assert "BCE101" in bcelint("check", "--isolated", "-", stdin=TRAIN).stdout


def test_standard_input_counts_instead_of_its_file(project: Project, bcelint: Run) -> None:
    """Also for modules that import it."""
    project({"net.py": NET.replace("import keras", "import keras; import train").replace("=last)", "=train.LAST)")})
    project({"train.py": f"LAST = None\n{TRAIN}"})
    result = bcelint("check", "--isolated", "-", "--stdin-filename", "train.py", stdin=f"LAST = 'sigmoid'\n{TRAIN}")
    assert "BCE101" in result.stdout


# --- what is not there, or cannot be known ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("imports", "model"),
    [
        ("from missing import build", "build()"),
        ("from missing import *", "build()"),
        ("from .missing import build", "build()"),
        ("from .... import build", "build()"),
        ("from net import make", "make()"),
        ("from net.build import it", "it()"),
        ("import net", "net.make()"),
        ("import net.inner", "net.inner.build()"),
        ("import importlib, sys; net = importlib.import_module(sys.argv[1])", "net.build()"),
        ("import importlib; net = importlib.import_module('')", "net.build()"),
        ("import importlib; net = importlib.import_module('..net')", "net.build()"),
        ("import os.path; net = os.path", "net.build()"),
    ],
)
def test_what_is_missing_is_unknown(project: Project, check: Check, imports: str, model: str) -> None:
    project({"net.py": NET, "train.py": train(imports, model)})
    assert check() == []
    assert check("train.py") == []


def test_names_that_a_star_leaves_out(project: Project, check: Check) -> None:
    private = NET.replace("build", "_build")
    project({"net.py": private, "train.py": train("from net import *", "_build()")})
    assert check() == []
    project({"net.py": f"__all__ = ['other']\n{NET}", "train.py": train("from net import *")})
    assert check() == []


@pytest.mark.parametrize("size", [2, 3, 4])
def test_cycles(project: Project, check: Check, size: int) -> None:
    names = [f"part{n}" for n in range(size)]
    for name, following in zip(names, [*names[1:], names[0]], strict=True):
        project({f"{name}.py": f"import {following}\nfrom {following} import something\n{NET}"})
    project({"train.py": train("from part0 import build")})
    assert check() == FOUND
    assert check("train.py") == FOUND


def test_a_cycle_through_the_file_that_is_checked(project: Project, check: Check) -> None:
    project({"net.py": f"import train\n{NET}", "train.py": TRAIN})
    assert check("train.py") == FOUND
    assert check("net.py", "train.py") == FOUND


def test_names_that_only_exchange_themselves(project: Project, check: Check) -> None:
    project(
        {"a.py": "from b import build\n", "b.py": "from a import build\n", "train.py": train("from a import build")}
    )
    assert check() == []


def test_a_module_that_imports_itself(project: Project, check: Check) -> None:
    project({"net.py": f"import net\nfrom net import build\n{NET}", "train.py": TRAIN})
    assert check() == FOUND


def test_long_chains_of_modules(project: Project, check: Check) -> None:
    project({f"m{n}.py": f"from m{n + 1} import build\n" for n in range(200)})
    project({"m200.py": NET, "train.py": train("from m0 import build")})
    assert check("train.py") in (FOUND, [])


def test_a_module_that_does_not_parse(project: Project, check: Check) -> None:
    project({"net.py": "import keras\ndef build(loss:\n    pass\n", "train.py": TRAIN})
    assert check("train.py") == []
    assert check() == ["net.py:2 BCE900"]


@pytest.mark.parametrize(
    "content", [b"\x00\x01\x02", b"", b"\xff\xfe\xff", b"(" * 50_000, b"x = [" + b"0," * 400_000 + b"]"]
)
def test_modules_that_are_no_code_or_too_much(project: Project, check: Check, content: bytes) -> None:
    project(
        {
            "table.py": content,
            "net.py": f"try:\n    import table\nexcept Exception:\n    pass\n{NET}",
            "train.py": TRAIN,
        }
    )
    assert check("train.py") == FOUND


def test_a_module_with_very_many_statements(project: Project, check: Check) -> None:
    project({"table.py": "".join(f"NAME_{n} = {n}\n" for n in range(60_000))})
    project({"train.py": TRAIN.replace("import keras", "import keras, table"), "net.py": NET})
    assert check("train.py") == FOUND


def test_folders_and_links_that_lead_back(project: Project, check: Check, folder: Path) -> None:
    project({"pkg/__init__.py": "", "pkg/net.py": NET, "train.py": train("from pkg.pkg.pkg.net import build")})
    (folder / "pkg" / "pkg").symlink_to("..", target_is_directory=True)
    (folder / "again").symlink_to(".", target_is_directory=True)
    (folder / "itself.py").symlink_to("itself.py")
    project({"other.py": train("from again.pkg.net import build")})
    assert check("other.py") == ["other.py:4 BCE101"]
    assert check("train.py") in (FOUND, [])
    project({"third.py": train("from itself import build")})
    assert check("third.py") == []


def test_a_module_that_is_a_folder_or_cannot_be_opened(project: Project, check: Check, folder: Path) -> None:
    project({"train.py": TRAIN})
    (folder / "net.py").mkdir()
    assert check("train.py") == []
    (folder / "net.py").rmdir()
    (folder / "net.py").symlink_to("/proc/self/mem")
    assert check("train.py") == []


# --- names that stand for two things ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["losses", "layers", "metrics", "models", "utils", "activations", "data", "test"])
def test_modules_named_like_those_of_keras(project: Project, check: Check, name: str) -> None:
    project({f"{name}.py": NET, "train.py": train(f"from {name} import build")})
    assert check() == FOUND


def test_the_project_comes_before_a_namesake_in_keras(project: Project, check: Check) -> None:
    losses = """\
import keras
class BinaryCrossentropy(keras.losses.Loss):
    def __init__(self, from_logits=False):
        pass
"""
    script = """\
from losses import BinaryCrossentropy
from net import build
model = build()
model.compile(loss=BinaryCrossentropy(from_logits=True))
model.fit(x, y)
"""
    project({"losses.py": losses, "net.py": NET, "train.py": script})
    assert check() == []


@pytest.mark.parametrize("name", ["keras", "tensorflow", "tf_keras"])
def test_a_folder_called_keras_does_not_hide_keras(project: Project, check: Check, name: str) -> None:
    project({f"{name}/__init__.py": "", f"{name}/layers.py": "Dense = None\n", "net.py": NET, "train.py": TRAIN})
    assert check("train.py") == FOUND


def test_a_data_folder_hides_no_package(project: Project, check: Check) -> None:
    project(
        {"datasets/train.csv": "", "net.py": NET, "train.py": train("from datasets import load; from net import build")}
    )
    assert check() == FOUND


def test_the_nearest_of_two_modules_counts(project: Project, check: Check) -> None:
    logits = NET.replace('"sigmoid"', "None")
    project({"pyproject.toml": "", "net.py": NET, "train.py": TRAIN, "logits/net.py": logits, "logits/train.py": TRAIN})
    project({"sigmoid/net.py": NET, "sigmoid/train.py": TRAIN, "neither/train.py": TRAIN})
    assert sorted(check()) == [f"{folder}train.py:4 BCE101" for folder in ("neither/", "sigmoid/", "")]


def test_other_projects_are_not_looked_into(project: Project, check: Check) -> None:
    project(
        {"a/net.py": NET, "b/train.py": TRAIN, "net.py": NET, "inner/setup.py": "", "inner/scripts/train.py": TRAIN}
    )
    project({"setup.py": "", "net.py": "", "venv/lib/python3.11/site-packages/net.py": NET})
    assert check() == []


def test_a_relative_import_is_never_absolute(project: Project, check: Check) -> None:
    logits = NET.replace('"sigmoid"', "None")
    project(
        {"net.py": NET, "pkg/__init__.py": "", "pkg/net.py": logits, "pkg/train.py": train("from .net import build")}
    )
    project({"pkg/inner/__init__.py": "", "pkg/inner/train.py": train("from ..net import build")})
    project({"pkg/inner/up.py": train("from ...net import build")})
    assert check() == ["pkg/inner/up.py:4 BCE101"]


def test_a_name_of_a_package_hides_its_submodule(project: Project, check: Check) -> None:
    project(
        {
            "pkg/__init__.py": "class net:\n    build = None\n",
            "pkg/net.py": NET,
            "train.py": train("from pkg import net", "net.build()"),
        }
    )
    assert check() == []


def test_a_package_comes_before_a_module(project: Project, check: Check) -> None:
    project({"net.py": NET.replace('"sigmoid"', "None"), "net/__init__.py": NET, "train.py": TRAIN})
    assert check("train.py") == FOUND


def test_a_file_imported_under_two_names(project: Project, check: Check) -> None:
    prepared = """

def prepared():
    model = build()
    model.compile("adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))
    return model
"""
    script = """\
import sys
sys.path.append("pkg")
import net, pkg.net
net.prepared().fit(x, y)
pkg.net.prepared().fit(x, y)
"""
    project({"pkg/__init__.py": "", "pkg/net.py": NET + prepared, "train.py": script})
    assert check() == ["pkg/net.py:10 BCE101"]


# --- imports on some condition ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "imports",
    [
        "try:\n    from .net import build\nexcept ImportError:\n    from net import build\n",
        "try:\n    from net import build\nexcept ImportError:\n    from missing import build\n",
        "try:\n    from missing import build\nexcept ImportError:\n    from net import build\n",
        "try:\n    from missing import build\nexcept ModuleNotFoundError as e:\n    from net import build\n",
        "if len(sys.argv) > 1:\n    from net import build\nelse:\n    from missing import build\n",
        "if len(sys.argv) > 1:\n    from net import build\nelse:\n    from logits import build\n",
        "if __name__ == '__main__':\n    from net import build\nelse:\n    from .net import build\n",
        "with quiet():\n    from net import build\n",
        "for _ in range(3):\n    from net import build\n",
    ],
)
def test_imports_with_a_fallback(project: Project, check: Check, imports: str) -> None:
    project({"net.py": NET, "logits.py": NET.replace('"sigmoid"', "None")})
    project({"train.py": f"import keras, sys\n{imports}model = build()\n{COMPILE}"})
    assert check() == [f"train.py:{3 + imports.count(chr(10))} BCE101"]


@pytest.mark.parametrize(
    "imports",
    [
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from net import build\nfrom logits import build\n",
        "from net import build\nfrom logits import build\n",
        "from net import *\nfrom logits import *\n",
        "if False:\n    from net import build\nelse:\n    from logits import build\n",
    ],
)
def test_the_last_import_counts(project: Project, check: Check, imports: str) -> None:
    project({"net.py": NET, "logits.py": NET.replace('"sigmoid"', "None")})
    project({"train.py": f"import keras\n{imports}model = build()\n{COMPILE}"})
    assert check() == []


def test_main_blocks_of_imported_modules_are_not_run(project: Project, check: Check) -> None:
    trial = "".join(f"    {row}\n" for row in ["model = build()", *COMPILE.splitlines()])
    project(
        {"net.py": f"{NET}\n\nif __name__ == '__main__':\n{trial}", "train.py": TRAIN.replace("from_logits=True", "")}
    )
    assert check("train.py") == []
    assert check() == ["net.py:10 BCE101"]


def test_main_blocks_of_imported_modules_change_nothing(project: Project, check: Check) -> None:
    block = "\n\nif __name__ == '__main__':\n    build = None\n"
    project({"net.py": NET + block, "train.py": TRAIN})
    assert check("train.py") == FOUND
    guarded = NET.replace("def build", "LAST = None\n\n\ndef build").replace("activation=last", "activation=LAST")
    project({"net.py": f"{guarded}\n\nif __name__ == '__main__':\n    LAST = 'sigmoid'\n"})
    assert check("train.py") == []


# --- sys.path ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trick",
    [
        "sys.path.append('../lib')",
        "sys.path.insert(0, '../lib')",
        "sys.path += ['../lib']",
        "sys.path.extend(['../lib', '/nowhere'])",
        "sys.path.append(os.path.join(os.path.dirname(__file__), '..', 'lib'))",
        "sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../lib'))",
        "sys.path.insert(0, os.path.abspath(os.path.join('..', 'lib')))",
        "sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + '/lib')",
        "sys.path.append(str(Path(__file__).parent.parent / 'lib'))",
        "sys.path.append(str(Path(__file__).resolve().parents[1] / 'lib'))",
        "HERE = Path(__file__).resolve().parent; sys.path.append(str(HERE / '..' / 'lib'))",
    ],
)
def test_sys_path(project: Project, check: Check, trick: str) -> None:
    script = (
        f"import keras; import os, sys; from pathlib import Path\n{trick}; from net import build\nmodel = build()\n"
    )
    project({"lib/net.py": NET, "scripts/train.py": script + COMPILE})
    assert check("scripts/train.py") == ["scripts/train.py:4 BCE101"]


@pytest.mark.parametrize(
    "trick", ["sys.path.append(sys.argv[1])", "sys.path.append('/')", "sys.path.append(None)", "sys.path.clear()"]
)
def test_what_sys_path_does_not_say_is_unknown(project: Project, check: Check, trick: str) -> None:
    project(
        {
            "lib/net.py": NET,
            "scripts/train.py": f"import keras; import sys\n{trick}; from net import build\nmodel = build()\n{COMPILE}",
        }
    )
    assert check("scripts/train.py") == []


# --- encodings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        f"# -*- coding: latin-1 -*-\n# Gr\xf6\xdfe\n{NET}".encode("latin-1"),
        f"# -*- coding: cp1252 -*-\nEURO = '\u20ac'\n{NET}".encode("cp1252"),
        codecs.BOM_UTF8 + NET.encode(),
        NET.replace("\n", "\r\n").encode(),
        NET.replace("last", "activaci\xf3n").encode(),
        f'"""\u6a21\u578b"""\n{NET}'.encode(),
    ],
    ids=["latin-1", "cp1252", "BOM", "CRLF", "names", "docstring"],
)
def test_encodings(project: Project, check: Check, content: bytes) -> None:
    project({"net.py": content, "train.py": TRAIN})
    assert check() == FOUND


def test_a_module_in_an_encoding_that_is_not_its_own(project: Project, check: Check) -> None:
    project({"net.py": f"# Gr\xf6\xdfe\n{NET}".encode("latin-1"), "train.py": TRAIN})
    assert check("train.py") == []


def test_module_names_in_other_scripts(project: Project, check: Check) -> None:
    project({"m\xf6bel.py": NET, "train.py": train("from m\xf6bel import build")})
    assert check() == FOUND


# --- notebooks --------------------------------------------------------------------------------------------------------


def notebook(*cells: str) -> str:
    code = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": cell} for cell in cells
    ]
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


@pytest.mark.parametrize(
    "cell",
    [
        "import sys; sys.path.append('..')\nfrom net import build",
        "import os, sys; sys.path.insert(0, os.path.abspath('..'))\nfrom net import build",
        "import os, sys\nroot = os.path.dirname(os.getcwd())\nsys.path.append(root)\nfrom net import build",
        "%load_ext autoreload\n%autoreload 2\nimport sys; sys.path.append('../')\nfrom net import *",
        "%cd ..\nfrom net import build",
        "import os; os.chdir('..')\nfrom net import build",
        "%run ../net.py",
        "%run ../net",
        "%run -i '../net.py'",
        "%run ../net.py --epochs 3",
        "get_ipython().run_line_magic('run', '../net.py')",
        "%run helpers.ipynb",
        "%run ./helpers.ipynb",
        "%run through.ipynb",
    ],
)
def test_notebooks_use_the_modules_of_the_project(project: Project, check: Check, cell: str) -> None:
    helpers = notebook("# The network", NET)
    project(
        {"net.py": NET, "notebooks/helpers.ipynb": helpers, "notebooks/through.ipynb": notebook("%run helpers.ipynb")}
    )
    project({"notebooks/train.ipynb": notebook(cell, "import keras\nmodel = build()", COMPILE)})
    assert check() == ["notebooks/train.ipynb:1 BCE101"]
    assert check("notebooks/train.ipynb") == ["notebooks/train.ipynb:1 BCE101"]


def test_what_is_run_is_the_main_program(project: Project, check: Check) -> None:
    script = f"{NET}\n\nif __name__ == '__main__':\n    model = build()\n"
    project({"net.py": script, "train.ipynb": notebook("%run net.py", COMPILE)})
    assert check() == ["train.ipynb:1 BCE101"]


def test_what_is_run_is_not_reported_again(project: Project, check: Check) -> None:
    project({"net.py": NET, "train.py": TRAIN, "more.ipynb": notebook("%run train.py", "model.fit(x, y)")})
    assert check() == FOUND


@pytest.mark.parametrize(
    "cell",
    [
        "%run missing.ipynb",
        "%run missing.py",
        "%run",
        "%run {script}",
        "%run $script",
        "%run train.ipynb",
        "%run notes.md",
        "!python net.py",
        "%load net.py",
        "%%writefile net2.py\nbuild = None",
        "%%bash\npython net.py",
    ],
)
def test_what_a_magic_does_not_bring_is_unknown(project: Project, check: Check, cell: str) -> None:
    project({"net.py": NET, "notes.md": "# Notes\n"})
    project({"train.ipynb": notebook(cell, "import keras\nmodel = build()", COMPILE)})
    assert check() == []
    assert check("train.ipynb") == []


def test_notebooks_that_run_each_other(project: Project, check: Check) -> None:
    project({"a.ipynb": notebook("%run b.ipynb", NET), "b.ipynb": notebook("%run a.ipynb", "import keras")})
    project({"train.ipynb": notebook("%run a.ipynb", "model = build()", COMPILE)})
    assert check() == ["train.ipynb:1 BCE101"]


def test_cells_of_the_other_end_are_named(project: Project, bcelint: Run) -> None:
    project(
        {
            "net.ipynb": notebook("import keras", NET),
            "train.ipynb": notebook("%run net.ipynb", "model = build()", COMPILE),
        }
    )
    (record,) = json.loads(bcelint("check", "--isolated", "--output-format", "json").stdout)
    (end,) = [end for end in record["related"] if end["filename"] == "net.ipynb"]
    assert (record["filename"], record["cell"], record["location"]["row"]) == ("train.ipynb", 3, 1)
    assert (end["cell"], end["location"]["row"]) == (2, 5)


def test_a_fix_in_another_notebook(project: Project, bcelint: Run, folder: Path) -> None:
    trainer = notebook("import keras", TRAINER)
    project({"net.py": NET, "trainer.ipynb": trainer})
    project({"train.ipynb": notebook("%run trainer.ipynb", "from net import build", "run(build(), x, y)")})
    bcelint("check", "--isolated", "--fix", "train.ipynb")
    assert (folder / "trainer.ipynb").read_text() == trainer
    bcelint("check", "--isolated", "--fix", "--unsafe-fixes", "train.ipynb")
    assert (folder / "trainer.ipynb").read_text() == trainer.replace("from_logits=True", "")


def test_cells_in_scripts(project: Project, check: Check) -> None:
    project(
        {
            "net.py": NET,
            "train.py": f"# %%\nfrom net import *\n# %%\nmodel = build()\n# %% [markdown]\n# Now:\n{COMPILE}",
        }
    )
    assert check() == ["train.py:7 BCE101"]


# --- modules are changed while the code runs --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "net.LAST = None",
        "setattr(net, 'LAST', None)",
        "net.build = other",
        "net.CONFIG['last'] = None",
        "net.CONFIG.update(last=None)",
        "net.use_logits()",
    ],
)
def test_what_a_script_changes_in_a_module(project: Project, check: Check, change: str) -> None:
    """What the module held before must not be reported."""
    module = """\
import keras
LAST = "sigmoid"
CONFIG = {"last": "sigmoid"}
def use_logits():
    global LAST
    LAST = CONFIG["last"] = None
def build():
    return keras.Sequential([keras.layers.Dense(1, activation=LAST)])
"""
    if "CONFIG" in change:
        module = module.replace("activation=LAST", "activation=CONFIG['last']")
    project({"net.py": module})
    project({"train.py": train(f"import net; from elsewhere import other; {change}", "net.build()")})
    assert check("train.py") == []


def test_a_name_is_what_it_was_when_it_was_imported(project: Project, check: Check) -> None:
    project({"config.py": "LAST = 'sigmoid'\n"})
    own = "keras.Sequential([keras.layers.Dense(1, activation=LAST)])"
    project({"train.py": train("import config; from config import LAST; config.LAST = None", own)})
    assert check("train.py") == FOUND
    project({"train.py": train("import config; config.LAST = None; from config import LAST", own)})
    assert check("train.py") == []


def test_a_module_is_seen_as_it_ends(project: Project, check: Check) -> None:
    project({"net.py": NET.replace("=last)", "=LAST)") + "LAST = 'sigmoid'\nLAST = None\n", "train.py": TRAIN})
    assert check("train.py") == []


def test_a_module_that_refuses_to_be_imported(project: Project, check: Check) -> None:
    project({"fast.py": f"raise ImportError('not built')\n{NET}", "net.py": NET.replace('"sigmoid"', "None")})
    imports = "try:\n    from fast import build\nexcept ImportError:\n    from net import build"
    project({"train.py": train(imports)})
    assert check("train.py") == []


def test_a_package_that_answers_for_its_names(project: Project, check: Check) -> None:
    """Nothing is known of what its ``__getattr__`` returns."""
    lazy = "import importlib\ndef __getattr__(name):\n    return importlib.import_module(f'.{name}', __name__).build\n"
    project({"nets/__init__.py": lazy, "nets/build.py": NET, "train.py": train("from nets import build")})
    assert check("train.py") == []


def test_a_test_in_two_files_has_one_outcome(project: Project, check: Check) -> None:
    branches = """\
import keras
from config import LOGITS


def build():
    if LOGITS:
        return keras.Sequential([keras.layers.Dense(1)])
    return keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
"""
    script = """\
import keras
import config
from net import build
model = build()
if config.LOGITS:
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
else:
    loss = keras.losses.BinaryCrossentropy()
model.compile("adam", loss=loss)
model.fit(x, y)
"""
    project(
        {"config.py": "import os\nLOGITS = bool(os.environ.get('LOGITS'))\n", "net.py": branches, "train.py": script}
    )
    assert check() == []


def test_the_same_text_in_two_files(project: Project, check: Check) -> None:
    twice = "import keras\nfrom net import build\nimport one, two\none.run(build(), x, y)\ntwo.run(build(), x, y)\n"
    project({"net.py": NET, "one.py": TRAINER, "two.py": TRAINER, "train.py": f"{twice}# losses\n"})
    assert check() == check("train.py") == ["one.py:5 BCE101", "two.py:5 BCE101"]


def test_a_module_that_is_hard_to_follow_costs_no_finding(project: Project, check: Check) -> None:
    """What is wrong within the file is found, whatever it imports."""
    steps = "".join(f"def f{n}(x):\n    return f{n + 1}(x) + f{n + 1}(x + {n})\n" for n in range(40))
    project({"hard.py": f"{steps}def f40(x):\n    return x\nVALUE = f0(1)\n"})
    own = "keras.Sequential([keras.layers.Dense(VALUE), keras.layers.Dense(1, activation='sigmoid')])"
    project({"train.py": train("from hard import VALUE", own)})
    assert check("train.py") == FOUND


def test_what_a_script_changes_is_not_changed_for_others(project: Project, check: Check) -> None:
    project(
        {"net.py": "import keras\nmodel = keras.Sequential([keras.layers.Dense(4)])\nCONFIG = {'last': 'sigmoid'}\n"}
    )
    add = "model.add(keras.layers.Dense(1, activation=CONFIG['last']))\n"
    change = "CONFIG['last'] = None\n"
    start = "import keras\nfrom net import CONFIG, model\n"
    project(
        {"a.py": start + change + add + COMPILE, "b.py": start + add + COMPILE, "c.py": start + change + add + COMPILE}
    )
    assert check("-j", "1") == ["b.py:4 BCE101"]
    assert check("a.py") == []
    assert check("b.py") == ["b.py:4 BCE101"]


def test_modules_are_read_again_when_they_have_changed(project: Project, check: Check) -> None:
    project({"net.py": NET, "train.py": TRAIN})
    assert check("train.py") == FOUND
    project({"net.py": NET.replace('"sigmoid"', "None")})
    assert check("train.py") == []


# --- suppressions and settings ----------------------------------------------------------------------------------------

TRAINER = """\
import keras


def run(model, x, y):
    model.compile("adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(x, y)
"""
RUN = "import keras\nfrom net import build\nfrom trainer import run\nrun(build(), x, y)  # the losses are there\n"


def test_findings_lie_where_the_two_meet(project: Project, check: Check) -> None:
    project({"net.py": NET, "trainer.py": TRAINER, "train.py": RUN})
    assert check() == check("train.py") == check("train.py", "trainer.py") == ["trainer.py:5 BCE101"]
    assert check("trainer.py") == check("net.py") == []


@pytest.mark.parametrize("comment", ["# noqa: BCE101", "# noqa", "# bcelint: ignore[BCE101] on purpose"])
def test_suppressions_count_in_the_file_of_the_finding(project: Project, check: Check, comment: str) -> None:
    trainer = TRAINER.replace("from_logits=True))", f"from_logits=True))  {comment}")
    project({"net.py": NET, "trainer.py": trainer, "train.py": RUN})
    assert check("train.py") == []
    assert check() == []


def test_a_suppression_that_another_file_needs_is_not_called_unused(project: Project, check: Check) -> None:
    """Hooks check the files that have changed: what imports them may not be among these."""
    trainer = TRAINER.replace("from_logits=True))", "from_logits=True))  # noqa: BCE101")
    project({"net.py": NET, "trainer.py": trainer, "train.py": RUN})
    assert check(".") == check("trainer.py", "train.py") == check("train.py") == []
    assert check("trainer.py") == []


def test_a_suppression_that_nothing_needs_is_unused(project: Project, check: Check) -> None:
    trainer = TRAINER.replace("from_logits=True))", "from_logits=True))  # noqa: BCE101")
    project({"net.py": NET, "trainer.py": trainer, "train.py": RUN.replace("build()", "build(None)")})
    assert check() == ["trainer.py:5 BCE901"]


def test_a_file_is_ignored_from_wherever_it_is_looked_at(project: Project, check: Check) -> None:
    project({"net.py": NET, "trainer.py": f"# bcelint: file-ignore[BCE101]\n{TRAINER}", "train.py": RUN})
    assert check("train.py") == check() == []


def test_codes_that_are_ignored_in_the_file_of_the_finding(project: Project, check: Check) -> None:
    project({"net.py": NET, "trainer.py": TRAINER, "train.py": RUN})
    assert check("--per-file-ignores", "trainer.py:BCE101") == []
    assert check("--per-file-ignores", "trainer.py:BCE101", "train.py") == []
    assert check("--per-file-ignores", "train.py:BCE101") == ["trainer.py:5 BCE101"]


def test_excluded_files_are_followed_and_left_alone(project: Project, check: Check) -> None:
    project({"vendor/net.py": NET, "vendor/trainer.py": TRAINER, "train.py": train("from vendor.net import build")})
    project({"run.py": RUN.replace("from ", "from vendor.")})
    assert check("--extend-exclude", "vendor") == FOUND


# --- fixes ------------------------------------------------------------------------------------------------------------


def test_a_fix_in_the_checked_file_is_made(project: Project, bcelint: Run, folder: Path) -> None:
    project({"net.py": NET, "train.py": TRAIN})
    assert bcelint("check", "--isolated", "--fix", "train.py").exit_code == 0
    assert (folder / "net.py").read_text() == NET
    assert (folder / "train.py").read_text() == TRAIN.replace("from_logits=True", "")


def test_a_fix_elsewhere_waits_until_it_is_asked_for(project: Project, bcelint: Run, folder: Path) -> None:
    project({"net.py": NET, "trainer.py": TRAINER, "train.py": RUN})
    assert bcelint("check", "--isolated", "--fix", "train.py").exit_code == 1
    assert (folder / "trainer.py").read_text() == TRAINER
    assert bcelint("check", "--isolated", "--fix", "--unsafe-fixes", "train.py").exit_code == 0
    assert (folder / "trainer.py").read_text() == TRAINER.replace("from_logits=True", "")
    assert (folder / "net.py").read_text() == NET
    assert (folder / "train.py").read_text() == RUN


def test_no_fix_makes_another_script_wrong(project: Project, bcelint: Run, folder: Path) -> None:
    right = RUN.replace("build()", "build(None)")
    project({"net.py": NET, "trainer.py": TRAINER, "train.py": RUN, "right.py": right})
    bcelint("check", "--isolated", "--fix", "--unsafe-fixes", ".")
    result = bcelint("check", "--isolated", "--output-format", "concise", ".")
    assert "BCE102" not in result.stdout


def test_fixes_are_shown_for_every_file(project: Project, bcelint: Run, folder: Path) -> None:
    project({"net.py": NET, "trainer.py": TRAINER, "train.py": RUN})
    result = bcelint("check", "--isolated", "--diff", "--unsafe-fixes", "train.py")
    assert "trainer.py" in result.stdout
    assert "-    model.compile" in result.stdout
    assert (folder / "trainer.py").read_text() == TRAINER


def test_a_file_outside_of_the_working_directory(project: Project, bcelint: Run, folder: Path) -> None:
    project({"project/setup.py": "", "project/net.py": NET, "project/scripts/train.py": TRAIN, "elsewhere/x.py": ""})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / "elsewhere")
        result = bcelint("check", "--isolated", "--output-format", "concise", "../project/scripts/train.py")
    assert [match["code"] for match in _LINE.finditer(result.stdout)] == ["BCE101"]


# Both constants have to be larger, and they are in two files.
LIMITS = "LOW = 1e-15\n"
ENTROPY = """\
from keras import ops
from limits import LOW


def loss(y_true, y_pred):
    p = ops.clip(y_pred, LOW, 1 - 1e-15)
    return -ops.mean(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p))
"""


@pytest.mark.parametrize("checked", [".", "losses.py"])
def test_a_fix_changes_both_files(project: Project, bcelint: Run, folder: Path, checked: str) -> None:
    project({"limits.py": codecs.BOM_UTF8 + LIMITS.replace("\n", "\r\n").encode(), "losses.py": ENTROPY})
    assert bcelint("check", "--isolated", "--fix", checked).exit_code == 1
    assert (folder / "losses.py").read_text() == ENTROPY
    assert bcelint("check", "--isolated", "--fix", "--unsafe-fixes", checked).exit_code == 0
    assert (folder / "limits.py").read_bytes() == codecs.BOM_UTF8 + b"LOW = 1e-7\r\n"
    assert (folder / "losses.py").read_text() == ENTROPY.replace("1e-15", "1e-7")


@pytest.mark.parametrize("name", ["limits.py", "losses.py"])
def test_a_fix_changes_neither_file_if_one_cannot_be_written(
    project: Project, bcelint: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    project({"limits.py": LIMITS, "losses.py": ENTROPY})
    replace = os.replace

    def refuse(source: str, target: str) -> None:
        if os.path.basename(target) == name:
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)  # root may write every file
    result = bcelint("check", "--isolated", "--fix", "--unsafe-fixes", ".")
    assert result.exit_code == 2
    assert "Permission denied" in result.stderr
    assert (folder / "limits.py").read_text() == LIMITS
    assert (folder / "losses.py").read_text() == ENTROPY


def test_a_fix_is_not_made_in_files_that_are_left_alone(project: Project, bcelint: Run, folder: Path) -> None:
    project({"vendor/limits.py": LIMITS, "losses.py": ENTROPY.replace("from limits", "from vendor.limits")})
    bcelint("check", "--isolated", "--extend-exclude", "vendor", "--fix", "--unsafe-fixes", ".")
    assert (folder / "vendor" / "limits.py").read_text() == LIMITS
    assert "LOW, 1 - 1e-15" in (folder / "losses.py").read_text()


def test_standard_input_gives_back_itself(project: Project, bcelint: Run, folder: Path) -> None:
    """What is fixed is printed; no other file is written for it."""
    project({"net.py": NET, "limits.py": LIMITS})
    options = ["check", "--isolated", "--fix", "--unsafe-fixes", "-", "--stdin-filename"]
    assert bcelint(*options, "train.py", stdin=TRAIN).stdout == TRAIN.replace("from_logits=True", "")
    assert bcelint(*options, "losses.py", stdin=ENTROPY).stdout == ENTROPY
    assert (folder / "limits.py").read_text() == LIMITS


def test_each_end_is_named_once(project: Project, bcelint: Run) -> None:
    project({"limits.py": LIMITS, "losses.py": ENTROPY.replace("1e-15", "LOW")})
    (record,) = json.loads(bcelint("check", "--isolated", "--output-format", "json").stdout)
    ends = [(end["filename"], end["location"]["row"], end["message"]) for end in record["related"]]
    assert len(ends) == len(set(ends))


def test_an_option_of_a_library_is_not_what_it_could_be(project: Project, check: Check) -> None:
    """Whether the top is included is for the caller to say, and this one leaves it to somebody else."""
    net = """\
import keras


def build(top=True):
    layers = [keras.layers.Dense(8, activation="relu")]
    if top:
        layers.append(keras.layers.Dense(1, activation="sigmoid"))
    return keras.Sequential(layers)
"""
    script = """\
import keras
from net import build
def train(top, x, y):
    model = build(top)
    model.compile("adam", loss="binary_crossentropy")
    model.fit(x, y)
"""
    project({"net.py": net, "train.py": script})
    assert check("train.py") == []
    project({"net.py": net, "train.py": script.replace("build(top)", "build(False)")})
    assert check("train.py") == ["train.py:5 BCE103"]
