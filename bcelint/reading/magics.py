"""IPython's own syntax, blanked so that Python can be parsed around it.

Blanking keeps every row, and the column of everything that stays.
"""

from __future__ import annotations

import re

from bcelint.reading.logical import LogicalLine, logical_lines

# Cell magics whose body runs as Python in the notebook's own namespace.
_PYTHON_CELL_MAGICS = re.compile(
    r"""time|timeit|capture|prun|debug|memit|mprun|lprun|scalene|snakeviz|pyinstrument|heat|px|local|notify|wandb
    |tensorflow_version|matplotlib|load_ext|reload_ext|autoreload|config|black|nb_black|skip_error""",
    re.VERBOSE,
)
# Line magics that IPython runs without their "%" (automagic), as far as they are met in notebooks.
_AUTOMAGIC = re.compile(
    r"""[ \t]*(?:pip3?|conda|mamba|micromamba|uv|cd|ls|ll|lf|ldir|cat|cp|mv|rm|rmdir|mkdir|man|more|less|pwd|pushd|popd
    |dirs|clear|env|set_env|hist|history|time|timeit|matplotlib|pylab|load|load_ext|reload_ext|autoreload|run|edit
    |who|whos|who_ls|reset|precision|config|alias|bookmark|magic|lsmagic|pdb|pdoc|pfile|pinfo|psource|save|store
    |tensorflow_version|writefile|tensorboard|debug|xmode|colors|notebook|cls|head|tail|git|wget|unzip)[ \t]+\S""",
    re.VERBOSE,
)
_CANDIDATE = re.compile(r"^[ \t]*[%!?]|=[ \t]*[!%]|\?[ \t]*$", re.MULTILINE)
_ASSIGNED = re.compile(r"(?P<target>[^=]*=[ \t]*)[!%]")
# Line magics that run the rest of the line: the rest stays where it is, behind a header of the same width.
_STATEMENT_MAGIC = re.compile(
    r"[ \t]*(?P<magic>%(?:time|timeit|prun|memit|mprun|lprun)(?:[ \t]+-\w+(?:[ \t]+\d+)?)*[ \t]+)(?=[^\s-])"
)
# "%run other.ipynb" runs a file and takes over its names: it becomes a call that the interpreter knows.
_RUN = re.compile(r"""[ \t]*%?run[ \t]+(?:-\w+[ \t]+)*(?P<quote>["']?)(?P<path>[^\s"']+)(?P=quote)""")
RUN = "__run__"
# With a single percent sign some front ends take what can only be a cell magic for one.
_CELL_MAGIC = re.compile(
    r"""(?:[ \t]*(?:\#[^\n]*)?\n)*[ \t]*
    %(?:%(?P<name>[\w.!]*)|(?:bash|sh|script|html|javascript|js|latex|markdown|perl|ruby|svg|writefile)\b)""",
    re.VERBOSE,
)


def is_automagic(row: str) -> bool:
    """Whether IPython takes this row, which is no Python, as a magic without its percent sign."""
    return _AUTOMAGIC.match(row) is not None


def blank_magics(text: str) -> str:
    """``text`` (newlines ``\\n``) without line magics, shell lines and help requests.

    What a magic assigns becomes ``...`` at the magic's place, and in an indented block ``pass`` takes its place.
    """
    if not _CANDIDATE.search(text):
        return text
    rows = text.split("\n")
    for line in logical_lines(text):
        if line.is_magic:
            _blank(rows, line)
    return "\n".join(rows)


def blank_cell_magics(text: str) -> str:
    """A notebook cell, which ends in a newline, as the Python that it runs, without the magics above and in it."""
    while cell_magic := _CELL_MAGIC.match(text):
        if not _PYTHON_CELL_MAGICS.fullmatch(cell_magic["name"] or ""):
            return "\n" * text.count("\n")
        start = cell_magic.start("name") - len("%%")
        text = text[:start] + text[text.index("\n", start) :]
    return blank_magics(text)


def _blank(rows: list[str], line: LogicalLine) -> None:
    assigned = _ASSIGNED.match(rows[line.first])
    timed = _STATEMENT_MAGIC.match(rows[line.first])
    if timed:
        header = "if 1:".ljust(len(timed["magic"]))
        rows[line.first] = line.indent + header + rows[line.first][timed.end() :]
        return
    run = _RUN.match(rows[line.first])
    if assigned:
        rows[line.first] = assigned["target"] + "..."
    elif run:
        rows[line.first] = f"{line.indent}{RUN}({run['path']!r})"
    else:
        rows[line.first] = line.indent + "pass" if line.indent else ""
    rows[line.first + 1 : line.last + 1] = [""] * (line.last - line.first)
