"""The abstract interpreter: Python's statements and expressions over abstract values.

It runs a module top to bottom. What it cannot follow becomes unknown; branches that cannot be decided are both run and
their results kept as alternatives under guards; calls of the file's own functions are followed with the actual
arguments; functions that nobody calls are run once with unknown ones. What Keras means is in ``keras_api``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bcelint.inference import builtin_calls
from bcelint.inference.guards import ALWAYS, FALL_THROUGH, Guard, Key, Literal, Test, conjoin
from bcelint.inference.keras_api import KerasApi, is_known_api
from bcelint.inference.modules import Modules
from bcelint.inference.recorder import BudgetExceeded
from bcelint.inference.values import (
    NONE,
    Api,
    Argument,
    Arguments,
    Bound,
    Choice,
    Class,
    Const,
    DictValue,
    Function,
    Instance,
    ListValue,
    Model,
    ModuleScope,
    Partial,
    Repeated,
    Scope,
    Sequence,
    Store,
    Tensor,
    Unknown,
    Value,
    choice,
    each,
    options,
    unknown_tensor,
)
from bcelint.knowledge.names import canonical

if TYPE_CHECKING:
    from bcelint.inference.recorder import Recorder
    from bcelint.project import Project

# How far calls are followed, how long a known sequence may be to be run item by item, and how many evaluation steps a
# file may take. Real training code needs a fraction of each.
MAX_DEPTH = 24
MAX_UNROLL = 12
MAX_STEPS = 400_000
_STEPS_TO_SETTLE = 20_000

_FALLS_THROUGH = ""

Journal = dict[tuple[int, str], tuple[Store, str, "Value | None"]]


class Frame:
    """A running call: what it returned so far, each value with the path that led there."""

    __slots__ = ("function", "path", "returns")

    def __init__(self, function: Function | None, path: Guard) -> None:
        self.function = function
        self.path = path
        self.returns: list[tuple[Guard, Value]] = []


class Interpreter:
    """Runs one module, and what it needs of those that it imports.

    ``recorder`` collects the facts; ``complete`` is false where parts of the file did not parse, and
    ``is_script`` where it only defines things.
    """

    def __init__(
        self,
        recorder: Recorder,
        project: Project | None = None,
        *,
        looks_like_keras: bool = True,
        complete: bool = True,
        is_script: bool = True,
    ) -> None:
        self.recorder = recorder
        self.complete = complete
        self.keras = KerasApi(self)
        self.modules = Modules(self, project, is_script=is_script)
        # The file that is checked; its functions are run even if nobody calls them.
        self.main = ModuleScope(path=project.path if project else "", implicit_names=looks_like_keras, is_main=True)
        self.scope: Scope = self.main
        self.frames: list[Frame] = [Frame(None, ALWAYS)]
        self.path: Guard = ALWAYS
        self.steps = 0
        self.functions: list[Function] = []
        self.classes: list[Class] = []
        # For messages: the expression of a test, and whether it is true when the test is false.
        self.test_nodes: dict[Test, tuple[ast.AST, bool]] = {}
        # The default arguments of the function that is run although nobody calls it.
        self.assumed_nodes: set[int] = set()
        self._elifs: set[ast.If] = set()
        # How many loops of unknown length the current statement is in.
        self.open_loops = 0
        self._journals: list[Journal] = []

    # --- running ------------------------------------------------------------------------------------------------------

    def run(self, tree: ast.Module) -> None:
        """Run the module, then everything in it that nobody called, then settle what was compiled."""
        self.main.tree = tree
        try:
            self.block(tree.body)
            self._run_the_uncalled()
        except BudgetExceeded:
            self.recorder.exhausted = True
            self.path = ALWAYS
        self.steps = min(self.steps, MAX_STEPS - _STEPS_TO_SETTLE)
        self.keras.loss_code.settle()
        self.keras.pairing.settle()

    @property
    def module(self) -> ModuleScope:
        """The module whose code is running."""
        scope = self.scope
        while scope.parent is not None:
            scope = scope.parent
        assert isinstance(scope, ModuleScope)
        return scope

    def run_module(self, module: ModuleScope) -> None:
        """Run another module of the project, where the code that is running needs it.

        Nothing of where that is matters to it: what it binds stays, whichever branch has imported it.
        """
        outer = self.scope, self.path, self.frames, self.open_loops, self.assumed_nodes, self._journals
        self.scope, self.path, self.frames = module, ALWAYS, [Frame(None, ALWAYS)]
        self.open_loops, self.assumed_nodes, self._journals = 0, set(), []
        try:
            self.block(module.tree.body if module.tree is not None else [])
        finally:
            self.scope, self.path, self.frames, self.open_loops, self.assumed_nodes, self._journals = outer

    def _run_the_uncalled(self) -> None:
        """Functions, classes and methods that nothing in the file calls: each once, with unknown arguments."""
        done: set[int] = set()
        for _ in range(3):
            pending = [f for f in self.functions if not f.called and id(f) not in done]
            classes = [c for c in self.classes if id(c) not in done]
            if not pending and not classes:
                return
            for cls in classes:
                done.add(id(cls))
                self._run_class(cls)
            for function in pending:
                done.add(id(function))
                if function.called or function.owner is not None or isinstance(function.node, ast.Lambda):
                    continue
                result = self.call_with_unknowns(function, [])
                self.keras.models.escape(result)

    def _run_class(self, cls: Class) -> None:
        """The methods that were not called, on the objects that exist or on one made with unknown arguments."""
        instances = cls.instances[:2] or [self._instance_of_unknowns(cls)]
        for instance in instances:
            missing = True
            for attempt in range(2):
                if not missing:
                    break
                before = self.keras.missing_attributes
                for name, member in list(cls.store.items()):
                    if not isinstance(member, Function) or self._is_running(member):
                        continue
                    if not member.called or (attempt and name != "__init__"):
                        self._run_method(instance, name, member)
                missing = self.keras.missing_attributes > before

    def _instance_of_unknowns(self, cls: Class) -> Instance:
        instance = Instance(cls, cls.node)
        cls.instances.append(instance)
        init = cls.lookup("__init__")
        if isinstance(init, Function):
            self.call_with_unknowns(init, [instance])
        return instance

    def _run_method(self, instance: Instance, name: str, member: Function) -> None:
        if member.kind == "static":
            result = self.call_with_unknowns(member, [])
        else:
            owner = instance.cls if member.kind == "class" else instance
            result = self.call_with_unknowns(member, [owner], self.keras.models.given_to(instance, name))
        self.keras.models.escape(result)

    def call_with_unknowns(
        self, function: Function, leading: list[Value], given: Mapping[str, Value] | None = None
    ) -> Value:
        """Call with unknown values for the parameters that have no default and are not ``given``."""
        node = function.node
        parameters = [*node.args.posonlyargs, *node.args.args]
        arguments: list[Argument] = [Argument(value) for value in leading]
        keywords: dict[str, Argument] = {}
        for parameter in parameters[len(leading) :]:
            if given and parameter.arg in given:
                keywords[parameter.arg] = Argument(given[parameter.arg])
            elif parameter.arg not in function.defaults:
                keywords[parameter.arg] = Argument(self.keras.unknown_parameter(function, parameter.arg))
        outer = self.assumed_nodes
        self.assumed_nodes = outer | {
            id(default) for default in (*node.args.defaults, *node.args.kw_defaults) if default
        }
        try:
            return self.call_function(function, Arguments(tuple(arguments), keywords), node, assumed=True)
        finally:
            self.assumed_nodes = outer

    def _is_running(self, function: Function) -> bool:
        return any(frame.function is function for frame in self.frames)

    def tick(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise BudgetExceeded

    # --- stores and branches ------------------------------------------------------------------------------------------

    def write(self, store: Store, name: str, value: Value) -> None:
        """Set an entry of a store, so that it can be undone."""
        if self._journals:
            self._journals[-1].setdefault((id(store), name), (store, name, store.get(name)))
        store[name] = value

    def remove(self, store: Store, name: str) -> None:
        if name in store:
            if self._journals:
                self._journals[-1].setdefault((id(store), name), (store, name, store.get(name)))
            del store[name]

    def _attempt(self, action: Callable[[], str]) -> tuple[str, Journal, dict[tuple[int, str], Value | None]]:
        """Run something, then undo its writes. Returns how it ended, what it overwrote and what it wrote."""
        journal: Journal = {}
        self._journals.append(journal)
        try:
            end = action()
        finally:
            self._journals.pop()
        after = {key: store.get(name) for key, (store, name, _) in journal.items()}
        for store, name, old in journal.values():
            if old is None:
                store.pop(name, None)
            else:
                store[name] = old
        return end, journal, after

    def _apply(self, journal: Journal, after: dict[tuple[int, str], Value | None]) -> None:
        for key, (store, name, _) in journal.items():
            value = after[key]
            if value is None:
                self.remove(store, name)
            else:
                self.write(store, name, value)

    def _merge(
        self,
        first: tuple[Guard, Journal, dict[tuple[int, str], Value | None]],
        second: tuple[Guard, Journal, dict[tuple[int, str], Value | None]],
    ) -> None:
        """Keep what both arms of a branch wrote, as alternatives."""
        (guard_a, journal_a, after_a), (guard_b, journal_b, after_b) = first, second
        for key in dict.fromkeys([*journal_a, *journal_b]):
            store, name, old = journal_a.get(key) or journal_b[key]
            a = after_a.get(key, old) if key in journal_a else old
            b = after_b.get(key, old) if key in journal_b else old
            if a is None or b is None:
                kept = a if a is not None else b
                if kept is None:
                    self.remove(store, name)
                else:
                    self.write(store, name, kept)
            elif a is b:
                self.write(store, name, a)
            else:
                self.write(store, name, choice([(guard_a, a), (guard_b, b)]))

    def branch(self, true: Guard | None, false: Guard | None, then: Callable[[], str], other: Callable[[], str]) -> str:
        """Run both arms under their guards and merge; ``None``: the arm cannot be reached."""
        base = self.path
        path_a = None if true is None else conjoin(base, true)
        path_b = None if false is None else conjoin(base, false)
        if path_a is None and path_b is None:
            return _FALLS_THROUGH
        if path_b is None or path_a is None:
            self.path = path_a if path_a is not None else path_b or ALWAYS
            end = then() if path_a is not None else other()
            if not end:
                self.path = base
            return end
        self.path = path_a
        end_a, journal_a, after_a = self._attempt(then)
        path_a, self.path = self.path, path_b
        end_b, journal_b, after_b = self._attempt(other)
        path_b, self.path = self.path, base
        if end_a and end_b:
            return end_a if end_a == end_b else "stopped"
        if end_a:
            self._apply(journal_b, after_b)
            self.path = path_b
        elif end_b:
            self._apply(journal_a, after_a)
            self.path = path_a
        else:
            self._merge((path_a - base, journal_a, after_a), (path_b - base, journal_b, after_b))
        return _FALLS_THROUGH

    def feasible(self, value: Value) -> Value:
        """The value without the alternatives that the current path rules out."""
        if not isinstance(value, Choice):
            return value
        if not self.path:
            return value
        kept = [(guard, option) for guard, option in value.options if conjoin(self.path, guard) is not None]
        if len(kept) == len(value.options):
            return value
        return choice(kept) if len(kept) != 1 else kept[0][1]

    # --- tests --------------------------------------------------------------------------------------------------------

    def test(self, node: ast.expr) -> tuple[Guard | None, Guard | None]:
        """The guards under which a test is true and false; ``None``: cannot be."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            true, false = self.test(node.operand)
            return false, true
        if isinstance(node, ast.BoolOp):
            return self._bool_test(node)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._comparison(node)
        return self.truth(self.eval(node), node)

    def _bool_test(self, node: ast.BoolOp) -> tuple[Guard | None, Guard | None]:
        is_and = isinstance(node.op, ast.And)
        together: Guard | None = ALWAYS  # all true (and), or all false (or)
        decided: Guard | None = None
        open_tests = 0
        for operand in node.values:
            true, false = self.test(operand)
            go_on, stop = (true, false) if is_and else (false, true)
            if go_on is None:
                return (None, ALWAYS) if is_and else (ALWAYS, None)
            if stop is not None:
                open_tests += 1
                decided = stop
            together = conjoin(together, go_on) if together is not None else None
        if open_tests == 0:
            return (ALWAYS, None) if is_and else (None, ALWAYS)
        if open_tests > 1:
            # The whole test is a literal of its own, so that the same words later are the same test.
            held, failed = self._opaque(("bool", ast.dump(node), self._names_key(node)), node)
            decided = failed if is_and else held
            together = conjoin(together, held if is_and else failed) if together is not None else None
        return (together, decided) if is_and else (decided, together)

    def _names_key(self, node: ast.AST) -> Key:
        return tuple(
            self.load(n.id).key for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        )

    def _opaque(self, subject: Key, node: ast.AST) -> tuple[Guard, Guard]:
        return self._literals(Test(subject, "truth"), node)

    def _literals(self, test: Test, node: ast.AST, *, negated: bool = False) -> tuple[Guard, Guard]:
        self.test_nodes.setdefault(test, (node, negated))
        return frozenset({Literal(test, True)}), frozenset({Literal(test, False)})

    def truth(self, value: Value, node: ast.AST) -> tuple[Guard | None, Guard | None]:
        """The guards under which a value is true and false."""
        value = self.feasible(value)
        if isinstance(value, Choice):
            return self._split(value, lambda option: self.truth(option, node), node)
        known = builtin_calls.known_truth(value)
        if known is not None:
            return (ALWAYS, None) if known else (None, ALWAYS)
        if isinstance(value, Unknown) and isinstance(value.symbol, tuple) and value.symbol[0] == "outcome":
            literal = value.symbol[1]
            if isinstance(literal, Literal):
                return frozenset({literal}), frozenset({Literal(literal.test, not literal.outcome)})
        return self._literals(Test(value.key, "truth"), node)

    def _split(
        self, value: Choice, decide: Callable[[Value], tuple[Guard | None, Guard | None]], node: ast.AST
    ) -> tuple[Guard | None, Guard | None]:
        """A test on alternatives: its outcome tells them apart."""
        true: list[Guard] = []
        false: list[Guard] = []
        for guard, option in value.options:
            yes, no = decide(option)
            for side, outcome in ((true, yes), (false, no)):
                both = None if outcome is None else conjoin(guard, outcome)
                if both is not None:
                    side.append(both)
        if not true or not false:
            return (ALWAYS if true else None), (ALWAYS if false else None)
        opaque = self._opaque(("choice", value.key, ast.dump(node)), node)
        return (
            true[0] if len(true) == 1 else frozenset.intersection(*true) | opaque[0],
            false[0] if len(false) == 1 else frozenset.intersection(*false) | opaque[1],
        )

    def _comparison(self, node: ast.Compare) -> tuple[Guard | None, Guard | None]:
        left, right = self.feasible(self.eval(node.left)), self.feasible(self.eval(node.comparators[0]))
        return self._compared(left, right, node)

    def _compared(self, left: Value, right: Value, node: ast.Compare) -> tuple[Guard | None, Guard | None]:
        operator = type(node.ops[0]).__name__

        def decide(a: Value, b: Value) -> tuple[Guard | None, Guard | None]:
            if isinstance(a, Choice):
                return self._split(a, lambda option: decide(option, b), node)
            if isinstance(b, Choice):
                return self._split(b, lambda option: decide(a, option), node)
            return self._compare(operator, a, b, node)

        return decide(left, right)

    def _compare(self, operator: str, a: Value, b: Value, node: ast.AST) -> tuple[Guard | None, Guard | None]:
        self.keras.layers.note_threshold(a, b)
        known = builtin_calls.known_comparison(operator, a, b)
        if known is not None:
            return (ALWAYS, None) if known else (None, ALWAYS)
        flipped = {"Lt": "Gt", "Gt": "Lt", "LtE": "GtE", "GtE": "LtE"}
        if isinstance(a, Const) and not isinstance(b, Const) and operator not in ("In", "NotIn"):
            a, b, operator = b, a, flipped.get(operator, operator)
        if isinstance(b, Const) and builtin_calls.is_plain(b.value):
            plans = {
                "Eq": ("==", False),
                "Is": ("==", False),
                "NotEq": ("==", True),
                "IsNot": ("==", True),
                "Lt": ("<", False),
                "GtE": ("<", True),
                "LtE": ("<=", False),
                "Gt": ("<=", True),
            }
            if operator in plans:
                name, negated = plans[operator]
                true, false = self._literals(Test(a.key, name, b.value), node, negated=negated)
                return (false, true) if negated else (true, false)
        if operator in ("In", "NotIn"):
            members = builtin_calls.constant_members(b)
            if members is not None:
                true, false = self._literals(Test(a.key, "in", members), node, negated=operator == "NotIn")
                return (true, false) if operator == "In" else (false, true)
        negative = {"NotEq": "Eq", "IsNot": "Is", "NotIn": "In", "GtE": "Lt", "LtE": "Gt"}
        base = negative.get(operator, operator)
        true, false = self._literals(Test((base, a.key, b.key), "truth"), node, negated=base != operator)
        return (false, true) if base != operator else (true, false)

    # --- statements ---------------------------------------------------------------------------------------------------

    def block(self, statements: list[ast.stmt]) -> str:
        """Run statements; returns how they ended: ``""`` at the last one, or ``return``, ``raise``, ``loop`` ..."""
        for statement in statements:
            self.tick()
            handler = _STATEMENTS.get(type(statement))
            end: str = handler(self, statement) if handler is not None else _FALLS_THROUGH
            if end:
                return end
        return _FALLS_THROUGH

    def _expression_statement(self, node: ast.Expr) -> str:
        value = node.value
        if not isinstance(value, ast.Constant):
            result = self.eval(value)
            if isinstance(value, ast.Call) and isinstance(result, Unknown) and result.why == "exits":
                return "raise"
        return _FALLS_THROUGH

    def _assign(self, node: ast.Assign) -> str:
        value = self.eval(node.value)
        if self.open_loops and isinstance(value, Const) and _counts(node):
            value = Unknown("a value that changes from turn to turn")
        for target in node.targets:
            self.bind(target, value)
        return _FALLS_THROUGH

    def _ann_assign(self, node: ast.AnnAssign) -> str:
        if node.value is not None:
            self.bind(node.target, self.eval(node.value))
        return _FALLS_THROUGH

    def _aug_assign(self, node: ast.AugAssign) -> str:
        current = self.eval(node.target)
        value = self.eval(node.value)
        operator = type(node.op).__name__
        if isinstance(current, ListValue) and operator == "Add":
            self.keras.extend(current, value)
            return _FALLS_THROUGH
        if isinstance(current, Api) and current.name == "sys.path":
            self.keras.extend_path(value)
            return _FALLS_THROUGH
        result = self.keras.binary(operator, current, value, node)
        if self.open_loops and isinstance(result, Const):
            result = Unknown("a value that changes from turn to turn")
        self.bind(node.target, result)
        return _FALLS_THROUGH

    def bind(self, target: ast.expr, value: Value) -> None:
        """Assign to a name, attribute, item or pattern of them."""
        if isinstance(target, ast.Name):
            self.assign_name(target.id, value)
        elif isinstance(target, ast.Attribute):
            owner = self.feasible(self.eval(target.value))
            for _, option in options(owner):
                self.keras.set_attribute(option, target.attr, value)
        elif isinstance(target, ast.Subscript):
            owner = self.feasible(self.eval(target.value))
            index = self.eval(target.slice)
            if isinstance(target.value, ast.Name) and _marks_classes(target, value):
                labelled = owner if isinstance(owner, Tensor) else unknown_tensor("labels")
                self.assign_name(target.value.id, replace(labelled, labels="one-hot"))
                return
            for _, option in options(owner):
                self.keras.set_item(option, index, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target.elts, value)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, value)

    def _unpack(self, targets: list[ast.expr], value: Value) -> None:
        if isinstance(value, Choice):
            columns: list[list[tuple[Guard, Value]]] = [[] for _ in targets]
            for guard, option in value.options:
                for column, part in zip(columns, self._parts(targets, option), strict=True):
                    column.append((guard, part))
            parts = [choice(column) for column in columns]
        else:
            parts = self._parts(targets, value)
        for target, part in zip(targets, parts, strict=True):
            self.bind(target, part)

    def _parts(self, targets: list[ast.expr], value: Value) -> list[Value]:
        items = self.keras.items_of(value)
        star = next((i for i, t in enumerate(targets) if isinstance(t, ast.Starred)), None)
        if items is not None:
            if star is None and len(items) == len(targets):
                return list(items)
            if star is not None and len(items) >= len(targets) - 1:
                tail = len(targets) - star - 1
                middle = ListValue(Sequence(tuple(items[star : len(items) - tail])))
                return [*items[:star], middle, *items[len(items) - tail :]]
        return [self.keras.element_of(value, i) for i in range(len(targets))]

    def assign_name(self, name: str, value: Value) -> None:
        scope = self.scope
        if name in scope.globals_declared:
            scope = self.module
        elif name in scope.nonlocals:
            scope = self._defining_scope(name, scope.parent) or scope
        self.write(scope.store, name, value)

    def _defining_scope(self, name: str, scope: Scope | None) -> Scope | None:
        while scope is not None:
            if name in scope.store:
                return scope
            scope = scope.parent
        return None

    def _if(self, node: ast.If) -> str:
        true, false = self.test(node.test)
        if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            self._elifs.add(node.orelse[0])
        elif node in self._elifs and not node.orelse and false is not None:
            # No arm of a chain of elifs was meant for this: nothing is said about it.
            false |= self._opaque((FALL_THROUGH, id(node)), node)[0]
        return self.branch(true, false, lambda: self.block(node.body), lambda: self.block(node.orelse))

    def _for(self, node: ast.For | ast.AsyncFor) -> str:
        iterable = self.feasible(self.eval(node.iter))
        items = self.keras.items_of(iterable)
        base = self.path
        if items is not None and len(items) <= MAX_UNROLL:
            for item in items:
                self.bind(node.target, item)
                end = self.block(node.body)
                self.path = base
                if end in ("return", "raise"):
                    return end
                if end == "break":
                    break
        else:
            self.bind(node.target, self.keras.element_of(iterable, None))
            end = self._open_loop(node.body)
            self.path = base
            if end in ("return", "raise") and not node.orelse:
                # The loop may have run no turn at all.
                return _FALLS_THROUGH
        self.block(node.orelse)
        return _FALLS_THROUGH

    def _while(self, node: ast.While) -> str:
        base = self.path
        true, _ = self.test(node.test)
        if true is None:
            return self.block(node.orelse)
        both = conjoin(base, true)
        if both is not None:
            self.path = both
            self._open_loop(node.body)
            self.path = base
        return _FALLS_THROUGH

    def _open_loop(self, body: list[ast.stmt]) -> str:
        """One turn of a loop whose number of turns is not known."""
        self.open_loops += 1
        try:
            return self.block(body)
        finally:
            self.open_loops -= 1

    def _with(self, node: ast.With | ast.AsyncWith) -> str:
        for item in node.items:
            value = self.eval(item.context_expr)
            if item.optional_vars is not None:
                entered = value if isinstance(value, (Instance, Model)) else Unknown("a context manager's value")
                self.bind(item.optional_vars, entered)
        return self.block(node.body)

    def _try(self, node: ast.Try) -> str:
        """The body as if nothing failed; handlers for what they bind or report on the way."""

        def body() -> str:
            return self.block(node.body) or self.block(node.orelse)

        base = self.path
        end, journal, after = self._attempt(body)
        path = self.path
        arms: list[tuple[str, Journal, dict[tuple[int, str], Value | None]]] = []
        for handler in node.handlers:
            self.path = base

            def handle(handler: ast.ExceptHandler = handler) -> str:
                if handler.name:
                    self.assign_name(handler.name, Unknown("an exception"))
                return self.block(handler.body)

            arms.append(self._attempt(handle))
        self.path = path
        if end:
            live = next((arm for arm in arms if not arm[0]), None)
            if live is not None:
                self.path = base
                self._apply(live[1], live[2])
                end = _FALLS_THROUGH
        else:
            for arm_end, arm_journal, arm_after in arms:
                if arm_end:
                    continue
                for key, (store, name, _) in arm_journal.items():
                    value = arm_after[key]
                    if key in journal:
                        self._keep_alternative(node, key, after, value)
                    elif value is not None and name not in store:
                        self.write(store, name, value)
            self._apply(journal, after)
        final = self.block(node.finalbody)
        return final or end

    def _keep_alternative(
        self, node: ast.AST, key: tuple[int, str], after: dict[tuple[int, str], Value | None], value: Value | None
    ) -> None:
        """A name that both the body and a handler bind: what is known wins, or both are kept."""
        current = after[key]
        if value is None or isinstance(value, (Unknown, Const)):
            return
        if current is None or isinstance(current, Unknown):
            after[key] = value
        elif not isinstance(current, Const):
            succeeded, failed = self._opaque(("try", id(node)), node)
            after[key] = choice([(succeeded, current), (failed, value)])

    def _function_def(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
        function = self.make_function(node)
        value: Value = function
        for decorator in reversed(node.decorator_list):
            value = self._decorated(decorator, value, function)
        self.assign_name(node.name, value)
        return _FALLS_THROUGH

    def _decorated(self, decorator: ast.expr, value: Value, function: Function) -> Value:
        if isinstance(decorator, ast.Name) and decorator.id in ("staticmethod", "classmethod", "property"):
            function.kind = {"staticmethod": "static", "classmethod": "class", "property": "property"}[decorator.id]
            return value
        if isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "getter", "deleter"):
            return self.scope.store.get(function.name, value)
        maker = self.eval(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if isinstance(maker, Api) and maker.name == "functools.wraps":
            return value
        made = self.eval(decorator)
        if isinstance(made, Api) and made.name in ("functools.cached_property",):
            function.kind = "property"
        function.decorated |= not isinstance(maker.function if isinstance(maker, Partial) else maker, Api)
        if isinstance(made, Function):
            wrapped = self.call(made, Arguments((Argument(value),)), decorator)
            return wrapped if isinstance(wrapped, (Function, Bound, Instance, Partial)) else value
        return value

    def make_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Function:
        """A function value; default arguments are evaluated where it is defined."""
        spec = node.args
        defaults: dict[str, Value] = {}
        positional = [*spec.posonlyargs, *spec.args]
        for parameter, default in zip(positional[len(positional) - len(spec.defaults) :], spec.defaults, strict=True):
            defaults[parameter.arg] = self.eval(default)
        for parameter, keyword_default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
            if keyword_default is not None:
                defaults[parameter.arg] = self.eval(keyword_default)
        scope = self.scope
        function = Function(node, scope, defaults, is_foreign=self.module is not self.main)
        if not function.is_foreign:
            self.functions.append(function)
        return function

    def _class_def(self, node: ast.ClassDef) -> str:
        bases = tuple(self.eval(base) for base in node.bases)
        cls = Class(node.name, bases, self.scope, node)
        namespace = Scope(self.scope)
        namespace.store = cls.store
        outer, self.scope = self.scope, namespace
        try:
            self.block(node.body)
        finally:
            self.scope = outer
        for member in cls.store.values():
            if isinstance(member, Function) and member.owner is None:
                member.owner = cls
                member.scope = outer
        if self.module is self.main:
            self.classes.append(cls)
        self.assign_name(node.name, cls)
        return _FALLS_THROUGH

    def _return(self, node: ast.Return) -> str:
        value = self.eval(node.value) if node.value is not None else NONE
        frame = self.frames[-1]
        frame.returns.append((self.path - frame.path, value))
        return "return"

    def _delete(self, node: ast.Delete) -> str:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.remove(self.scope.store, target.id)
        return _FALLS_THROUGH

    def _import(self, node: ast.Import) -> str:
        for alias in node.names:
            self.module.imports_tf_keras |= alias.name.startswith("tf_keras")
            name = alias.name if alias.asname else alias.name.partition(".")[0]
            own = self.modules.find(name)
            self.assign_name(alias.asname or name, own if own is not None else Api(canonical(name), node))
        return _FALLS_THROUGH

    def _import_from(self, node: ast.ImportFrom) -> str:
        package = node.module or ""
        self.module.imports_tf_keras |= package.startswith("tf_keras")
        own = self.modules.find(package, node.level)
        if node.level:
            package = "." * node.level + package
        for alias in node.names:
            if alias.name == "*":
                self.module.stars.append(own if own is not None else canonical(package))
                continue
            path = canonical(f"{package}.{alias.name}")
            is_own = own is not None and not is_known_api(path)
            value = self.modules.imported(own, alias.name) if own is not None and is_own else Api(path, node)
            self.assign_name(alias.asname or alias.name, value)
        return _FALLS_THROUGH

    def _global(self, node: ast.Global) -> str:
        self.scope.globals_declared.update(node.names)
        return _FALLS_THROUGH

    def _nonlocal(self, node: ast.Nonlocal) -> str:
        self.scope.nonlocals.update(node.names)
        return _FALLS_THROUGH

    def _raise(self, node: ast.Raise) -> str:
        return "raise"

    def _break(self, node: ast.Break) -> str:
        return "break"

    def _continue(self, node: ast.Continue) -> str:
        return "continue"

    def _assert(self, node: ast.Assert) -> str:
        self.eval(node.test)
        return _FALLS_THROUGH

    def _match(self, node: ast.Match) -> str:
        subject = self.eval(node.subject)
        return self._match_cases(subject, node.cases)

    def _match_cases(self, subject: Value, cases: list[ast.match_case]) -> str:
        if not cases:
            return _FALLS_THROUGH
        case, *rest = cases
        pattern = case.pattern
        if isinstance(pattern, ast.MatchAs) and pattern.pattern is None and case.guard is None:
            if pattern.name:
                self.assign_name(pattern.name, subject)
            return self.block(case.body)
        true: Guard | None
        false: Guard | None
        if isinstance(pattern, ast.MatchValue) and case.guard is None:
            constant = self.eval(pattern.value)
            true, false = self._compare("Eq", self.feasible(subject), constant, pattern)
        else:
            true, false = self._opaque(("match", id(case)), pattern)
        return self.branch(true, false, lambda: self.block(case.body), lambda: self._match_cases(subject, rest))

    # --- expressions --------------------------------------------------------------------------------------------------

    def eval(self, node: ast.expr) -> Value:
        self.tick()
        handler = _EXPRESSIONS.get(type(node))
        return handler(self, node) if handler is not None else Unknown(type(node).__name__)

    def _constant(self, node: ast.Constant) -> Value:
        if node.value is Ellipsis:
            return Unknown("...")
        return Const(node.value, node)

    def load(self, name: str) -> Value:
        """The value of a name, through the scopes, the builtins and Keras's names in a file that imports nothing."""
        scope: Scope | None = self.scope
        while scope is not None:
            value = scope.store.get(name)
            if value is not None:
                return self.feasible(self.modules.resolved(value))
            scope = scope.parent
        return self.keras.unbound_name(name)

    def _name(self, node: ast.Name) -> Value:
        value = self.load(node.id)
        if isinstance(value, Unknown) and self.path:
            return self._narrowed(value, node)
        return value

    def _narrowed(self, value: Unknown, node: ast.AST) -> Value:
        """What the path says an unknown value equals."""
        for literal in self.path:
            if literal.outcome and literal.test.operator == "==" and literal.test.subject == value.key:
                return Const(literal.test.operand, node)
        return value

    def _attribute(self, node: ast.Attribute) -> Value:
        owner = self.feasible(self.eval(node.value))
        value = each(owner, lambda option: self.keras.get_attribute(option, node.attr, node))
        value = self.feasible(value)
        if isinstance(value, Unknown) and self.path:
            return self._narrowed(value, node)
        return value

    def _subscript(self, node: ast.Subscript) -> Value:
        owner = self.feasible(self.eval(node.value))
        return self.feasible(each(owner, lambda option: self.keras.get_item(option, node.slice, node)))

    def _call(self, node: ast.Call) -> Value:
        function = self.feasible(self.eval(node.func))
        arguments = self.arguments(node)
        if isinstance(function, Choice):
            results: list[tuple[Guard, Value]] = []
            base = self.path
            for guard, option in function.options:
                path = conjoin(base, guard)
                if path is not None:
                    self.path = path
                    results.append((guard, self.call(option, arguments, node)))
            self.path = base
            return choice(results)
        return self.call(function, arguments, node)

    def arguments(self, node: ast.Call) -> Arguments:
        positional: list[Argument] = []
        keywords: dict[str, Argument] = {}
        open_positional = open_keywords = False
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                items = self.keras.items_of(self.eval(argument.value))
                if items is None:
                    open_positional = True
                else:
                    positional += [Argument(item, argument) for item in items]
            else:
                positional.append(Argument(self.eval(argument), argument))
        for keyword in node.keywords:
            value = self.eval(keyword.value)
            if keyword.arg is not None:
                keywords[keyword.arg] = Argument(value, keyword.value, keyword)
                continue
            value = self.feasible(value)
            if not isinstance(value, DictValue) or "*" in value.store:
                open_keywords = True
            if isinstance(value, DictValue):
                for name, item in value.store.items():
                    if name[:1] in "'\"":
                        keywords.setdefault(name[1:-1], Argument(item, getattr(item, "node", None) or keyword.value))
        return Arguments(tuple(positional), keywords, open_positional, open_keywords)

    def call(self, function: Value, arguments: Arguments, node: ast.AST) -> Value:
        """Call any value."""
        if isinstance(function, Function):
            return self.call_function(function, arguments, node)
        if isinstance(function, Bound):
            inner = function.function
            if isinstance(inner, Function):
                leading = (Argument(function.owner),)
                return self.call_function(
                    inner,
                    Arguments(
                        leading + arguments.positional,
                        arguments.keywords,
                        arguments.open_positional,
                        arguments.open_keywords,
                    ),
                    node,
                )
        return self.keras.call(function, arguments, node)

    def call_function(self, function: Function, arguments: Arguments, node: ast.AST, *, assumed: bool = False) -> Value:
        """Run the body of a function with the given arguments; ``assumed``: nobody calls it like that."""
        if function.is_foreign:
            if not self.modules.follows(function):
                return self.keras.call(Unknown("code of another file that is not followed"), arguments, node)
            with self.modules.entered():
                return self._run_function(function, arguments, node, assumed=assumed)
        return self._run_function(function, arguments, node, assumed=assumed)

    def _run_function(self, function: Function, arguments: Arguments, node: ast.AST, *, assumed: bool) -> Value:
        function.called = True
        if len(self.frames) > MAX_DEPTH or sum(frame.function is function for frame in self.frames) > 1:
            return Unknown("recursion")
        scope = Scope(function.scope, function.node)
        scope.function = function
        self._bind_parameters(function, arguments, scope)
        self.keras.loss_code.give_roles(function, scope)
        frame = Frame(function, self.path)
        outer_scope, outer_path = self.scope, self.path
        self.scope = scope
        self.frames.append(frame)
        try:
            body = function.node.body
            if isinstance(body, ast.expr):
                result = self.eval(body)
                self.keras.loss_code.returned(function, result, called=not assumed)
                return result
            end = self.block(body)
            if not end:
                frame.returns.append((self.path - frame.path, NONE))
        finally:
            self.frames.pop()
            self.scope = outer_scope
            self.path = outer_path
        if function.generator is None:
            function.generator = builtin_calls.is_generator(function.node)
        if function.generator:
            return Unknown("a generator")
        result = choice(frame.returns) if frame.returns else Unknown("never returns")
        self.keras.loss_code.returned(function, result, called=not assumed)
        return result

    def _bind_parameters(self, function: Function, arguments: Arguments, scope: Scope) -> None:
        spec = function.node.args
        names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
        store = scope.store
        for name, argument in zip(names, arguments.positional, strict=False):
            store[name] = argument.value
        extra = arguments.positional[len(names) :]
        if spec.vararg is not None:
            rest: Value = Sequence(tuple(argument.value for argument in extra))
            store[spec.vararg.arg] = Unknown("*args") if arguments.open_positional else rest
        keyword_names = {*names, *(parameter.arg for parameter in spec.kwonlyargs)}
        others = DictValue(None)
        for name, argument in arguments.keywords.items():
            if name in keyword_names:
                store[name] = argument.value
            else:
                others.store[repr(name)] = argument.value
        if spec.kwarg is not None:
            if arguments.open_keywords:
                others.store["*"] = Unknown("**kwargs")
            store[spec.kwarg.arg] = others
        for parameter in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs):
            name = parameter.arg
            if name in store:
                continue
            if name in function.defaults and arguments.complete:
                store[name] = function.defaults[name]
            else:
                store[name] = self.keras.unknown_parameter(function, name)

    def _lambda(self, node: ast.Lambda) -> Value:
        return self.make_function(node)

    def _tuple(self, node: ast.Tuple) -> Value:
        items = self._elements(node.elts)
        return Unknown("a tuple of unknown length") if items is None else Sequence(items, node)

    def _list(self, node: ast.List | ast.Set) -> Value:
        items = self._elements(node.elts)
        contents: Value = Unknown("a list of unknown length") if items is None else Sequence(items, node)
        return ListValue(contents, node, self.open_loops)

    def _elements(self, nodes: list[ast.expr]) -> tuple[Value, ...] | None:
        items: list[Value] = []
        for element in nodes:
            if isinstance(element, ast.Starred):
                more = self.keras.items_of(self.eval(element.value))
                if more is None:
                    return None
                items += more
            else:
                items.append(self.eval(element))
        return tuple(items)

    def _dict(self, node: ast.Dict) -> Value:
        result = DictValue(node)
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            value = self.eval(value_node)
            if key_node is None:
                if isinstance(value, DictValue):
                    result.store.update(value.store)
                else:
                    result.store["*"] = Unknown("**")
                continue
            key = self.eval(key_node)
            if isinstance(key, Const):
                result.store[repr(key.value)] = value
            else:
                result.store["*"] = value
        return result

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
        items = self._comprehended(node.generators, node.elt)
        return ListValue(items if isinstance(items, Repeated) else Sequence(tuple(items), node), node)

    def _comprehended(self, generators: list[ast.comprehension], element: ast.expr) -> list[Value] | Repeated:
        """The elements of a comprehension, one by one where it is over one known sequence without conditions."""
        outer, self.scope = self.scope, Scope(self.scope)
        try:
            generator = generators[0]
            items = self.keras.items_of(self.feasible(self.eval(generator.iter)))
            if items is not None and len(items) <= MAX_UNROLL and len(generators) == 1 and not generator.ifs:
                values = []
                for item in items:
                    self.bind(generator.target, item)
                    values.append(self.eval(element))
                return values
            for each_generator in generators:
                iterable = self.eval(each_generator.iter)
                self.bind(each_generator.target, self.keras.element_of(iterable, None))
            return Repeated(self.eval(element))
        finally:
            self.scope = outer

    def _dict_comprehension(self, node: ast.DictComp) -> Value:
        result = DictValue(node)
        pairs = self._comprehended(node.generators, ast.Tuple(elts=[node.key, node.value], ctx=ast.Load()))
        complete = not isinstance(pairs, Repeated)
        for pair in () if isinstance(pairs, Repeated) else pairs:
            if isinstance(pair, Sequence) and isinstance(pair.items[0], Const):
                result.store[repr(pair.items[0].value)] = pair.items[1]
            else:
                complete = False
        if not complete:
            result.store["*"] = Unknown("a comprehension")
        return result

    def _conditional(self, node: ast.IfExp) -> Value:
        true, false = self.test(node.test)
        base = self.path
        arms: list[tuple[Guard, Value]] = []
        for guard, expression in ((true, node.body), (false, node.orelse)):
            path = None if guard is None else conjoin(base, guard)
            if guard is not None and path is not None:
                self.path = path
                arms.append((guard, self.eval(expression)))
        self.path = base
        return choice(arms)

    def _bool_op(self, node: ast.BoolOp) -> Value:
        """``a or b`` as a value."""
        value = self.eval(node.values[0])
        for operand in node.values[1:]:
            true, false = self.truth(value, node)
            keep, go_on = (true, false) if isinstance(node.op, ast.Or) else (false, true)
            if go_on is None:
                return value
            following = self.eval(operand)
            value = following if keep is None else choice([(keep, value), (go_on, following)])
        return value

    def _unary(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not):
            true, false = self.test(node.operand)
            if true is None or false is None:
                return Const(false is not None, node)
            return Unknown("not", ("outcome", next(iter(false)) if len(false) == 1 else false))
        value = self.eval(node.operand)
        return each(value, lambda option: self.keras.unary(type(node.op).__name__, option, node))

    def _binary(self, node: ast.BinOp) -> Value:
        left, right = self.eval(node.left), self.eval(node.right)
        return self.keras.binary(type(node.op).__name__, left, right, node)

    def _compare_value(self, node: ast.Compare) -> Value:
        if len(node.ops) != 1:
            self.eval(node.left)
            for comparator in node.comparators:
                self.eval(comparator)
            return Unknown("a comparison")
        left, right = self.feasible(self.eval(node.left)), self.feasible(self.eval(node.comparators[0]))
        true, false = self._compared(left, right, node)
        if true is None or false is None:
            return Const(true is not None, node)
        if isinstance(left, Tensor) or isinstance(right, Tensor):
            return self.keras.arithmetic.comparison(type(node.ops[0]).__name__, left, right, node)
        literal = next(iter(true)) if len(true) == 1 else None
        return Unknown("a comparison", ("outcome", literal) if literal else ("outcome", true))

    def _named(self, node: ast.NamedExpr) -> Value:
        value = self.eval(node.value)
        self.bind(node.target, value)
        return value

    def _joined(self, node: ast.JoinedStr) -> Value:
        parts: list[str] = []
        for piece in node.values:
            value = self.eval(piece.value if isinstance(piece, ast.FormattedValue) else piece)
            if not isinstance(value, Const) or (
                isinstance(piece, ast.FormattedValue) and piece.format_spec is not None
            ):
                return Unknown("a formatted string")
            parts.append(str(value.value))
        return Const("".join(parts), node)

    def _await(self, node: ast.Await | ast.YieldFrom) -> Value:
        return self.eval(node.value)

    def _yield(self, node: ast.Yield) -> Value:
        if node.value is not None:
            self.keras.models.escape(self.eval(node.value))
        return Unknown("sent in")

    def _starred(self, node: ast.Starred) -> Value:
        return self.eval(node.value)

    def _slice(self, node: ast.Slice) -> Value:
        for part in (node.lower, node.upper, node.step):
            if part is not None:
                self.eval(part)
        return Unknown("a slice")


