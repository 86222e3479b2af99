"""The child process: reads rounds of requests from its input, a JSON object per line, and answers in the same way."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import Any

from bcelint.verify.worker.errors import in_words


def main() -> None:
    """Import Keras once, then evaluate until the input ends."""
    answers_to = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    # What Keras and the code print goes nowhere.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    name = sys.argv[1]

    def send(message: dict[str, Any]) -> None:
        answers_to.write(json.dumps(message) + "\n")
        answers_to.flush()

    try:
        versions = _import(name)
    except Exception as error:
        send({"failure": in_words(error)})
        return
    from bcelint.verify.worker import rounds
    from bcelint.verify.worker.backends import BACKENDS

    backend = BACKENDS[name]()
    forks = rounds.can_fork()
    send({"ready": versions, "forks": forks})
    for line in sys.stdin:
        message = json.loads(line)
        limits = rounds.Limits(**message["limits"])
        if forks:
            # In a round nothing more is to be read, but that nobody is there any more.
            with suppress(rounds.ParentGone):
                rounds.run_round(message["requests"], limits, backend, send, parent=sys.stdin.fileno())
        else:
            rounds.run_here(message["requests"], limits, backend, send, answers_to.fileno())
        send({"done": True})


def _import(name: str) -> dict[str, str]:
    """Import Keras with its backend, without computing anything; returns versions."""
    import keras

    found = {"keras": keras.__version__}
    if name == "tensorflow":
        import tensorflow as tf

        found[name] = tf.__version__
    elif name == "jax":
        import jax

        found[name] = jax.__version__
    else:
        import torch

        found[name] = torch.__version__
    if found["keras"].startswith("2."):
        raise RuntimeError(f"this is Keras {found['keras']}, and evaluating needs Keras 3")
    if keras.config.backend() != name:
        raise RuntimeError(f"Keras uses {keras.config.backend()} instead of {name}")
    return found


if __name__ == "__main__":
    main()
