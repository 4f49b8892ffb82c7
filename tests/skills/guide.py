"""The code blocks of GUIDE.md, as files of a workspace."""

from __future__ import annotations

import re
from pathlib import Path

import skills

GUIDE = Path(skills.__file__).with_name("GUIDE.md")


def blocks() -> dict[str, str]:
    """The text of each python block by the path that its first line names."""
    found = {}
    for block in re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL):
        path = re.match(r"# ((?:skills|lib|tests)/\w+\.py)\n", block)
        assert path, f"a block does not begin with its path: {block[:60]!r}"
        assert path[1] not in found, f"{path[1]} stands twice in the guide"
        found[path[1]] = block
    return found


def write_workspace(folder: Path) -> list[Path]:
    paths = []
    for name, text in blocks().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        paths.append(path)
    return paths
