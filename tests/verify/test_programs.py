"""Losses are cut out of their files: the program computes what the file does, and nothing else comes along.

Most losses here work on plain numbers: what is tested is which statements come along, and with which values.
"""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from bcelint.findings import Finding
from bcelint.places import Place
from bcelint.source import Source, read
from bcelint.verify.policy import objections
from bcelint.verify.programs import Cutter, Program, Refusal, cut_expression, cut_function, functions_around
from tests.expectations import findings

FOLDER = Path(__file__).parents[2] / "fixtures"
FIXTURES = sorted(path for path in FOLDER.rglob("*") if path.suffix in (".py", ".ipynb"))


def cases(text: str) -> list[Any]:
    """Pieces of code with headings ``== name -> what is expected -> ...``."""
    found = []
    for part in text.split("\n== ")[1:]:
        heading, code = part.split("\n", 1)
        name, *expected = heading.split(" -> ")
        found.append(pytest.param(code, *(expected or [name]), id=name))
    return found


def source_of(code: str) -> Source:
    source = read("loss.py", dedent(code).encode())
    assert source.tree is not None
    return source


def definition_of(source: Source, name: str) -> tuple[int, int]:
    """Where the last function of that name begins; ``lambda``, or the marker ``# here`` at the end of its row."""
    assert source.tree is not None
    found = [
        source.place(node).start
        for node in ast.walk(source.tree)
        if (name == "lambda" and isinstance(node, ast.Lambda))
        or (isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name)
    ]
    marked = [start for start in found if source.line(start[0]).endswith("# here")]
    return max(marked or found)


def cut(code: str, name: str = "loss") -> Program | Refusal:
    source = source_of(code)
    assert source.tree is not None
    return cut_function(source.tree, source.text, definition_of(source, name))


def program(code: str, name: str = "loss") -> Program:
    found = cut(code, name)
    assert isinstance(found, Program), found
    return found


def reason(code: str, name: str = "loss") -> str:
    found = cut(code, name)
    assert isinstance(found, Refusal), found
    return found.reason


def loss_of(found: Program) -> Any:
    """Run a program; what its entry gives."""
    namespace: dict[str, Any] = {"__name__": "program"}
    exec(compile(found.source, "<program>", "exec"), namespace)
    return eval(found.entry, namespace)


def value(code: str, name: str = "loss", labels: float = 1.0, prediction: float = 0.25) -> Any:
    return loss_of(program(code, name))(labels, prediction)


# --- what the module binds --------------------------------------------------------------------------------------------

