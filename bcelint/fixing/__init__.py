"""From fix plans to changed files: exact text edits, passes until nothing is left to do, and safe writing."""
