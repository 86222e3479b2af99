"""Whatever the code looks like: no crash, no hang, the same answer each time."""

from __future__ import annotations

import time
from collections.abc import Callable
from textwrap import indent

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bcelint.analysis import Analysis, analyse, infer
from bcelint.source import read
from tests.inference.support import cases, check_hit, check_near_miss, on_a_big_stack

FAULT = """
import keras
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(loss="binary_crossentropy")
"""
ENOUGH_SECONDS = 5.0


def analysed(code: str) -> Analysis:
    return analyse(read("train.py", code.encode()))


def codes(code: str) -> list[str]:
    return [finding.code for finding in analysed(code).findings]


BIG: dict[str, Callable[[], str]] = {
    "a sum of 1,000 terms": lambda: "total = " + " + ".join(f"x{i}" for i in range(1000)),
    "a sum of 1,000 losses": lambda: (
        "import keras\nbce = keras.losses.BinaryCrossentropy()\nloss = "
        + " + ".join(f"bce(y{i}, p{i})" for i in range(1000))
    ),
    "a string of 1,000 pieces": lambda: "text = " + " + ".join(f'"{i}"' for i in range(1000)),
    "500 elif arms": lambda: (
        "if n == 0:\n    a = 0\n"
        + "".join(f"elif n == {i}:\n    a = {i}\n" for i in range(1, 500))
        + "else:\n    a = -1"
    ),
    "150 elif arms that choose a layer": lambda: (
        "import keras\nif n == 0:\n    head = keras.layers.Dense(1)\n"
        + "".join(f"elif n == {i}:\n    head = keras.layers.Dense({i})\n" for i in range(1, 150))
        + "m = keras.Sequential([head])\nm.compile(loss='mse')"
    ),
    "500 independent tests": lambda: (
        "import keras\na = None\n" + "".join(f"if t{i}:\n    a = keras.layers.Dense({i})\n" for i in range(500))
    ),
    "150 match cases": lambda: "match n:\n" + "".join(f"    case {i}:\n        a = {i}\n" for i in range(150)),
    "80 nested ifs": lambda: "".join(f"{' ' * i}if t{i}:\n" for i in range(80)) + " " * 80 + "a = 1",
    "15 nested loops": lambda: "".join(f"{' ' * i}for i{i} in range(10):\n" for i in range(15)) + " " * 15 + "a = i0",
    "nested loops over lists": lambda: (
        "".join(f"{' ' * i}for i{i} in [1, 2, 3, 4, 5, 6, 7, 8]:\n" for i in range(12)) + " " * 12 + "a = i0"
    ),
    "a list of 20,000 numbers": lambda: "data = [" + ", ".join(str(i) for i in range(20_000)) + "]",
    "a dict of 5,000 entries": lambda: "data = {" + ", ".join(f"'k{i}': {i}" for i in range(5000)) + "}\nx = data[k]",
    "150 brackets": lambda: "x = " + "(" * 150 + "1" + ")" * 150,
    "80 nested lists": lambda: "x = " + "[" * 80 + "1" + "]" * 80,
    "600 chained calls": lambda: "x = a" + ".b()" * 600,
    "600 chained attributes": lambda: "x = a" + ".b" * 600,
    "300 chained conditional expressions": lambda: (
        "x = " + " ".join(f"{i} if a == {i} else" for i in range(300)) + " -1"
    ),
    "300 and's": lambda: "if " + " and ".join(f"t{i}" for i in range(300)) + ":\n    a = 1\nelse:\n    a = 2",
    "60 nested lambdas": lambda: "f = " + "lambda x: " * 60 + "x",
    "500 nots": lambda: "x = " + "not " * 500 + "y",
    "500 minuses": lambda: "x = " + "- " * 500 + "1",
    "40 nested functions": lambda: "".join(f"{' ' * i}def f{i}():\n" for i in range(40)) + " " * 40 + "return 1",
    "200 layers": lambda: (
        "import keras\nx = keras.Input((4,))\n" + "x = keras.layers.Dense(4)(x)\n" * 200 + "m = keras.Model(x, x)"
    ),
    "3,000 layers added": lambda: "import keras\nm = keras.Sequential()\n" + "m.add(keras.layers.Dense(4))\n" * 3000,
    "doubling choices": lambda: (
        "import keras\nx = 'relu'\n"
        + "".join(f"x = x if t{i} else 'a{i}'\n" for i in range(200))
        + "keras.layers.Dense(1, activation=x)"
    ),
    "doubling tuples by multiplication": lambda: "x = (1, 2)\n" + "x = x * 60\n" * 20,
    "a power tower": lambda: "x = 9 ** 9 ** 9\ny = 10 ** 10000000\nz = 1 << 10 ** 9\n",
    "a huge string": lambda: "x = 'a' * 10 ** 12\ny = '%1000000000d' % 1\nz = 'ab' * 5 * 10 ** 9\n",
    "a huge factorial of constants": lambda: "x = 7\n" + "x = x * x\n" * 64,
    "a huge range": lambda: "for i in range(10 ** 15):\n    x = list(range(10 ** 12))\n",
    "constants that cannot be computed": lambda: (
        "a = 1 / 0\nb = 1 % 0\nc = 'x' + 1\nd = -'x'\ne = 1 // 0.0\nf = 2 ** -1e309\n"
    ),
    "odd keys": lambda: (
        "d = {1.5: 1, (1, 2): 2, None: 3, b'x': 4, float('nan'): 5}\nx = [d[1.5], d[None], d[(1, 2)]]\n"
        "for k in d:\n    y = d[k]\nfor k, v in d.items():\n    z = v\n"
    ),
}


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in BIG.items()])
def test_size_is_survived_and_the_rest_is_analysed(make: Callable[[], str]) -> None:
    """The fault stands before the big thing, so it is found even where the budget runs out."""
    started = time.perf_counter()
    found = on_a_big_stack(lambda: codes(FAULT + make() + "\n"))
    assert "BCE102" in found
    assert time.perf_counter() - started < ENOUGH_SECONDS