MODULES = cases(
    """
== alone -> 0.75
def loss(t, p): return t - p

== constant -> 1.5
W = 2
def loss(t, p): return W * (t - p)

== constant of constants -> 1.5
A = 2
B = A * 3
def loss(t, p): return B * p

== constant below the function -> 1.0
def loss(t, p): return W * p
W = 4

== annotated -> 1.0
from typing import Final
W: Final[float] = 4.0
def loss(t: Tensor, p: Tensor) -> Tensor: return W * p

== augmented -> 1.0
W = 1
W += 3
def loss(t, p): return W * p

== one of a tuple -> 1.0
W, frame = 4, read_csv('x')
def loss(t, p): return W * p

== unpacked -> 1.0
(W, V), X = (4, 2), 1
def loss(t, p): return W * p

== chained -> 1.0
W = V = 4
def loss(t, p): return W * p

== item set -> 1.0
W = [0, 0]
W[1] = 4
def loss(t, p): return W[1] * p

== appended -> 1.0
W = []
W.append(4)
W.sort()
def loss(t, p): return W[0] * p

== attribute of the function -> 1.0
def loss(t, p): return loss.w * p
loss.w = 4
model.compile(loss=loss)

== made by a loop -> 1.0
W = 0
for i in range(4):
    print(i)
    W += 1
def loss(t, p): return W * p

== loop with a break -> 1.0
for W in range(9):
    if W == 4:
        break
def loss(t, p): return W * p

== while -> 1.0
W = 1
while W < 4:
    W *= 2
    train(W)
def loss(t, p): return W * p

== if and else -> 1.0
if 1 > 2:
    W = 1
else:
    W = 4
def loss(t, p): return W * p

== one branch -> 1.0
W = 1
if W:
    model.fit(x)
    W = 4
def loss(t, p): return W * p

== try -> 1.0
try:
    import no_such_thing as m
    W = 1
except ImportError:
    W = 4
def loss(t, p): return W * p

== with a name -> 1.0
import contextlib
with contextlib.nullcontext(4) as W:
    fit()
def loss(t, p): return W * p

== below a scope -> 1.0
with strategy.scope():
    W = 4
    model = build()
def loss(t, p): return W * p

== match -> 3.25
match 3:
    case [W]:
        pass
    case W:
        pass
def loss(t, p): return W + p

== walrus -> 1.0
V = [W := 4]
def loss(t, p): return W * p

== comprehension -> 1.0
W = sum(v for v in (1, 3))
def loss(t, p): return W * p

== import of a module -> 0.5
import math, pandas
def loss(t, p): return math.sqrt(p)

== dotted import -> 3.25
import os.path
import os
def loss(t, p): return len(os.path.join('a', 'b')) + p

== import from -> 0.5
from math import log, sqrt as root
def loss(t, p): return root(p)

== star import -> 0.5
from math import *
def loss(t, p): return sqrt(p)

== star import over a builtin -> 1.25
from numpy import *
def loss(t, p): return float(sum([t, p], axis=0))

== main block -> 1.0
if __name__ == '__main__':
    W = 4
    def loss(t, p): return W * p
    fit(loss)

== in a branch -> 1.0
if args.focal:
    W = 4
    def loss(t, p): return W * p  # here
else:
    def loss(t, p): return 0

== helper -> 1.0
def helper(p): return W * p
W = 4
def loss(t, p): return helper(p)

== recursion -> 2.0
def loss(t, p): return p if p > 1 else loss(t, 2 * p)

== decorator -> 0.5
import functools
def twice(f):
    @functools.wraps(f)
    def g(t, p): return 2 * f(t, p)
    return g
@twice
def loss(t, p): return p  # here

== default -> 1.0
W = 4
def loss(t, p, w=W): return w * p
W = 100

== local names -> 0.5
W = 4
def loss(t, p):
    def W(p): return 2 * p
    return W(p)

== names of a comprehension -> 0.75
i = 9
def loss(t, p): return sum(i * p for i in range(3))

== global -> 1.0
W = 1
def loss(t, p):
    global W
    W = W + 3
    return W * p

== class as a helper -> 1.0
import pandas
class Numbers:
    a = 2
    b = a * 2
    def load(self): return pandas.read_csv('x')
def loss(t, p): return Numbers.b * p

== method of a helper -> 1.0
class Helper:
    def __init__(self, w): self.w = w
    def times(self, p): return self.w * p
    def plot(self): plt.show()
helper = Helper(4)
def loss(t, p): return helper.times(p)

== heavy things around -> 0.5
import pandas as pd
import math
df = pd.read_csv('x')
model = build(df)
def loss(t, p): return math.sqrt(p)
model.compile(loss=loss)
model.fit(df)
"""
)


@pytest.mark.parametrize(("code", "expected"), MODULES)
def test_names_of_the_module(code: str, expected: str) -> None:
    assert value(code) == float(expected)


def test_a_name_that_is_bound_again_has_the_value_of_its_first_use() -> None:
    code = """
    W = load()
    W = 4
    def loss(t, p):
        return W * p
    model.compile(loss=loss)
    W = 100
    model.fit(W)
    """
    found = program(code)
    assert loss_of(found)(1.0, 0.25) == 1.0
    assert found.source.count("W =") == 1


def test_a_function_that_is_defined_twice() -> None:
    code = """
    def helper(p): return 4 * p
    def loss(t, p): return helper(p)  # here
    compile(loss)
    def helper(p): return 100 * p
    def loss(t, p): return 0
    """
    assert value(code) == 1.0


def test_a_function_that_is_wrapped_afterwards() -> None:
    code = """
    import functools
    def loss(t, p): return 4 * p
    loss = functools.lru_cache(loss)
    def other(t, p): return loss(t, p)
    """
    assert value(code) == 1.0
    assert value(code, "other") == 1.0


def test_what_is_used_by_a_function_that_is_called_later() -> None:
    code = """
    def loss(t, p): return W * p
    def train(): model.compile(loss=loss)
    W = 4
    train()
    W = 100
    """
    assert value(code) == 1.0


