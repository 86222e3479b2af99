"""Inference: what the code means, as facts.

An abstract interpreter runs a module top to bottom on abstract values. It knows Python (``interpreter``) and, through
the knowledge tables, the Keras API (``keras_api``, ``tensors``); it knows no rules. What rules look at is in ``facts``.
"""
