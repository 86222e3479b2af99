"""What arithmetic does to numbers in the machine: expressions, intervals, concrete values, and what compilers change.

Nothing here knows of Python scopes or of Keras. ``expressions`` is the language that the interpreter writes loss code
in; ``floats`` rounds to a dtype; ``intervals`` bounds an expression, ``evaluation`` computes it for given inputs,
``compiled`` rewrites it as graph compilers do, and ``inputs`` says what the inputs of a loss can be.
"""