def test_only_what_is_needed_comes_along() -> None:
    code = """
    import os, sys
    import numpy as np, pandas as pd
    from keras import layers, ops as O
    EPS, LR = 0.5, 1e-3
    if len(sys.argv) > 1:
        LR = float(sys.argv[1])
    data = pd.read_csv("x.csv")
    for epoch in range(10):
        train(epoch)
    def metric(t, p): return np.mean(p)
    def loss(t, p): return np.maximum(p, EPS)
    """
    assert program(code).source == "import numpy as np\nEPS = 0.5\n\ndef loss(t, p):\n    return np.maximum(p, EPS)\n"


def test_rows_are_those_of_the_file() -> None:
    code = """\
    import math

    WEIGHTS = [
        1,
        4,
    ]


    @print
    @decorate(
        1,
    )
    def helper(p):
        '''Two

        rows.'''
        return math.sqrt(
            p
        )


    def focal():
        def loss(t, p):
            if t:
                # why
                return WEIGHTS[1] * helper(p)
            return 0
        return loss

    """
    code = "def decorate(n): return lambda f: f\n" + dedent(code)
    found = program(code)
    written = [line.strip() for line in found.source.splitlines()]
    rows = {written[row - 1]: origin for row, origin in found.rows.items()}
    assert set(found.rows) == set(range(1, len(written) + 1))
    expected = {
        "import math": 2,
        "WEIGHTS = [1, 4]": 4,
        "@print": 10,
        "@decorate(1)": 11,
        "def helper(p):": 14,
        "return math.sqrt(p)": 18,
        "def focal():": 23,
        "def loss(t, p):": 24,
        "if t:": 25,
        "return WEIGHTS[1] * helper(p)": 27,
        "return 0": 28,
        "return loss": 23,
    }
    assert expected.items() <= rows.items()


def test_settings_of_keras_come_along() -> None:
    code = """
    from keras import backend as K
    K.set_epsilon(1e-5)
    K.clear_session()
    K.set_learning_phase(0)
    K.set_floatx(choose())
    def loss(t, p): return K.epsilon()
    """
    source = program(code).source
    assert "K.set_epsilon(1e-05)" in source
    assert "clear" not in source
    assert "floatx" not in source


def test_repairs_of_modules_come_along() -> None:
    code = """
    import math
    math.root = math.sqrt
    def loss(t, p): return math.root(p)
    """
    assert value(code) == 0.5


# --- functions in functions -------------------------------------------------------------------------------------------

