"""Cutting a loss out of its file: pure syntax, nothing is executed.

``names`` says what code binds and reads, ``outline`` where things stand, ``blocks`` takes the statements of a scope
apart, ``slicing`` finds those that are needed, ``arguments`` the calls that say what parameters are, ``writing`` puts
the rest together again.
"""
