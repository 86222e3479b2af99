"""bcelint: a linter that works out which tensor meets which loss in Keras training code."""

__version__ = "0.1.0"