NESTED = cases(
    """
== factory with defaults -> 1.0 -> focal()
def focal(w=4):
    def loss(t, p): return w * p
    return loss

== factory that is called -> 1.0 -> focal(w=4)
def focal(w, v=1):
    def loss(t, p): return w * v * p
    return loss
model.compile(loss=focal(4))

== the call for compile -> 1.0 -> focal(w=4)
def focal(w=1):
    def loss(t, p): return w * p
    return loss
focal(9)
model.compile('sgd', focal(4))

== the call in a dict -> 1.0 -> focal(w=4)
def focal(w):
    def loss(t, p): return w * p
    return loss
focal(9)
compile(loss={'a': [focal(w=4)]})

== argument from the module -> 1.0 -> focal(w=W)
W = 4
def focal(w):
    def loss(t, p): return w * p
    return loss
compile(loss=focal(W))

== argument from a constant of another function -> 1.0 -> focal(w=4)
def focal(w):
    def loss(t, p): return w * p
    return loss
def main(data, big=100):
    weight = 4
    compile(loss=focal(w=weight))

== argument from the default of another function -> 1.0 -> focal(w=4)
def focal(w):
    def loss(t, p): return w * p
    return loss
def main(data, weight=4):
    compile(loss=focal(w=weight))

== only the known argument is needed -> 1.0 -> focal(w=4)
def focal(data, w):
    def loss(t, p): return w * p
    return loss
def main(data):
    compile(loss=focal(data.x, w=4))

== example in the docstring -> 1.0 -> focal(w=4)
def focal(w):
    '''Usage: compile(loss=focal(w=4))'''
    def loss(t, p): return w * p
    return loss

== another function of that name -> 1.0 -> focal()
def focal(w=4):
    def loss(t, p): return w * p
    return loss
def main(focal): compile(loss=focal(w=100))

== an older version of the factory -> 1.0 -> focal(w=4)
def focal(w): return w
compile(loss=focal(100))
def focal(w):
    def loss(t, p): return w * p
    return loss
compile(loss=focal(4))

== computed in the factory -> 1.0 -> focal()
def focal(w=2):
    print(w)
    w = w * 2
    v = w
    def loss(t, p): return v * p
    return loss

== two levels -> 1.0 -> outer(a=2)
def outer(a):
    def middle(b):
        def loss(t, p): return a * b * p
        return loss
    return middle
compile(loss=outer(2)(b=2))

== factory of lambdas -> 1.0 -> focal()
def focal(w=4): return lambda t, p: w * p

== lambda of lambdas -> 1.0 -> focal(w=4)
focal = lambda w: lambda t, p: w * p
f = focal(4)

== keyword only -> 1.0 -> focal(w=4)
def focal(*, w, **kw):
    def loss(t, p): return w * p + len(kw)
    return loss
compile(loss=focal(w=4))

== nonlocal -> 1.0 -> focal()
def focal(w=3):
    def loss(t, p):
        nonlocal w
        w += 1
        return w * p
    return loss

== no factory -> 1.0 -> main()
def main():
    data = load()
    w = 4
    def loss(t, p): return w * p
    fit(data, loss)
    w = 100

== in a branch of a factory -> 1.0 -> make()
def make(kind):
    if kind == 'a':
        w = 4
        def loss(t, p): return w * p  # here
    else:
        def loss(t, p): return 0
    return loss

== in a dict -> 1.0 -> make()
def make(w=4):
    def loss(t, p): return w * p
    return {'loss': loss}

== another function of the factory -> 1.0 -> make()
def make(w=4):
    def half(p): return w * p
    def loss(t, p): return half(p)
    return loss

== local import -> 0.5 -> make()
def make():
    import math, pandas
    def loss(t, p): return math.sqrt(p)
    return loss

== recursive factory -> 0.25 -> wanted_make(
def make(n=1):
    def loss(t, p): return p if n else make(1)(t, p)
    return loss

== local of a loop -> 1.0 -> make()
def make():
    for w in (1, 4):
        def loss(t, p): return w * p
        fit(loss)

== async -> 1.0 -> main()
async def main(w=4):
    def loss(t, p): return w * p
    await fit(loss)
"""
)


@pytest.mark.parametrize(("code", "expected", "entry"), NESTED)
def test_functions_in_functions(code: str, expected: str, entry: str) -> None:
    found = program(code, "loss" if "def loss" in code else "lambda")
    assert found.entry.startswith(entry)
    assert loss_of(found)(1.0, 0.25) == float(expected)
    assert found.parameters == ("t", "p")


def test_partial() -> None:
    code = """
    from functools import partial
    def loss(t, p, w, v):
        return w * v * p
    model.compile(loss=partial(loss, w=2, v=2))
    """
    found = program(code)
    assert found.entry == "partial(loss, w=2, v=2)"
    assert found.parameters == ("t", "p")
    assert loss_of(found)(1.0, 0.25) == 1.0


def test_further_parameters_are_listed() -> None:
    assert program("def loss(t, p, w, v=1): return w * p").parameters == ("t", "p", "w")
    assert program("def loss(p, *rest, v=1): return p").parameters == ("p",)
    assert reason("def loss(t, p, *, w): return w * p") == "`w` of `loss` can only be given by name"


def test_lambdas() -> None:
    code = "W = 4\nmodel.compile(optimizer=lambda: 1, loss=lambda t, p: W * p)\nW = 9"
    found = program(code, "lambda")
    assert found == Program("W = 4\n", "(lambda t, p: W * p)", ("t", "p"), "loss")
    assert loss_of(found)(1.0, 0.25) == 1.0
    assert program("mine = lambda t, p: p", "lambda").name == "mine"
    in_loop = "for w in (1, 4):\n    fit(w)\n    model.compile(loss=lambda t, p: w * p)"
    assert loss_of(program(in_loop, "lambda"))(1.0, 0.25) == 1.0


# --- classes ----------------------------------------------------------------------------------------------------------

