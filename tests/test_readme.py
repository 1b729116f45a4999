"""The README's programs print what the README says."""
from __future__ import annotations

import contextlib
import io
import linecache
import re
from pathlib import Path
from typing import Any

README = Path(__file__).parents[1] / "README.md"


def test_programs_print_what_the_readme_shows() -> None:
    """They are read one after the other, so a program knows what those before it import."""
    known: dict[str, Any] = {"__name__": "readme"}
    programs = re.findall(r"```python\n(.*?)```\n+```text\n(.*?)```", README.read_text(), re.S)
    assert len(programs) == 5
    for k, (program, printed) in enumerate(programs):
        name = f"README {k}"
        linecache.cache[name] = (len(program), None, program.splitlines(keepends=True), name)   # its source, to convert
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(program, name, "exec"), known)
        assert output.getvalue() == printed
