"""Links, FIFOs and odd names neither stop the watch nor lead it out of the workspace."""

from __future__ import annotations

import os
from pathlib import Path

from sidecar.watcher import look_at
from tests.watcher.conftest import Watched


def test_a_link_to_a_folder_is_not_followed(watched: Watched, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "far.py").write_text("far")
    (watched.workspace / "lib/link").symlink_to(outside)
    (watched.workspace / "skills/link.py").symlink_to(outside)
    watched.nothing_reported_about("lib/link/far.py", "skills/link.py/far.py")
    assert set(look_at(watched.workspace).folders) == {".", "skills", "lib"}


def test_a_root_that_is_a_link_out_of_the_workspace_is_as_good_as_missing(tmp_path: Path) -> None:
    workspace, outside = tmp_path / "workspace", tmp_path / "outside"
    workspace.mkdir()
    outside.mkdir()
    (outside / "far.py").write_text("far")
    (workspace / "skills").symlink_to(outside)
    assert look_at(workspace).files == {}


def test_a_link_that_leaves_is_reported_but_its_target_not_looked_at(watched: Watched, tmp_path: Path) -> None:
    target = tmp_path / "far.py"
    target.write_text("far")
    (watched.workspace / "skills/far.py").symlink_to(target)
    watched.until(lambda: "skills/far.py" in watched.contents, "waited for the link")
    assert (
        look_at(watched.workspace).files["skills/far.py"].inode == (watched.workspace / "skills/far.py").lstat().st_ino
    )


def test_a_link_inside_the_workspace_shows_changes_of_its_target(watched: Watched) -> None:
    target = watched.workspace / "target.txt"
    target.write_text("one")
    (watched.workspace / "skills/linked.py").symlink_to(target)
    watched.until_reported("skills/linked.py", "one")
    target.write_text("two and more")
    watched.until_reported("skills/linked.py", "two and more")


def test_a_fifo_is_reported_and_never_opened(watched: Watched) -> None:
    os.mkfifo(watched.workspace / "skills/pipe.py")
    watched.until(lambda: "skills/pipe.py" in watched.contents, "waited for the FIFO")
    watched.save("skills/after.py", "after")
    watched.until_reported("skills/after.py", "after")


def test_a_link_that_leads_to_itself_is_reported_and_hides_no_other_file(watched: Watched) -> None:
    (watched.workspace / "skills/loop.py").symlink_to("loop.py")
    watched.until(lambda: "skills/loop.py" in watched.contents, "waited for the link")
    watched.save("skills/after.py", "after")
    watched.until_reported("skills/after.py", "after")


def test_odd_names(watched: Watched) -> None:
    skills = watched.workspace / "skills"
    for name in ("two words.py", "-dash.py", "ünï.py"):
        (skills / name).write_text(name)
        watched.until_reported(f"skills/{name}", name)
    ignored = [".hidden.py", "swap.py.swp", "backup.py~", "new\nline.py"]
    for name in ignored:
        (skills / name).write_text(name)
    (Path(os.fsdecode(os.fsencode(skills) + b"/not-\xff-text.py"))).write_text("odd")
    (skills / "folder").mkdir()
    (skills / "folder/deep.py").write_text("deep")
    (watched.workspace / "lib/__pycache__").mkdir()
    (watched.workspace / "lib/__pycache__/x.py").write_text("x")
    watched.nothing_reported_about(
        *(f"skills/{name}" for name in ignored), "skills/folder/deep.py", "lib/__pycache__/x.py"
    )
    assert not [path for path in watched.contents if "text" in path]


def test_helpers_at_any_depth(watched: Watched) -> None:
    (watched.workspace / "lib/a/b/c").mkdir(parents=True)
    (watched.workspace / "lib/a/b/c/deep.py").write_text("deep")
    watched.until_reported("lib/a/b/c/deep.py", "deep")
    watched.save("lib/a/b/c/deep.py", "deeper")
    watched.until_reported("lib/a/b/c/deep.py", "deeper")


def test_a_folder_moved_in_with_its_files(watched: Watched, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/prices.py").write_text("prices")
    (tmp_path / "shop").rename(watched.workspace / "lib/shop")
    watched.until_reported("lib/shop/prices.py", "prices")