LOSS_BASE = """
class Loss:
    def __init__(self, name=None): self.name = name
    def __call__(self, t, p): return self.call(t, p)
    def unused(self): return pandas
"""
CLASSES = cases(
    """
== call -> 1.0 -> Mine() -> Mine.call
class Mine(Loss):
    def call(self, t, p): return 4 * p

== made with arguments -> 1.0 -> Mine(w=4, name='mine') -> Mine.call
class Mine(Loss):
    def __init__(self, w, **kw):
        super().__init__(**kw)
        self.w = w
    def call(self, t, p): return self.w * p
    def get_config(self): return pandas
Mine(9)
compile(loss=Mine(w=4, name='mine'))

== made with a name of the module -> 1.0 -> Mine(W) -> Mine.call
class Mine(Loss):
    def __init__(self, w):
        self.w = w
    def call(self, t, p): return self.w * p
W = 4
loss = Mine(W)

== helper method -> 1.0 -> times -> Mine.times
class Mine(Loss):
    def call(self, t, p): return self.times(t, p)
    def times(self, t, p): return 4 * p

== dunder call -> 1.0 -> Mine() -> Mine.__call__
class Mine:
    def __call__(self, t, p): return 4 * p

== call without a base -> 1.0 -> Mine().call -> Mine.call
class Mine:
    def call(self, t, p): return 4 * p

== static -> 1.0 -> loss -> Model.loss
class Model(keras.Model):
    @staticmethod
    def loss(t, p): return 4 * p

== static without saying so -> 1.0 -> loss -> Losses.loss
class Losses:
    def loss(y_true, y_pred): return 4 * y_pred

== class method -> 1.0 -> Mine.loss -> Mine.loss
class Mine:
    W = 4
    @classmethod
    def loss(cls, t, p): return cls.W * p

== method that needs nothing -> 1.0 -> loss -> Gan.loss
class Gan(keras.Model):
    def __init__(self): self.net = build()
    def loss(self, t, p): return 4 * p

== method that needs a number -> 1.0 -> Agent().loss -> Agent.loss
class Agent(keras.Model):
    V = 2
    def __init__(self, env, w=2):
        super().__init__()
        self.env = env
        self.w = w * 1
        self.net = self.build()
    def twice(self, p): return self.V * p
    def loss(self, t, p): return self.w * self.twice(p)

== argument of such a class -> 1.0 -> Agent(w=4).loss -> Agent.loss
class Agent:
    def __init__(self, env, w):
        self.env = env
        self.w = w
    def loss(self, t, p): return self.w * p
import gym
agent = Agent(gym.make('x'), w=4)

== property -> 1.0 -> Agent().loss -> Agent.loss
class Agent:
    @property
    def w(self): return 4
    def loss(self, t, p): return self.w * p

== member of a base -> 1.0 -> Agent().loss -> Agent.loss
class Base:
    W = 4
    def twice(self, p): return self.W * p
class Agent(Base):
    def loss(self, t, p): return self.twice(p)

== nested in a method -> 1.0 -> Agent().compile() -> Agent.compile.loss
class Agent:
    def __init__(self):
        self.w = 4
        self.net = build()
    def compile(self, data):
        w = self.w
        def loss(t, p): return w * p
        self.net.compile(loss=loss)

== nested in a method, with self -> 1.0 -> Agent().compile() -> Agent.compile.loss
class Agent:
    def __init__(self):
        self.w = 4
    def compile(self):
        def loss(t, p): return self.w * p
        self.net.compile(loss=loss)

== nested in a method, without self -> 1.0 -> compile() -> Agent.compile.loss
class Agent:
    def compile(self, w=4):
        def loss(t, p): return w * p
        self.net.compile(loss=loss)

== static factory -> 1.0 -> focal(w=4) -> Losses.focal.loss
class Losses:
    @staticmethod
    def focal(w):
        def loss(t, p): return w * p
        return loss
compile(loss=Losses.focal(4))

== method factory -> 1.0 -> focal(w=4) -> Losses.focal.loss
class Losses:
    def focal(self, w):
        def loss(t, p): return w * p
        return loss
    def fit(self): compile(loss=self.focal(4))

== class in a function -> 1.0 -> make() -> make.Mine.call
def make(w=4):
    class Mine(Loss):
        def call(self, t, p): return w * p
    return Mine()

== dataclass -> 1.0 -> Mine(2) -> Mine.__call__
from dataclasses import dataclass
@dataclass
class Mine:
    w: Number
    v: 'Number' = 2
    def __call__(self, t, p): return self.w * self.v * p
loss = Mine(2)

== writes into itself -> 1.0 -> Agent().loss -> Agent.loss
class Agent:
    def __init__(self): self.n = 3
    def loss(self, t, p):
        self.n += 1
        self.last = p
        return self.n * self.last

== given a helper -> 1.0 -> Mine(four) -> Mine.__call__
class Mine:
    def __init__(self, f): self.f = f
    def __call__(self, t, p): return self.f(p)
def four(p): return 4 * p
loss = Mine(four)

== other names of the receiver -> 1.0 -> Agent().loss -> Agent.loss
class Agent:
    def __init__(this): this.w = 4
    def loss(me, t, p): return me.w * p
"""
)


