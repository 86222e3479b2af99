"""Whether a program that was cut out of a user's code may be run without asking: it computes, and does nothing else.

This keeps ordinary scripts from doing what they do at home (reading data, saving models) while a loss is looked at. It
is no fence against malice, which finds ways around a reader: the process in which the program runs is contained.
"""

from __future__ import annotations

import ast
import re
import symtable
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KERAS = _words("keras keras_core tensorflow tensorflow_addons tensorflow_probability tf_keras")
_NUMERIC = _words("einops jax numpy scipy torch")
_PLAIN = _words(
    "__future__ abc cmath collections contextlib copy dataclasses datetime decimal enum fractions functools itertools"
    " json math numbers operator random re statistics string time typing typing_extensions warnings"
)
_STARS = _KERAS | {"math", "numpy"}

# Packages that also do other things, and what of them only computes.
_LOSSES = _words(
    "activations api_export backend base bounding_box framework losses metrics objectives set_framework src"
)
_PARTS = {
    **dict.fromkeys(_words("keras_contrib keras_cv keras_hub keras_nlp segmentation_models"), _LOSSES),
    "logging": _words("getLogger debug info warning error exception DEBUG INFO WARNING ERROR"),
    "six": _words("moves string_types integer_types with_metaclass add_metaclass"),
    "sklearn": _words("metrics"),
    "sys": _words("float_info maxsize version_info"),
}
# What they and Keras are made of turns up in losses too.
_PARTS_OF_SRC = _LOSSES | _words("constraints initializers layers ops random regularizers utils")
_PARTS_OF_TENSORFLOW_PYTHON = _words("framework keras ops util")

# Parts of packages that read and write files, talk to others, or run native code. A name below a package counts
# wherever it stands: `tf.io`, `tf.compat.v1.io`.
_KERAS_REACHES = _words(
    "applications callbacks data datasets distribute distribution estimator export io lib lite platform preprocessing"
    " profiler python_io resource_loader summary sysconfig test tools tpu train user_ops"
)
_REACHES = {
    **dict.fromkeys(_KERAS, _KERAS_REACHES),
    "jax": _words("_src distributed extend export ffi lib load profiler save tools"),
    "numpy": _words("DataSource ctypeslib distutils f2py fromregex lib load testing"),
    "scipy": _words("LowLevelCallable datasets io misc"),
    "torch": _words(
        "_C _dynamo _inductor classes distributed export hub load monitor multiprocessing onnx package profiler"
        " serialization storage utils"
    ),
}
_NATIVE = re.compile(r"gen_\w+|(io|script|summary|data_flow)_ops\w*")
_HARMLESS = re.compile(
    r"numpy\.lib\.stride_tricks\b|tensorflow\.(compat\.v1\.)?train\.(\w+Optimizer$|\w+_decay$|get_\w*global_step$)"
)

# These are looked for below anything, known or not.
_MODULES = _words(
    "asyncio builtins codecs ctypes file_utils glob importlib inspect io_utils linecache marshal multiprocessing os"
    " pathlib pickle pkgutil requests runpy shelve shutil socket subprocess sys tempfile urllib zipfile"
)
_FILES = _words(
    "gfile read_file write_file matching_files load_model save_model load_weights save_weights get_file plot_model"
    " save savez savez_compressed savetxt loadtxt genfromtxt fromfile from_file tofile memmap load_npz save_npz"
    " load_img save_img image_dataset_from_directory to_csv read_csv to_pickle saved_model enable_dump_debug_info"
)
_NETWORK = _words(
    "from_preset from_pretrained load_state_dict_from_url experimental_connect_to_cluster experimental_connect_to_host"
)
_CODE = _words(
    "raw_ops load_op_library load_library load_file_system_library create_op import_graph_def func_load exec_"
)
_WAYS_AROUND = _words(
    "attrgetter methodcaller get_type_hints gi_frame cr_frame ag_frame tb_frame f_back f_builtins f_globals f_locals"
    " func_globals"
)
_ACTIONS = _FILES | _NETWORK | _CODE | _WAYS_AROUND
_BUILTINS = _words("breakpoint compile eval exec globals input open vars")

