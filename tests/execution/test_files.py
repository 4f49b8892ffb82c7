"""What a step asks of the workspace's files is carried out, or refused with the reason; whatever it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.checker.manifest import Manifest
from sidecar.execution.files import FileRefused, FileRequest, perform_file, write_whole
from skills.limits import is_declared, paths_found

ALL = Manifest(name="any", purpose="", takes_input=False, reads=("**",), writes=("out/*",))


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (FileRequest(action="list", path="**.txt"), "'**.txt': "),
        (FileRequest(action="list", path=""), "'': "),
        (FileRequest(action="list", path="../*"), "leaves the workspace"),
        (FileRequest(action="read", path="a\0b"), "null byte"),
        (FileRequest(action="read", path="."), "'.' is not declared"),
        (FileRequest(action="read", path=".tend/tend.db"), "not for skills"),
        (FileRequest(action="read", path="tend.toml"), "not for skills"),
        (FileRequest(action="read", path="Tend.TOML"), "not for skills"),
        (FileRequest(action="write", path="notes.txt"), "not declared"),
        (FileRequest(action="write", path="out/sub/a.txt"), "not declared"),
    ],
)
def test_what_is_no_path_for_a_skill_is_refused(tmp_path: Path, request_: FileRequest, told: str) -> None:
    with pytest.raises(FileRefused) as refused:
        perform_file(tmp_path, ALL, request_)
    assert told in str(refused.value)


def test_settings_and_store_are_not_listed(tmp_path: Path) -> None:
    for name in ("tend.toml", ".tend/tend.db", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    for pattern in ("**", "*", "tend.*", ".tend/*"):
        found = perform_file(tmp_path, ALL, FileRequest(action="list", path=pattern))["paths"]
        assert found in ([], ["notes.txt"]), pattern


def test_what_was_written_is_listed_and_read(tmp_path: Path) -> None:
    assert perform_file(tmp_path, ALL, FileRequest(action="write", path="out/a.txt", text="ü")) == {}
    assert perform_file(tmp_path, ALL, FileRequest(action="list", path="**/*.txt")) == {"paths": ["out/a.txt"]}
    assert perform_file(tmp_path, ALL, FileRequest(action="list", path="out/**")) == {"paths": ["out/a.txt"]}
    assert perform_file(tmp_path, ALL, FileRequest(action="read", path="out/a.txt")) == {"text": "ü"}


@pytest.mark.parametrize(
    "glob",
    ["*", "out/*", "*/*.txt", "**", "out/**", "**/*.txt", "out/**/a.txt", "out/?.txt", "**/sub/**", "a.txt", "x/**"],
)
def test_what_a_glob_permits_is_what_a_list_by_it_finds(tmp_path: Path, glob: str) -> None:
    names = ["a.txt", "out/a.txt", "out/b.csv", "out/sub/a.txt", "out/sub/deep/a.txt", "sub/.hidden", "x"]
    for name in names:
        write_whole(tmp_path / name, "")
    found = [path.relative_to(tmp_path).as_posix() for path in paths_found(tmp_path, glob) if path.is_file()]
    assert sorted(found) == sorted(name for name in names if is_declared(name, [glob]))