@pytest.mark.parametrize(("code", "expected", "entry", "name"), CLASSES)
def test_classes(code: str, expected: str, entry: str, name: str) -> None:
    found = program(LOSS_BASE + code, name.rpartition(".")[2])
    assert (found.entry, found.name) == (entry, name)
    assert "pandas" not in found.source
    assert found.parameters in (("t", "p"), ("y_true", "y_pred"))
    assert loss_of(found)(1.0, 0.25) == float(expected)


# --- refusals ---------------------------------------------------------------------------------------------------------

REFUSED = cases(
    """
== nothing in the file defines `K`
def loss(t, p): return K.mean(p)

== `weights` comes from a parameter of `build`
def build(weights):
    def loss(t, p): return weights * p
    return loss

== `a` comes from the command line
import argparse
a = argparse.ArgumentParser().parse_args()
def loss(t, p): return a.w * p

== `W` comes from the command line
import sys
W = float(sys.argv[1])
def loss(t, p): return W * p

== `FLAGS` comes from the command line
from absl import flags
FLAGS = flags.FLAGS
def loss(t, p): return FLAGS.w * p

== it asks the user for `input()`
W = input()
def loss(t, p): return W * p

== it needs to know where the file is (`__file__`)
W = __file__
def loss(t, p): return W * p

== `dice` comes from another file of the project (`.parts`)
from .parts import dice
def loss(t, p): return dice(t, p)

== `parts` comes from another file of the project (`.`)
from . import parts
def loss(t, p): return parts.dice(t, p)

== `W` is a global variable that `main` sets
def main():
    global W
    W = 4
def loss(t, p): return W * p

== `W` is a global variable that `main` sets
W = None
def main():
    global W
    W = 4
def loss(t, p): return W * p

== `W` is used before the file defines it
V = W
W = 4
def loss(t, p): return V * p

== `loss` is a coroutine
async def loss(t, p): return p

== `Mine.__init__` gives no value
class Mine:
    def __init__(self, t, p): self.p = p

== `loss` is a property
class Mine:
    @property
    def loss(self): return 1

== `Net.train_step` is a method of a model or layer, which has to be built
class Net(keras.Model):
    def train_step(self, data): return self.optimizer
loss = 1

== `loss` needs `self.alpha` of `Trainer`, which nothing in the file makes
class Trainer:
    def loss(self, t, p): return self.alpha * p

== `loss` needs `self.alpha` of `Trainer`, which `set` sets
class Trainer:
    def set(self): self.alpha = 1
    def loss(self, t, p): return self.alpha * p

== `w` comes from a parameter of `Mine`
class Mine(keras.losses.Loss):
    def __init__(self, w): self.w = w
    def call(self, t, p): return self.w * p

== `loss` needs a whole `Net`
class Net(keras.Model):
    def loss(self, t, p): return self(p)

== `w` comes from a generator
def numbers():
    w = yield 4
    def loss(t, p): return w * p

== the code stands where it never runs
if __name__ == '__main__':
    pass
else:
    def loss(t, p): return p
"""
)


@pytest.mark.parametrize(("code", "expected"), REFUSED)
def test_refusals(code: str, expected: str) -> None:
    name = next(n for n in ("loss", "train_step", "call", "__init__") if f"def {n}(" in code)
    assert reason(code, name) == expected


def test_variable_of_a_comprehension() -> None:
    assert reason("losses = [lambda t, p: w * p for w in (1, 2)]", "lambda") == "`w` is the variable of a comprehension"
    assert value("losses = [lambda t, p: p for w in (1, 2)]", "lambda") == 0.25