HITS = {
    "recursion": """
        import keras
        from keras import layers

        def stack(x, depth):
            if depth == 0:
                return x
            return stack(layers.Dense(8, activation="relu")(x), depth - 1)

        inputs = keras.Input((8,))
        model = keras.Model(inputs, layers.Dense(1)(stack(inputs, 5)))
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "endless recursion": """
        import keras

        def forever(x):
            return forever(x)

        forever(1)
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "mutual recursion": """
        import keras

        def even(n):
            return n == 0 or odd(n - 1)

        def odd(n):
            return n != 0 and even(n - 1)

        even(10)
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "a decorator of the file": """
        import functools

        import keras

        def logged(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                print(function.__name__)
                return function(*args, **kwargs)

            return wrapper

        @logged
        def build(activation):
            return keras.Sequential([keras.layers.Dense(1, activation=activation)])

        model = build("relu")
        model.compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "an unknown decorator": """
        import keras
        from tools import timed

        @timed
        def build():
            model = keras.Sequential([keras.layers.Dense(1)])
            model.compile(loss="binary_crossentropy")  # <- BCE102
            return model
    """,
    "a generator function": """
        import keras

        def models():
            for width in (8, 16):
                model = keras.Sequential([keras.layers.Dense(width), keras.layers.Dense(1)])
                model.compile(loss="binary_crossentropy")  # <- BCE102
                yield model

        for model in models():
            model.fit(x, y)
    """,
    "async": """
        import keras

        async def train():
            async with session() as s:
                model = keras.Sequential([keras.layers.Dense(1)])
                model.compile(loss="binary_crossentropy")  # <- BCE102
                await s.run(model.fit)
                async for batch in s:
                    model.train_on_batch(*batch)
    """,
    "star arguments": """
        import keras

        def build(units, *rest, activation=None, **options):
            return keras.Sequential([keras.layers.Dense(units, activation=activation, **options)])

        model = build(*[1], **{"activation": "tanh"})
        model.compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "a walrus in a comprehension": """
        import keras

        widths = [w for n in (1, 2) if (w := n * 8)]
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "class hierarchy": """
        import keras

        class A(keras.Model):
            head = "sigmoid"

            def __init__(self):
                super().__init__()
                self.out = keras.layers.Dense(1, activation=self.head)

            def call(self, x):
                return self.out(x)

        class B(A):
            head = "tanh"

        class C(B):
            pass

        model = C()
        model.compile(loss="binary_crossentropy")  # <- BCE103
    """,
    "try, finally and with": """
        import keras

        try:
            with open("log") as log:
                model = keras.Sequential([keras.layers.Dense(1)])
        except OSError:
            raise
        finally:
            print("done")
        model.compile(loss="binary_crossentropy")  # <- BCE102
    """,
    "global and nonlocal": """
        import keras

        model = None

        def setup():
            global model
            activation = "sigmoid"

            def change():
                nonlocal activation
                activation = "relu"

            change()
            model = keras.Sequential([keras.layers.Dense(1, activation=activation)])

        setup()
        model.compile(loss="binary_crossentropy")  # <- BCE103
    """,
}

NEAR_MISSES = {
    "a class of itself": """
        class A:
            pass

        A.parent = A
        A.child = A()
        A.child.child = A.child
        A().child.child.child.parent()
    """,
    "a class that inherits from itself": """
        class A(A):
            pass

        A().run()
    """,
    "two classes that inherit from each other": """
        class A:
            pass

        class B(A):
            pass

        class A(B):
            def run(self):
                return super().run()

        A().run()
    """,
    "a list in itself": """
        import keras

        layers = []
        layers.append(layers)
        layers += layers
        model = keras.Sequential(layers)
        model.compile(loss="binary_crossentropy")
    """,
    "a dict in itself": """
        import keras

        config = {}
        config["self"] = config
        model = keras.Sequential(config["self"]["self"])
        model.compile(**config)
        send(config)
    """,
    "a subclass that calls itself": """
        import keras

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.inner = self

            def call(self, x):
                return self.inner(self(x))

        net = Net()
        net.compile(loss="binary_crossentropy")
        net(x)
    """,
    "a loss that calls itself": """
        import keras

        def loss(y, p):
            return loss(y, p)

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile(loss=loss)
    """,
    "a partial of itself": """
        from functools import partial

        f = partial(print)
        f = partial(f, f)
        f()
    """,
    "a property that reads itself": """
        class A:
            @property
            def model(self):
                return self.model

        A().model.compile(loss="binary_crossentropy")
    """,
    "calls with too few, too many and wrong arguments": """
        import keras

        def build(units, activation):
            return keras.Sequential([keras.layers.Dense(units, activation)])

        build()
        build(1, 2, 3, 4)
        build(widths=3)
        keras.layers.Dense()
        keras.Model()
        keras.Sequential(1, 2)
        keras.layers.Dense(1)(1, 2, 3)
        keras.layers.Add()([])
        keras.layers.Concatenate()([])
        keras.losses.BinaryCrossentropy(1, 2, 3, 4, 5, 6, 7, 8, 9)()
        keras.losses.BinaryCrossentropy()(1)
        keras.losses.binary_crossentropy()
        keras.activations.sigmoid()
        keras.Model(inputs=None, outputs=[]).compile()
    """,
    "things of the wrong kind": """
        import keras

        keras.Sequential(3).compile(loss=7)
        keras.Sequential([None, "x", 1.5]).compile(loss="binary_crossentropy")
        keras.Sequential({"a": 1}).compile(loss=["binary_crossentropy"] * 3)
        keras.layers.Dense("many", activation=12)(None)
        keras.layers.Reshape("x")(keras.Input(()))
        keras.layers.Reshape((-1, -1))(keras.Input((4,)))
        keras.layers.Flatten()(keras.Input(None))
        keras.losses.BinaryCrossentropy(from_logits="yes")
        keras.Model(1, 2).compile(loss={}, metrics={})
        keras.Input(shape=5)[0, ..., None, ::0]
        keras.Sequential([keras.layers.Dense(1)])[0].pop().add().fit()
    """,
    "unpacking that cannot be": """
        import keras

        a, b = 1
        (c, *d), e = keras.Input((3,))
        *f, g = [1]
        [h, [i, [j]]] = unknown
        k, l = keras.Sequential()
        for m, n in 5:
            pass
    """,
    "statements without effect": """
        ...
        pass
        "docstring"
        1 < 2 < 3
        None
        lambda: (yield)
        assert False, "never"
        x: int
        del x
        del undefined, undefined.attr, undefined[0]
    """,
    "an iterator class": """
        class Batches:
            def __iter__(self):
                return self

            def __next__(self):
                raise StopIteration

            def __getitem__(self, i):
                return self[i]

        for x, y in Batches():
            Batches()[0][1]
    """,
    "type parameters, decorated classes and metaclasses": """
        class Meta(type):
            def __call__(cls, *args):
                return super().__call__(*args)

        @decorator
        class A(metaclass=Meta):
            __slots__ = ("x",)

            def __new__(cls):
                return cls

        A().x.y
    """,
    "only comments": """
        # keras.losses.BinaryCrossentropy(from_logits=True)
    """,
}


@pytest.mark.parametrize("code", cases(HITS))
def test_faults_are_found(code: str) -> None:
    check_hit(code)


@pytest.mark.parametrize("code", cases(NEAR_MISSES))
def test_left_alone(code: str) -> None:
    check_near_miss(code)


WORK = {
    "functions that call each other twice": "".join(
        f"def f{i}(x):\n    return f{i + 1}(x) + f{i + 1}(x)\n" for i in range(40)
    )
    + "f0(1)\n",
    "a huge generated file": "def f(a):\n    return a + a + a + a + a + a\n"
    + "".join(f"x{i} = [f(a{i}) for a{i} in (1, 2, 3, 4, 5, 6, 7, 8)]\n" for i in range(2000)),
}


@pytest.mark.parametrize("work", cases(WORK))
def test_the_budget_bounds_the_work(work: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found before the steps ran out is kept, and what comes behind is not analysed."""
    monkeypatch.setattr("bcelint.inference.interpreter.MAX_STEPS", 20_000)
    behind = FAULT.replace("Dense(1)", 'Dense(1, activation="tanh")')
    started = time.perf_counter()
    assert on_a_big_stack(lambda: codes(FAULT + work + behind)) == ["BCE102"]
    assert time.perf_counter() - started < ENOUGH_SECONDS


# --- random programs --------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "x", "model", "loss", "head", "n", "flag"])
ATOMS = st.one_of(
    NAMES,
    st.sampled_from(
        [
            "1",
            "2",
            "None",
            "True",
            "False",
            "0.5",
            '"sigmoid"',
            '"softmax"',
            '"binary_crossentropy"',
            "keras",
            "layers.Dense(1)",
            'layers.Dense(3, activation="sigmoid")',
            'layers.Activation("softmax")',
            "layers.Flatten()",
            "layers.Dropout(0.5)",
            "keras.Input((4,))",
            "keras.Sequential()",
            "keras.losses.BinaryCrossentropy(from_logits=True)",
            "keras.losses.CategoricalCrossentropy",
            "keras.activations.sigmoid",
            "keras.metrics.AUC()",
            "tf.nn.sigmoid",
            "Net()",
            "Net",
            "f",
            "unknown",
        ]
    ),
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    few = st.lists(inner, max_size=3)
    return st.one_of(
        st.builds("{}({})".format, inner, few.map(", ".join)),
        st.builds("f({}, activation={})".format, inner, inner),
        st.builds("f(*{}, **{})".format, NAMES, NAMES),
        st.builds("layers.Dense({}, activation={})".format, inner, inner),
        st.builds("keras.Sequential([{}])".format, few.map(", ".join)),
        st.builds("keras.Model({}, {})".format, inner, inner),
        st.builds("keras.losses.binary_crossentropy({}, {}, from_logits={})".format, inner, inner, inner),
        st.builds("[{}]".format, few.map(", ".join)),
        st.builds("{{'k': {}, 'l': {}}}".format, inner, inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "@", "**", "%"]), inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["==", "<", ">=", "in", "is", "and", "or"]), inner),
        st.builds("(not {})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("{}[{}]".format, NAMES, inner),
        st.builds("{}[-1]".format, inner.map("({})".format)),
        st.builds("{}.{}".format, NAMES, st.sampled_from(["out", "layers", "output", "shape", "units", "k"])),
        st.builds("[{} for {} in {}]".format, inner, NAMES, inner),
        st.builds("(lambda x: {})".format, inner),
        st.builds("({} := {})".format, NAMES, inner),
        st.builds("f'{{{}}}'".format, NAMES),
    )


EXPRESSIONS = st.recursive(ATOMS, _larger, max_leaves=6)
SIMPLE = st.one_of(
    st.builds("{} = {}".format, NAMES, EXPRESSIONS),
    st.builds("{}, {} = {}".format, NAMES, NAMES, EXPRESSIONS),
    st.builds("{}, *{} = {}".format, NAMES, NAMES, EXPRESSIONS),
    st.builds("{} += {}".format, NAMES, EXPRESSIONS),
    st.builds("{}.out = {}".format, NAMES, EXPRESSIONS),
    st.builds("{}['k'] = {}".format, NAMES, EXPRESSIONS),
    st.builds("model.add({})".format, EXPRESSIONS.filter(lambda text: "model" not in text)),
    st.builds("{}.append({})".format, NAMES, EXPRESSIONS),
    st.builds("{}.pop()".format, NAMES),
    st.builds("{}.compile('adam', loss={}, metrics=[{}])".format, NAMES, EXPRESSIONS, EXPRESSIONS),
    st.builds("{}.compile(**{})".format, NAMES, EXPRESSIONS),
    st.builds("{}.fit({})".format, NAMES, EXPRESSIONS),
    st.builds("{}.layers[-1].activation = {}".format, NAMES, EXPRESSIONS),
    st.builds("del {}".format, NAMES),
    EXPRESSIONS,
)


def _block(statements: list[str]) -> str:
    return indent("\n".join(statements) or "pass", "    ")


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    blocks = st.lists(inner, min_size=1, max_size=3).map(_block)
    return st.one_of(
        st.builds("if {}:\n{}\nelse:\n{}".format, EXPRESSIONS, blocks, blocks),
        st.builds("if {} == 1:\n{}\nelif {} == 2:\n{}".format, NAMES, blocks, NAMES, blocks),
        st.builds("for {} in {}:\n{}".format, NAMES, EXPRESSIONS, blocks),
        st.builds("while {}:\n{}\n    break".format, EXPRESSIONS, blocks),
        st.builds("try:\n{}\nexcept Exception as {}:\n{}".format, blocks, NAMES, blocks),
        st.builds("with {} as {}:\n{}".format, EXPRESSIONS, NAMES, blocks),
        st.builds("def f({}, activation=None, *args, **loss):\n{}\n    return {}".format, NAMES, blocks, EXPRESSIONS),
        st.builds(
            "class Net(keras.Model):\n    def __init__(self):\n        self.out = {}\n"
            "    def call(self, x):\n        return self.out({})".format,
            EXPRESSIONS,
            EXPRESSIONS,
        ),
        st.builds("class Net({}):\n{}".format, EXPRESSIONS, blocks),
        st.builds(
            "match {}:\n    case 1:\n{}\n    case _:\n{}".format, NAMES, blocks.map(_deeper), blocks.map(_deeper)
        ),
    )


def _deeper(block: str) -> str:
    return indent(block, "    ")


STATEMENTS = st.recursive(SIMPLE, _compound, max_leaves=8)
PROGRAMS = st.lists(STATEMENTS, min_size=1, max_size=12).map(
    lambda statements: "\n".join(
        ["import keras", "import tensorflow as tf", "from keras import layers", *statements, ""]
    )
)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(PROGRAMS)
@example("import keras\nx = keras.Input((4,))\nx = x @ x\nkeras.Model(x, x[-1])\n")
def test_random_programs_are_survived_and_answered_alike(program: str) -> None:
    first = _answer(program)
    assert _answer(program) == first


def _answer(program: str) -> tuple[object, object]:
    """What the analysis says, in words that two runs have in common."""
    made = read("train.py", program.encode())
    return infer(made), analyse(made)
