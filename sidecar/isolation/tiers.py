"""How far a worker can be locked in on this machine.

limited     a process of its own, with limits and an empty environment; nothing else holds it
filtered    and seccomp: no network, no further processes, no hold on others
locked      and Landlock: no files but the libraries and its own scratch folder
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias, get_args

from sidecar.isolation import landlock, seccomp
from sidecar.isolation.kernel import LINUX

Tier: TypeAlias = Literal["limited", "filtered", "locked"]
TIERS: tuple[Tier, ...] = get_args(Tier)  # the weakest first

_WORDS: Mapping[Tier, str] = {
    "limited": "limits on memory, time and files, and nothing else",
    "filtered": "no network, no further processes; files as the user may",
    "locked": "no network, no further processes, no files of yours",
}


@dataclass(frozen=True)
class Reached:
    """The strongest tier here, and why there is no more."""

    tier: Tier
    because: str = ""

    @property
    def words(self) -> str:
        return f"{self.tier}: {_WORDS[self.tier]}" + (f" ({self.because})" if self.because else "")

    def is_less_than(self, wanted: Tier) -> bool:
        return TIERS.index(self.tier) < TIERS.index(wanted)


class TierTooWeak(Exception):
    """What this machine reaches is less than the settings accept."""


def require(least: Tier) -> None:
    """Raises TierTooWeak."""
    here = reached()
    if here.is_less_than(least):
        raise TierTooWeak(
            f"this machine isolates workers as {here.tier!r} ({here.because}), and the setting least_tier asks for "
            f"{least!r}. Run it where more is possible, or accept less: least_tier = {here.tier!r}. See: tend doctor"
        )


@cache
def reached() -> Reached:
    if not LINUX:
        return Reached("limited", f"{platform.system()} has neither Landlock nor seccomp")
    if not seccomp.available():
        return Reached("limited", f"there is no seccomp here, or not for {platform.machine()}")
    found, wanted = landlock.version(), landlock.VERSION_WANTED
    if found == 0:
        return Reached("filtered", "the kernel has no Landlock, or it is switched off (lsm=…)")
    if found < wanted:
        return Reached("filtered", f"the kernel's Landlock is version {found}; {wanted} is wanted, as Linux 6.2 has it")
    return Reached("locked")
