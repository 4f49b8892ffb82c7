"""Files that are not the attempt's."""

from __future__ import annotations

import os
from pathlib import Path

from tests.isolation.attempts import Attempts
from tests.isolation.stage import Stage

FILES = attempt = Attempts()


@attempt()
def read_a_file(stage: Stage) -> object:
    """read a person's file."""
    return stage.secret.read_text()


@attempt()
def read_through_a_link(stage: Stage) -> object:
    """read it through a link in the scratch folder."""
    link = stage.scratch / f"link.{os.getpid()}"
    link.symlink_to(stage.secret)
    return link.read_text()


@attempt()
def read_upwards(stage: Stage) -> object:
    """read it as ../secret.txt."""
    return (stage.scratch / ".." / stage.secret.name).read_text()


@attempt()
def read_a_descriptor(stage: Stage) -> object:
    """read it from a descriptor that was open before."""
    return os.pread(stage.descriptor, 10, 0)


@attempt()
def read_a_high_descriptor(stage: Stage) -> object:
    """read it from one with a high number."""
    return os.pread(stage.high_descriptor, 10, 0)


@attempt()
def read_passwd(stage: Stage) -> object:
    """read /etc/passwd."""
    return Path("/etc/passwd").read_text()


@attempt()
def list_a_folder(stage: Stage) -> object:
    """list a person's folder."""
    return list(stage.home.iterdir())


@attempt()
def write_a_file(stage: Stage) -> object:
    """write into a person's file."""
    with stage.secret.open("a") as file:
        return file.write(" ")


@attempt()
def create_a_file(stage: Stage) -> object:
    """create a file in a person's folder."""
    return (stage.home / f"new.{os.getpid()}").write_text("x")


@attempt()
def truncate_a_file(stage: Stage) -> object:
    """empty a file by its path."""
    os.truncate(stage.spoiled("truncated"), 0)
    return None


@attempt()
def truncate_by_opening(stage: Stage) -> object:
    """empty a file by opening it."""
    return os.open(stage.spoiled("emptied"), os.O_RDONLY | os.O_TRUNC)


@attempt()
def rename_a_file(stage: Stage) -> object:
    """rename a file."""
    return stage.spoiled("renamed").rename(stage.home / f"renamed.{os.getpid()}")


@attempt()
def take_a_file(stage: Stage) -> object:
    """move a file into the scratch folder."""
    return stage.spoiled("taken").rename(stage.scratch / f"taken.{os.getpid()}")


@attempt()
def link_a_file(stage: Stage) -> object:
    """make a hard link to a file in the scratch folder."""
    os.link(stage.secret, stage.scratch / f"hard.{os.getpid()}")
    return None


@attempt()
def delete_a_file(stage: Stage) -> object:
    """delete a file."""
    stage.spoiled("deleted").unlink()
    return None


@attempt()
def make_a_folder(stage: Stage) -> object:
    """make a folder."""
    (stage.home / f"folder.{os.getpid()}").mkdir()
    return None


@attempt()
def chmod_a_file(stage: Stage) -> object:
    """change a file's mode."""
    stage.secret.chmod(0o600)
    return None


@attempt()
def chown_a_file(stage: Stage) -> object:
    """change a file's owner."""
    os.chown(stage.secret, os.getuid(), os.getgid())
    return None


@attempt()
def change_times(stage: Stage) -> object:
    """change a file's times."""
    os.utime(stage.secret)
    return None


@attempt()
def make_a_fifo(stage: Stage) -> object:
    """make a FIFO in the scratch folder."""
    os.mkfifo(stage.scratch / f"fifo.{os.getpid()}")
    return None


@attempt(needs_root=True)
def make_a_device(stage: Stage) -> object:
    """make a device in the scratch folder."""
    os.mknod(stage.scratch / f"device.{os.getpid()}", 0o20600, os.makedev(1, 5))
    return None
