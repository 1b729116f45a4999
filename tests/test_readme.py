"""The README's program prints what the README says."""
from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_program_prints_what_the_readme_shows() -> None:
    program, printed = re.search(r"```python\n(.*?)```\n+```text\n(.*?)```", README.read_text(), re.S).groups()
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(program, "README.md", "exec"), {"__name__": "readme"})
    assert output.getvalue() == printed
