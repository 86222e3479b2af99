"""Runs in the child process: the only package that imports Keras."""
