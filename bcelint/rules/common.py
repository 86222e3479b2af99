"""What the head/loss rules share: the verdict on a pairing, and the words and fixes that several of them need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf

from bcelint.findings import (
    Applicability,
    Change,
    Finding,
    FixPlan,
    InsertBefore,
    Related,
    RemoveArgument,
    RemoveStatementOrElement,
    Replace,
    ReplaceByApi,
    SetArgument,
    Swap,
)
from bcelint.inference.facts import Context, Fact, Head, LossUse, MetricUse, Pairing, Spelling
from bcelint.knowledge.activations import SIGMOIDS
from bcelint.knowledge.domains import Domain, Expectation, Family
from bcelint.places import Place
from bcelint.rules import BY_CODE

# Floors and ceilings of the loss when a sigmoid is applied twice: log(1 + 1/e), log 2, log(1 + e), and the mean of the
# first two. tests/rules/test_numbers.py evaluates them with Keras.
FLOOR_POSITIVE = "0.3133"
FLOOR_NEGATIVE = "0.6931"
FLOOR_BALANCED = "0.5032"


NAN_OF_LOG = "the log of a negative number is NaN, and this loss does not clip"


def verdict(pairing: Pairing) -> str | None:
    """The code of the rule that a head and a loss break, ``None`` where they fit or nothing is proved."""
    head, loss = pairing.head, pairing.loss
    if loss.family is Family.BINARY:
        return _binary_verdict(head, loss)
    if loss.family.is_categorical:
        return _categorical_verdict(head, loss)
    return None


def _binary_verdict(head: Head, loss: LossUse) -> str | None:
    wants_logits = loss.expects is Expectation.LOGITS
    if head.literal:
        return "BCE102" if not wants_logits and (head.low < 0 or head.high > 1) else None
    if head.domain is Domain.PROBABILITY:
        return "BCE101" if wants_logits and is_squashed(head) else None
    if head.domain is Domain.SIMPLEX:
        if head.units == 1:
            return None  # BCE104 says so
        if head.units is not None and head.units >= 3:
            return "BCE105"
        return "BCE101" if wants_logits else None
    if head.domain is Domain.REAL:
        return None if wants_logits else "BCE102"
    if head.domain in (Domain.INTERVAL, Domain.LOG_SIMPLEX):
        # A range that arithmetic made on purpose (10 * tanh(z)) can be a choice of logits.
        return "BCE103" if head.activation or not wants_logits else None
    return None


def _categorical_verdict(head: Head, loss: LossUse) -> str | None:
    wants_logits = loss.expects is Expectation.LOGITS
    if head.literal:
        return "BCE109" if not wants_logits and (head.low < 0 or head.high > 1) else None
    if head.units == 1:
        return "BCE106"
    if head.domain is Domain.PROBABILITY:
        return "BCE107" if is_squashed(head) else None
    if head.domain is Domain.SIMPLEX:
        return "BCE108" if wants_logits else None
    if head.domain is Domain.REAL:
        return None if wants_logits else "BCE109"
    if head.domain is Domain.LOG_SIMPLEX:
        return None if wants_logits else "BCE110"
    if head.domain is Domain.INTERVAL and head.activation:
        if wants_logits:
            # A softmax sees differences: one open end is enough, unless half of the units are cut to 0.
            return "BCE110" if (head.high < inf and head.low > -inf) or head.activation == "relu" else None
        # exp(z), divided by its sum inside the loss, is a softmax.
        return None if head.activation == "exponential" else "BCE110"
    return None


def is_squashed(head: Head) -> bool:
    """Whether probabilities are what the output is meant to be: it ends in a sigmoid, or is declared to."""
    return head.activation in SIGMOIDS or (head.declared and head.domain is Domain.PROBABILITY)


def pairings(facts: Sequence[Fact], code: str) -> Iterator[Pairing]:
    """The pairings that break the rule ``code``."""
    for fact in facts:
        if isinstance(fact, Pairing) and verdict(fact) == code:
            yield fact


def report(
    code: str,
    pairing: Pairing,
    message: str,
    *,
    label: str,
    head_label: str,
    notes: Sequence[str] = (),
    plans: Sequence[FixPlan | None] = (),
    help: str = "",
) -> Finding:
    """A finding about a pairing: reported where the two meet, with both ends named."""
    rule = BY_CODE[code]
    loss, head, site = pairing.loss, pairing.head, pairing.site
    flag = loss.flag_keyword or loss.flag
    focus = flag if flag is not None and site.contains(flag) else None
    related: list[Related] = []
    end = head_place(head)
    if end is not None and not site.contains(end):
        related.append(Related(end, head_label))
    if flag is not None and focus is None:
        related.append(Related(flag, label))
        label = "and meets the loss here"
    elif loss.definition is not None and not site.contains(loss.definition):
        related.append(Related(loss.definition, label))
        label = "and meets the loss here"
    if pairing.compile_site is not None and pairing.context is Context.CUSTOM_LOSS:
        related.append(Related(pairing.compile_site, "the loss is used here"))
    where = f" (where {' and '.join(pairing.branch)})" if pairing.branch else ""
    output = f' (output "{pairing.output}")' if pairing.output else ""
    return Finding(
        code=code,
        name=rule.name,
        severity=rule.severity,
        message=message + output + where,
        place=site,
        focus=focus,
        label=label,
        related=tuple(related),
        notes=tuple(notes),
        help=help,
        plans=tuple(plan for plan in plans if plan is not None),
        fact=pairing,
    )


def head_place(head: Head) -> Place | None:
    """What to underline for the output: the whole ``activation=...`` where there is one."""
    keyword = head.activation_keyword
    return keyword if keyword is not None and head.place is not None and keyword.contains(head.place) else head.place


# --- words ------------------------------------------------------------------------------------------------------------


def made_by(head: Head) -> str:
    """The words under the place that makes the domain."""
    if head.literal:
        return f"these values run from {head.low:g} to {head.high:g}"
    if head.domain is Domain.REAL:
        if head.activation not in ("", "linear"):
            return f"`{head.activation}` gives any number"
        if head.layer_name in TAKES_ACTIVATION:
            return (
                "no activation: any number" if head.explicit else f"`{head.layer_name}` has no activation: any number"
            )
        return f"`{head.layer_name}` gives any number" if head.layer_name else "this can be any number"
    if is_squashed(head):
        return "the output is already a probability here"
    if head.domain is Domain.SIMPLEX:
        return "the output is already a softmax here"
    what = f"`{head.activation}`" if head.activation else "this"
    default = "" if head.explicit or head.declared else " (the default)"
    return f"{what}{default} gives values {range_words(head)}"


def range_words(head: Head) -> str:
    low, high = head.low, head.high
    if high == inf:
        return f"from {low:g} up"
    if low == -inf:
        return f"up to {high:g}"
    return f"from {low:g} to {high:g}"


def rescued(pairing: Pairing) -> bool:
    """Whether Keras on TensorFlow finds the logits behind the activation (facts of ``_get_logits``)."""
    head = pairing.head
    return (
        pairing.loss.rescued
        and pairing.backend in ("", "tensorflow")
        and not head.eager_only
        and not (head.declared or head.own_layer)
        and not _is_cast(head)
        and bool(head.layer_name or pairing.context is Context.COMPILE)
        and all(step.kind in _SEEN_THROUGH for step in head.steps)
    )


def _is_cast(head: Head) -> bool:
    """Whether the output is cast on its way: losses compute in float32, and layers in the dtype of the policy."""
    if head.computed_in != "float32":
        return True
    if head.policy in ("", "float32"):
        return False
    return any(step.kind == "identity" and step.name != "linear" for step in head.steps)


# Steps behind which Keras 3 on TensorFlow still finds the logits, unless they cast.
_SEEN_THROUGH = ("identity", "call", "cast")


def rescue_note(pairing: Pairing) -> str:
    """Which backends are hit."""
    steps, loss = pairing.head.steps, pairing.loss
    if rescued(pairing):
        if any(step.kind == "identity" and step.name in ("Identity", "Dropout") for step in steps):
            return "Keras 3 on TensorFlow notices and uses the logits, with a warning; tf_keras, JAX and PyTorch do not"
        return "Keras on TensorFlow notices and uses the logits, with a warning; JAX and PyTorch do not"
    if pairing.backend not in ("", "tensorflow"):
        return f"Keras says nothing about it on {pairing.backend}"
    if not loss.rescued:
        keras = "Keras 3 does so" if not loss.configured and loss.takes_logits else "this is so"
        return f"with `{loss.name}` {keras} on every backend, without a warning"
    step = next((s for s in steps if s.kind not in _SEEN_THROUGH), None)
    own = pairing.head.declared or pairing.head.own_layer or (step is not None and step.kind == "own")
    if own:
        return "JAX and PyTorch do so without a warning, and TensorFlow unless Keras finds the logits"
    if step is not None and step.kind == "numpy":
        return f"on the result of `{step.name}` every backend does so, without a warning"
    if step is not None:
        when = "in training every backend" if step.kind in ("dropout", "noise") else "every backend"
        return f"{when} does so, without a warning: `{step.name}` hides the activation from Keras"
    if _is_cast(pairing.head):
        head = pairing.head
        if head.dtype and head.computed_in != "float32":
            where = f"with an output in {head.computed_in}"
        elif head.policy.startswith("mixed_"):
            where = "under a mixed precision policy"
        else:
            where = f"under the policy `{head.policy}`"
        return f"Keras 3 does so on every backend {where}, without a warning"
    return "Keras does so without a warning when it runs eagerly, and on JAX and PyTorch"


def is_plain(loss: LossUse) -> bool:
    """Whether the loss is the cross-entropy itself, without weights or a focal factor that change its floor."""
    return not loss.configured and "ocal" not in loss.name and not loss.name.startswith("weighted")


# --- fixes ------------------------------------------------------------------------------------------------------------


def drop_flag(loss: LossUse, what: str) -> FixPlan | None:
    """``from_logits=True`` -> the default, or ``False`` where that is not the default."""
    if loss.call is None or not loss.takes_logits:
        return None
    changes: tuple[Change, ...]
    if loss.flag is None:
        if not loss.default:
            return None
        changes = (SetArgument(loss.call, loss.flag_name, "False"),)
    elif loss.default:
        changes = (Replace(loss.flag, "False"),)
    elif loss.flag_keyword is not None and loss.call.contains(loss.flag):
        changes = (RemoveArgument(loss.call, loss.flag),)
    else:
        changes = (Replace(loss.flag, "False"),)
    return FixPlan(f"say that the output is {what}", Applicability.SAFE, changes, "probabilities")


def set_flag(pairing: Pairing, loss_class: str) -> FixPlan | None:
    """Tell the loss that it gets logits."""
    loss = pairing.loss
    if not loss.takes_logits:
        return None
    applicability = Applicability.SAFE if pairing.intent == "logits" else Applicability.UNSAFE
    message = "say that the output is logits"
    if loss.flag is not None:
        return FixPlan(message, applicability, (Replace(loss.flag, "True"),), "logits")
    if loss.call is not None:
        return FixPlan(message, applicability, (SetArgument(loss.call, loss.flag_name, "True"),), "logits")
    if loss.definition is not None and loss.spelling in (Spelling.STRING, Spelling.NAME) and not loss.configured:
        change = ReplaceByApi(loss.definition, f"keras.losses.{loss_class}", "from_logits=True")
        return FixPlan(message, applicability, (change,), "logits")
    return None


def set_activation(head: Head, name: str, message: str) -> FixPlan | None:
    """Give the output layer another activation, where nothing is computed with what comes out of it."""
    if head.literal or head.layer is None or any(step.name in _COMPUTES for step in head.steps):
        return None
    if head.activation_argument is not None and not (head.own_layer and head.declared):
        change: Change = Replace(head.activation_argument, f'"{name}"')
    elif head.layer_name in TAKES_ACTIVATION and not head.explicit:
        change = SetArgument(head.layer, "activation", f'"{name}"')
    else:
        return None
    return FixPlan(message, Applicability.UNSAFE, (change,), "probabilities")


def drop_activation(head: Head, what: str) -> FixPlan | None:
    """Let the model end in logits."""
    message = f"let the model return logits: drop the {what}"
    if head.own_layer:
        return None  # what it does without the argument is its own affair
    if (
        head.activation_argument is not None
        and head.layer is not None
        and head.layer.contains(head.activation_argument)
    ):
        return FixPlan(message, Applicability.UNSAFE, (RemoveArgument(head.layer, head.activation_argument),), "logits")
    if head.layer_name in ("Activation", "Softmax") and head.place is not None:
        return FixPlan(message, Applicability.UNSAFE, (RemoveStatementOrElement(head.place),), "logits")
    return None


# Steps behind which an activation of the layer would not be the last thing that happens to its output.
_COMPUTES = frozenset({"arithmetic", "addition", "negation"})

TAKES_ACTIVATION = frozenset(
    {
        "Dense",
        "Conv1D",
        "Conv2D",
        "Conv3D",
        "Conv1DTranspose",
        "Conv2DTranspose",
        "Conv3DTranspose",
        "SeparableConv1D",
        "SeparableConv2D",
    }
)


def without_shared_edits(findings: Sequence[Finding], facts: Sequence[Fact]) -> list[Finding]:
    """The findings without the plans that would edit what a sound pairing or measurement needs as it is."""
    needed: set[Place | None] = set()
    measured: set[Place | None] = set()
    for fact in facts:
        if isinstance(fact, Pairing) and _is_sound(fact):
            head, loss = fact.head, fact.loss
            needed |= {head.place, head.layer, head.activation_argument, loss.flag, loss.call, loss.definition}
        elif isinstance(fact, MetricUse) and fact.head is not None and fact.head.domain is not Domain.REAL:
            measured |= {fact.place, fact.call, fact.cut_place}

    def is_private(plan: FixPlan, finding: Finding) -> bool:
        shared = needed | measured if finding.code == "BCE401" else needed
        return not (_edited(plan) & shared) - {None}

    return [
        replace(finding, plans=tuple(plan for plan in finding.plans if is_private(plan, finding)))
        for finding in findings
    ]


def _is_sound(pairing: Pairing) -> bool:
    head = pairing.head
    constant = head.domain is Domain.SIMPLEX and head.units == 1
    disturbed = any(step.kind in ("dropout", "noise") for step in head.steps)
    return verdict(pairing) is None and not constant and not disturbed


def _edited(plan: FixPlan) -> set[Place | None]:
    """The expressions that a plan changes."""
    places: set[Place | None] = set()
    for change in plan.changes:
        if isinstance(change, InsertBefore):
            continue
        if isinstance(change, RemoveArgument):
            places |= {change.call, change.value}
        elif isinstance(change, SetArgument):
            places.add(change.call)
        elif isinstance(change, Swap):
            places |= {change.first, change.second}
        else:
            places.add(change.place)
    return places