def _marks_classes(target: ast.Subscript, value: Value) -> bool:
    """Whether an assignment is ``y[np.arange(n), classes] = 1``, which makes one-hot labels."""
    first = target.slice.elts[0] if isinstance(target.slice, ast.Tuple) and target.slice.elts else None
    function = first.func if isinstance(first, ast.Call) else None
    is_arange = isinstance(function, ast.Attribute) and function.attr == "arange"
    return is_arange and isinstance(value, Const) and value.value == 1


def _counts(node: ast.Assign) -> bool:
    """Whether a statement is of the form ``n = n + 1``."""
    names = {target.id for target in node.targets if isinstance(target, ast.Name)}
    return any(isinstance(child, ast.Name) and child.id in names for child in ast.walk(node.value))


Handler = Callable[[Interpreter, Any], Any]

_STATEMENTS: dict[type[ast.stmt], Handler] = {
    ast.Expr: Interpreter._expression_statement,
    ast.Assign: Interpreter._assign,
    ast.AnnAssign: Interpreter._ann_assign,
    ast.AugAssign: Interpreter._aug_assign,
    ast.If: Interpreter._if,
    ast.For: Interpreter._for,
    ast.AsyncFor: Interpreter._for,
    ast.While: Interpreter._while,
    ast.With: Interpreter._with,
    ast.AsyncWith: Interpreter._with,
    ast.Try: Interpreter._try,
    ast.FunctionDef: Interpreter._function_def,
    ast.AsyncFunctionDef: Interpreter._function_def,
    ast.ClassDef: Interpreter._class_def,
    ast.Return: Interpreter._return,
    ast.Delete: Interpreter._delete,
    ast.Import: Interpreter._import,
    ast.ImportFrom: Interpreter._import_from,
    ast.Global: Interpreter._global,
    ast.Nonlocal: Interpreter._nonlocal,
    ast.Raise: Interpreter._raise,
    ast.Break: Interpreter._break,
    ast.Continue: Interpreter._continue,
    ast.Assert: Interpreter._assert,
    ast.Match: Interpreter._match,
}
if hasattr(ast, "TryStar"):
    _STATEMENTS[ast.TryStar] = Interpreter._try

