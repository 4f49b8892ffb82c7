"""Gathering: a skill's bytes with those of its helpers, or the reason why they cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.checker.gather import LARGEST_FILE, gather, helpers_named_in
from sidecar.checker.names import name_problem
from sidecar.checker.report import Problem, Snapshot


def gathered(workspace: Path, entry: str = "skills/price.py") -> Snapshot:
    result = gather(workspace, entry)
    assert isinstance(result, Snapshot), result
    return result


def refused(workspace: Path, entry: str = "skills/price.py") -> Problem:
    result = gather(workspace, entry)
    assert isinstance(result, tuple)
    [problem] = result
    assert problem.stage == "read"
    assert problem.fix
    return problem


def test_helpers_come_along_transitively(workspace: Path) -> None:
    files = {
        "skills/price.py": "from lib import a\nfrom lib.b import x, y\nimport lib.shop.c as c\n",
        "lib/a.py": "from lib.deep import z",
        "lib/b.py": "from lib.a import again\n",
        "lib/deep.py": "",
        "lib/shop/__init__.py": "from lib.d import d",
        "lib/shop/c.py": "def f() -> None:\n    from lib.late import g\n",
        "lib/d.py": "",
        "lib/late.py": "",
    }
    for path, text in {**files, "lib/unused.py": "", "lib/shop/unused.py": ""}.items():
        (workspace / path).parent.mkdir(exist_ok=True)
        (workspace / path).write_text(text)
    assert gathered(workspace).files == {path: text.encode() for path, text in files.items()}


@pytest.mark.parametrize(
    "source",
    [
        "from lib.a import x",
        "from lib import a",
        "from lib import (\n    other,  # (why)\n    a,\n)",
        "from lib import other, a as b",
        "from lib \\\n    import a",
        "import lib.a",
        "import json, lib.a as a",
        "if TYPE_CHECKING: from lib.a import x",
        "x = 1; from lib import a",
        "x = '#'; from lib.a import b",
        "from lib.a \\\r\n    import x",
        "from \\\n lib.a import x",
        "import \\\n lib.a",
        "# why\rfrom lib import (\r    # (why)\r    a,\r)",
    ],
)
def test_each_way_to_import_a_helper_is_seen(source: str) -> None:
    assert "lib/a.py" in helpers_named_in(source)


def test_a_missing_helper_is_left_to_the_check(workspace: Path) -> None:
    (workspace / "skills/price.py").write_text("from lib.gone import x")
    assert set(gathered(workspace).files) == {"skills/price.py"}


def test_a_link_that_leaves_the_workspace(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "price.py").write_text("secret = 1")
    (workspace / "skills/price.py").symlink_to(tmp_path / "price.py")
    assert "leaves the workspace" in refused(workspace).reason


def test_a_helper_behind_a_link_that_leaves_the_workspace(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "far.py").write_text("secret = 1")
    (workspace / "lib/far.py").symlink_to(tmp_path / "far.py")
    (workspace / "skills/price.py").write_text("from lib import far")
    assert (refused(workspace).file, "leaves" in refused(workspace).reason) == ("lib/far.py", True)


def test_a_link_to_itself(workspace: Path) -> None:
    (workspace / "skills/price.py").symlink_to(workspace / "skills/price.py")
    assert "link to itself" in refused(workspace).reason


def test_a_link_inside_the_workspace_is_read(workspace: Path) -> None:
    (workspace / "text").write_text("x = 1")
    (workspace / "skills/price.py").symlink_to(workspace / "text")
    assert gathered(workspace).files == {"skills/price.py": b"x = 1"}


def test_a_fifo_and_a_folder_are_no_files(workspace: Path) -> None:
    os.mkfifo(workspace / "skills/price.py")
    (workspace / "skills/folder.py").mkdir()
    assert "plain file" in refused(workspace).reason
    assert "plain file" in refused(workspace, "skills/folder.py").reason


def test_a_file_that_is_too_large(workspace: Path) -> None:
    file = workspace / "skills/price.py"
    file.write_bytes(b"#" * LARGEST_FILE)
    assert gathered(workspace)
    file.write_bytes(b"#" * (LARGEST_FILE + 1))
    assert "larger than 256 KiB" in refused(workspace).reason


def test_a_file_that_is_not_utf_8(workspace: Path) -> None:
    (workspace / "skills/price.py").write_bytes(b"x = 1\ny = '\xff'\n")
    assert (refused(workspace).line, refused(workspace).reason) == (2, "line 2 is not UTF-8")


def test_a_file_that_is_not_there(workspace: Path) -> None:
    assert "no such file" in refused(workspace).reason


@pytest.mark.parametrize(
    "path",
    [
        "skills/json.py",
        "skills/sys.py",
        "skills/skills.py",
        "skills/lib.py",
        "skills/agent.py",
        "skills/weekly_review.py",
        "skills/pydantic.py",
        "skills/sidecar.py",
        "skills/two words.py",
        "skills/2nd.py",
        "skills/class.py",
        "skills/prix_café.py",
        "skills/folder/price.py",
        "skills/../escape.py",
        "lib/../../escape.py",
        "lib/my-shop/price.py",
        "memory/price.py",
        "skills/price.txt",
        "/etc/passwd.py",
        "",
    ],
)
def test_names_that_a_file_may_not_have(path: str, workspace: Path) -> None:
    assert refused(workspace, path).file == path


@pytest.mark.parametrize("path", ["skills/price_report.py", "lib/json.py", "lib/shop/__init__.py", "lib/_private.py"])
def test_names_that_a_file_may_have(path: str) -> None:
    assert name_problem(path) is None


@given(st.text())
def test_a_name_that_is_allowed_stays_in_its_folder(name: str) -> None:
    for path in (f"skills/{name}.py", f"lib/{name}.py"):
        if name_problem(path) is None:
            assert Path("/workspace", path).resolve().is_relative_to("/workspace")


@given(st.text(alphabet="from lib.import(),;\\\n#ab"))
def test_any_text_can_be_searched_for_helpers(source: str) -> None:
    assert all(path.startswith("lib") for path in helpers_named_in(source))


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece", ["import ", "from lib ", "from lib import (", "import lib.", "from lib.a\\\n", "lib."]
)
def test_no_text_is_slow_to_search(piece: str) -> None:
    helpers_named_in(piece * (LARGEST_FILE // len(piece)))


def test_a_text_that_is_not_saved_is_taken_for_the_files_with_the_helpers_it_imports(workspace: Path) -> None:
    (workspace / "lib/a.py").write_text("x = 1\n")
    (workspace / "skills/price.py").write_text("saved = True\n")

    found = gather(workspace, "skills/price.py", "from lib.a import x\n")
    new = gather(workspace, "skills/not_there.py", "y = 2\n")

    assert isinstance(found, Snapshot)
    assert found.files == {"skills/price.py": b"from lib.a import x\n", "lib/a.py": b"x = 1\n"}
    assert isinstance(new, Snapshot)


@pytest.mark.parametrize("text", ["x" * (LARGEST_FILE + 1), "'\ud800'"])
def test_a_text_that_no_file_could_hold_is_refused(workspace: Path, text: str) -> None:
    found = gather(workspace, "skills/price.py", text)
    assert isinstance(found, tuple)
    (problem,) = found
    assert problem.stage == "read"