def test_code_that_did_not_parse_is_refused() -> None:
    assert reason("W = print 4\ndef loss(t, p): return W * p") == "`W` comes from code that does not parse"
    assert reason("def loss(t, p):\n    print p\n    return p") == "a part of `loss` does not parse"
    assert value("W = ...\ndef loss(t, p): return p if W is ... else 0") == 0.25
    assert value("x = print 4\ndef loss(t, p):\n    return p") == 0.25


def test_where_there_is_no_function() -> None:
    source = source_of("x = 1\n")
    assert source.tree is not None
    assert cut_function(source.tree, source.text, (1, 1)) == Refusal("there is no function at row 1")
    assert cut_expression(source.tree, source.text, Place(1, 1, 1, 4)) == Refusal("there is no expression at row 1")


def test_odd_modules_are_no_crash() -> None:
    deep = "1" + " + 1" * 800
    assert program(f"V = {deep}\ndef loss(t, p): return p").source.count("+") == 0
    found = cut(f"def loss(t, p): return {deep}")
    assert isinstance(found, Program) or found.reason == "the code is too deeply nested"
    nested = "".join("    " * i + f"def f{i}():\n" for i in range(20)) + "    " * 20 + "def loss(t, p): return p"
    assert reason(nested) == "the code is too deeply nested"
    assert reason("def loss(t, p):\n    return p\n    nonlocal x").startswith("`loss` cannot be taken out")
    assert reason("def loss(t, p):\n    return '" + "\\ud800" + "' + x") == "nothing in the file defines `x`"


def test_long_modules_take_no_time() -> None:
    lines = [f"x{i} = x{i - 1} + x{i // 2}" for i in range(1, 4000)]
    found = program("\n".join(["x0 = 1", *lines, "def loss(t, p): return x3999"]))
    assert found.source.count("\n") == 4003


# --- expressions ------------------------------------------------------------------------------------------------------


def expression(code: str, text: str) -> Program | Refusal:
    source = source_of(code)
    assert source.tree is not None
    row = next(i for i, line in enumerate(source.rows, 1) if text in line)
    column = source.rows[row - 1].index(text) + 1
    return cut_expression(source.tree, source.text, Place(row, column, row, column + len(text)))


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("a, b = 1.0, 4.0\nprint(min(a, b))", "min(a, b)", 1.0),
        ("import math\nx = 1\nx = 4.0\nprint('é', math.sqrt(x))\nx = 100", "math.sqrt(x)", 2.0),
        ("def f(x): return 2 * x\ndef main(data, y=3):\n    z = y + 1\n    fit(data)\n    print(f(z))", "f(z)", 8),
        ("class A:\n    def __init__(self): self.w = 4\n    def run(self): print(abs(self.w))", "abs(self.w)", 4),
        ("for x in range(3):\n    if x:\n        print(max(x, 1))", "max(x, 1)", 2),
    ],
)
def test_expressions(code: str, text: str, expected: float) -> None:
    found = expression(code, text)
    assert isinstance(found, Program)
    assert found.parameters == ()
    assert loss_of(found) == expected


def test_the_place_of_an_expression_counts_characters() -> None:
    found = expression("x = 1\ny = 'ü', abs(x)", "abs(x)")
    assert found == Program("x = 1\n", "abs(x)", (), "abs")


def test_expressions_are_refused() -> None:
    assert expression("class A:\n    w = 1\n    v = abs(w)", "abs(w)") == Refusal("`w` belongs to the class `A`")
    found = expression("def f(x):\n    return abs(x)", "abs(x)")
    assert found == Refusal("`x` comes from a parameter of `f`")


def test_functions_around_a_place() -> None:
    source = source_of("def a(x):\n    def b(y):\n        return (lambda z: z)(y)\n    return b\n")
    assert source.tree is not None
    assert functions_around(source.tree, source.text, Place(3, 27, 3, 28)) == [(3, 17), (2, 5), (1, 1)]
    assert functions_around(source.tree, source.text, Place(4, 5, 4, 13)) == [(1, 1)]


# --- losses with Keras ------------------------------------------------------------------------------------------------


@cache
def tensorflow() -> Any:
    return pytest.importorskip("tensorflow")


