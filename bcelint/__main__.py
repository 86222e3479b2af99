"""``python -m bcelint``."""

from bcelint.cli import main

main()
