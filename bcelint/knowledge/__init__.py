"""What the Keras API means, as data.

Each module is a table with a small record type; nothing here follows code or decides anything. The contract test in
``tests/knowledge`` holds the tables against the Keras that is installed.
"""
