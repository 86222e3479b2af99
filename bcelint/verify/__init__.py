"""From findings to verdicts: what is flagged is evaluated by Keras in a child process, and shown in numbers.

``experiments`` and ``programs`` say what to evaluate, ``session`` hands it to ``worker`` (the only package that imports
Keras), ``verdicts`` judges what comes back, and ``page`` and ``plots`` draw it.
"""
