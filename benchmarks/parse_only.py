"""The yardstick: bare ``libcst.parse_module`` over files, in a process of its own.

    python parse_only.py LIST

``LIST`` holds one path per line. The last line that is printed is the CPU time of the loop alone, in seconds: neither
the start of Python nor the import of libcst is part of it.
"""

from __future__ import annotations

import sys
import time

import libcst


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as listing:
        paths = listing.read().splitlines()
    failed = 0
    began = time.process_time()
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        try:
            libcst.parse_module(data)
        except (libcst.ParserSyntaxError, UnicodeDecodeError, RecursionError):
            failed += 1
    cost = time.process_time() - began
    print(f"{len(paths) - failed} files parsed, {failed} refused")
    print(cost)


if __name__ == "__main__":
    main()