KERAS = {
    "class": """
        import keras
        import numpy as np
        import pandas as pd
        from keras import layers, ops

        df = pd.read_csv("clicks.csv")

        @keras.saving.register_keras_serializable()
        class LogLoss(keras.losses.Loss):
            def __init__(self, pos_weight=4.0, name="log_loss", **kw):
                super().__init__(name=name, **kw)
                self.pos_weight = pos_weight

            def call(self, y_true, y_pred):  # here
                hit = self.pos_weight * y_true * ops.log(y_pred)
                return -ops.mean(hit + (1.0 - y_true) * ops.log(1.0 - y_pred), axis=-1)

        model = keras.Sequential([layers.Dense(1, activation="sigmoid")])
        model.compile(loss=LogLoss(pos_weight=2.0))
        model.fit(df)
        """,
    "graph": """
        import tensorflow as tf
        from tensorflow.keras import backend as K

        train = tf.keras.utils.image_dataset_from_directory("steel")
        EPS = K.epsilon()

        def focal(gamma=2.0, alpha=0.25):
            @tf.function
            def loss(y_true, y_pred):  # here
                y_true = K.cast(y_true, K.floatx())
                p = K.clip(y_pred, EPS, 1.0 - EPS)
                return K.mean(-alpha * y_true * K.pow(1.0 - p, gamma) * K.log(p), axis=-1)
            return loss

        model = build(train)
        model.compile(loss=focal(gamma=1.0, alpha=2.0))
        """,
}


@pytest.mark.parametrize("code", KERAS.values(), ids=KERAS)
def test_with_keras(code: str) -> None:
    tf = tensorflow()
    source = source_of(code)
    assert source.tree is not None
    row = next(i for i, line in enumerate(source.rows, 1) if line.endswith("# here"))
    found = cut_function(source.tree, source.text, (row, source.line(row).index("def") + 1))
    assert isinstance(found, Program)
    assert not objections(found.source)
    assert found.parameters == ("y_true", "y_pred")
    result = loss_of(found)(tf.constant([[1.0]]), tf.constant([[0.5]]))
    expected = {"class": 1.386294, "graph": 0.693147}
    assert float(tf.reduce_mean(result)) == pytest.approx(expected["class" if "LogLoss" in code else "graph"], rel=1e-5)


# --- fixtures ---------------------------------------------------------------------------------------------------------

NOT_CUT = {
    "`Assignment.call` is a method of a model or layer, which has to be built",
    "`KLFromUniform.call` is a method of a model or layer, which has to be built",
}


def loss_functions() -> list[tuple[Path, tuple[int, int]]]:
    """The innermost functions around what is found in hand-written losses."""
    found: dict[tuple[Path, tuple[int, int]], None] = {}
    for path in FIXTURES:
        source = read(path.name, path.read_bytes())
        for finding in findings(source):
            around = _around(source, finding)
            if around:
                found[path, around[0]] = None
    return list(found)


def _around(source: Source, finding: Finding) -> list[tuple[int, int]]:
    if not finding.code.startswith("BCE2") or source.tree is None:
        return []
    return functions_around(source.tree, source.text, finding.place)


def test_losses_of_the_fixtures() -> None:
    tensorflow()
    reasons: Counter[str] = Counter()
    losses = loss_functions()
    for path, definition in losses:
        source = read(path.name, path.read_bytes())
        assert source.tree is not None
        found = cut_function(source.tree, source.text, definition)
        if isinstance(found, Refusal):
            reasons[found.reason] += 1
            continue
        assert not objections(found.source), (path, found)
        assert callable(loss_of(found)), (path, found)
    assert len(losses) > 30
    assert set(reasons) == NOT_CUT


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_every_function_of_the_fixtures(path: Path) -> None:
    source = read(path.name, path.read_bytes())
    if source.tree is None:
        return
    cutter = Cutter(source.tree, source.text)
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            found = cutter.function(source.place(node).start)
        elif isinstance(node, ast.Call) and "loss" in ast.unparse(node.func).lower():
            found = cutter.expression(source.place(node))
        else:
            continue
        if isinstance(found, Program):
            compile(found.source, "<program>", "exec")
            compile(found.entry, "<entry>", "eval")
            assert set(found.rows) == set(range(1, found.source.count("\n") + 1))
        else:
            assert "\n" not in found.reason