_DUNDER = re.compile(r"__(\w+)__")
_PLAIN_DUNDERS = _words(
    "class debug doc file init module name new post_init qualname version"
    " abs add and bool call contains divmod enter eq exit float floordiv ge getitem gt hash int invert iter le len lt"
    " matmul mod mul ne neg next or pos pow radd repr rmul rsub rtruediv setattr setitem str sub truediv xor"
)

# Names that star imports of Keras's modules may bring.
_USUAL = {"K": "keras.backend", "keras": "keras", "np": "numpy", "tf": "tensorflow"}

# Assignments that feed each other could make more and more of one name.
_MOST_MEANINGS = 20
_LONGEST_PATH = 200


def objections(program: ast.Module | str, *, trust: bool = False) -> tuple[str, ...]:
    """Why a program may not run, in the order of its lines (``imports `os```, ``uses `open```); empty if it may."""
    if trust:
        return ()
    try:
        source = program if isinstance(program, str) else ast.unparse(program)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            free = frozenset(_free_names(symtable.symtable(source, "<program>", "exec")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ("cannot be read",)
    return _Reading(tree, free).objections()


@dataclass
class _Reading:
    """One program, its names that it does not bind itself, and what names may stand for (dotted, from the package)."""

    tree: ast.Module
    free: frozenset[str]
    found: dict[str, tuple[int, int]] = field(default_factory=dict)
    meanings: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    stars: list[str] = field(default_factory=list)

    def objections(self) -> tuple[str, ...]:
        for name in self.free & _USUAL.keys():
            self.meanings[name].add(_USUAL[name])
        nodes = list(ast.walk(self.tree))
        for node in nodes:
            if isinstance(node, ast.Import):
                self._import(node)
            elif isinstance(node, ast.ImportFrom):
                self._import_from(node)
        self._follow_assignments([node for node in nodes if isinstance(node, ast.Assign)])
        plain_getattrs = set()
        inner: set[ast.AST] = set()
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
                if len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
                    plain_getattrs.add(node.func)
                    self._attributes(node, node.args[0], [str(node.args[1].value)])
            elif isinstance(node, ast.Attribute) and node not in inner:
                base, names = _chain(node, inner)
                self._attributes(node, base, names)
            elif isinstance(node, ast.Name) and node not in plain_getattrs:
                self._name(node, alone=node not in inner)
        return tuple(sorted(self.found, key=lambda text: self.found[text]))

    def _object(self, node: ast.stmt | ast.expr, text: str) -> None:
        place = (node.lineno, node.col_offset)
        self.found[text] = min(place, self.found.get(text, place))

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._imported(node, alias.name)
            self.meanings[alias.asname or _root(alias.name)].add(alias.name if alias.asname else _root(alias.name))

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if node.level:
                self._object(node, f"imports `{module}`")
            elif alias.name != "*":
                self._imported(node, f"{module}.{alias.name}")
                self.meanings[alias.asname or alias.name].add(f"{module}.{alias.name}")
            elif self._imported(node, module):
                self.stars.append(module)
                if _root(module) not in _STARS:
                    self._object(node, f"imports everything of `{module}`")

    def _imported(self, node: ast.stmt, path: str) -> bool:
        names = path.split(".")
        fault = _fault(names)
        if fault is not None:
            self._object(node, f"imports `{'.'.join(names[: fault + 1])}`")
        return fault is None

    def _follow_assignments(self, assignments: list[ast.Assign]) -> None:
        """`t = tf`, `backend = tf.keras.backend`: the order does not matter, each may feed another."""
        for _ in range(3):
            for node in assignments:
                base, names = _chain(node.value, set())
                if isinstance(base, ast.Name) and base.id in self.meanings:
                    paths = {".".join([path, *names]) for path in self.meanings[base.id] if len(path) < _LONGEST_PATH}
                    for target in node.targets:
                        if isinstance(target, ast.Name) and len(self.meanings[target.id]) < _MOST_MEANINGS:
                            self.meanings[target.id] |= paths

    def _attributes(self, node: ast.expr, base: ast.expr, names: list[str]) -> None:
        known = sorted(self.meanings.get(base.id, ())) if isinstance(base, ast.Name) else []
        for path in known or [""]:
            before = path.split(".") if path else []
            if before and _fault(before) is not None:
                continue
            fault = _fault([*before, *names]) if before else _anywhere(names)
            if fault is not None:
                written = [base.id] if isinstance(base, ast.Name) else [""]
                self._object(node, f"uses `{'.'.join(written + names[: fault - len(before) + 1])}`")

    def _name(self, node: ast.Name, *, alone: bool) -> None:
        name = node.id
        if alone and isinstance(node.ctx, ast.Load) and any(path in _PARTS for path in self.meanings.get(name, ())):
            self._object(node, f"uses `{name}`")
        if name not in self.free:
            return
        if (
            name in _BUILTINS
            or name in _MODULES
            or _is_secret(name)
            or any(_fault([*module.split("."), name]) is not None for module in self.stars)
        ):
            self._object(node, f"uses `{name}`")
        elif name == "getattr":
            self._object(node, "uses `getattr` with a computed name")


def _fault(names: list[str]) -> int | None:
    """Which name in a dotted path, from its package on, is the first that does more than compute."""
    root = names[0]
    if root not in _KERAS | _NUMERIC | _PLAIN | _PARTS.keys():
        return 0
    faults = [index for index in (_outside_parts(names), _anywhere(names[1:], 1)) if index is not None]
    if not _HARMLESS.match(".".join(names)):
        reaches = _REACHES.get(root, frozenset())
        faults += [
            index
            for index, name in enumerate(names[1:], 1)
            if name in reaches or (root == "tensorflow" and _NATIVE.fullmatch(name))
        ]
    return min(faults, default=None)


def _outside_parts(names: list[str]) -> int | None:
    """Of packages of which parts are allowed: the name that is no such part."""
    allowed = _PARTS.get(names[0])
    for index, name in enumerate(names[1:], 1):
        before = names[index - 1]
        if before == "src":
            allowed = _PARTS_OF_SRC
        elif before == "python" and names[:2] == ["tensorflow", "python"]:
            allowed = _PARTS_OF_TENSORFLOW_PYTHON
        elif index > 1:
            return None
        if allowed is not None and name not in allowed:
            return index
    return None


def _anywhere(names: list[str], first: int = 0) -> int | None:
    for index, name in enumerate(names, first):
        if name in _ACTIONS or name.lstrip("_") in _MODULES:
            return index
        if _is_secret(name):
            return index
    return None


def _is_secret(name: str) -> bool:
    special = _DUNDER.fullmatch(name)
    return special is not None and special[1] not in _PLAIN_DUNDERS


def _chain(node: ast.expr, inner: set[ast.AST]) -> tuple[ast.expr, list[str]]:
    """What `a.b.c` starts from, and the names behind it; the nodes below the outermost are added to ``inner``."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
        inner.add(node)
    return node, names[::-1]


def _root(path: str) -> str:
    return path.split(".")[0]


def _free_names(top: symtable.SymbolTable) -> Iterator[str]:
    """Names that the program uses and does not bind: builtins, and what star imports bring."""
    bound = {symbol.get_name() for symbol in top.get_symbols() if _binds(symbol)}
    tables: list[symtable.SymbolTable] = [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            is_global = symbol.is_global() or (table is top and not _binds(symbol))
            if symbol.is_referenced() and is_global and symbol.get_name() not in bound:
                yield symbol.get_name()


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