_EXPRESSIONS: dict[type[ast.expr], Handler] = {
    ast.Constant: Interpreter._constant,
    ast.Name: Interpreter._name,
    ast.Attribute: Interpreter._attribute,
    ast.Subscript: Interpreter._subscript,
    ast.Call: Interpreter._call,
    ast.Lambda: Interpreter._lambda,
    ast.Tuple: Interpreter._tuple,
    ast.List: Interpreter._list,
    ast.Set: Interpreter._list,
    ast.Dict: Interpreter._dict,
    ast.ListComp: Interpreter._comprehension,
    ast.SetComp: Interpreter._comprehension,
    ast.GeneratorExp: Interpreter._comprehension,
    ast.DictComp: Interpreter._dict_comprehension,
    ast.IfExp: Interpreter._conditional,
    ast.BoolOp: Interpreter._bool_op,
    ast.UnaryOp: Interpreter._unary,
    ast.BinOp: Interpreter._binary,
    ast.Compare: Interpreter._compare_value,
    ast.NamedExpr: Interpreter._named,
    ast.JoinedStr: Interpreter._joined,
    ast.Await: Interpreter._await,
    ast.YieldFrom: Interpreter._await,
    ast.Yield: Interpreter._yield,
    ast.Starred: Interpreter._starred,
    ast.Slice: Interpreter._slice,
}
