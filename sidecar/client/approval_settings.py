"""Two tables of `tend.toml`: what needs a person's yes, and whose.

    [approvals]                          [approvers]
    "http.delete" = "always"             "*" = ["person"]
    irreversible = "ask"                 refunds = ["person", "ada"]

In the environment each is a JSON object: TEND_APPROVALS='{"http.post": "ask"}'.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, get_args

Need: TypeAlias = Literal["never", "ask", "always"]
EVERY_SKILL = "*"

# By how far it reaches and whether it can be taken back. "ask": a standing approval may say yes; "always": a person
# does, each time. What a skill's code demands (an irreversible step) is the least.
NEEDS: Mapping[str, Need] = {
    "irreversible": "ask",  # a step that its author has marked
    "irreversible.sends": "ask",  # of these, those that say does="sends", and so on; deploying changes production
    "irreversible.pays": "ask",
    "irreversible.deletes": "ask",
    "irreversible.deploys": "ask",
    "http.post": "never",  # out of a step that is not marked; "ask" wants it in one that is
    "http.put": "never",
    "http.patch": "never",
    "http.delete": "never",
    "files.write": "never",
    "shell.run": "never",  # the skill's first version had a yes for the program, which runs in a box
    "skills.remove": "ask",  # the agent's tools: versions stay, but nothing runs any more
    "skills.write": "never",  # drafting: the check and the card decide what goes live
    "skills.edit": "never",
    "helpers.write": "never",
    "skills.run": "never",
    "skills.pause": "never",
    "skills.resume": "never",
    "memory.write": "never",
    "world.look": "never",  # reading
}


def parse_needs(value: object) -> dict[str, Need]:
    """Raises ValueError, with what is wrong."""
    needs: dict[str, Need] = {}
    for what, need in _table(value).items():
        if what not in NEEDS:
            raise ValueError(f"there is nothing called {what!r}; there are: {', '.join(NEEDS)}")
        if need not in get_args(Need):
            raise ValueError(f"{what} is {need!r}; it is 'never', 'ask' or 'always'")
        if what.startswith("irreversible") and need == "never":
            raise ValueError("an irreversible step always needs a yes; it is 'ask' or 'always'")
        needs[what] = need
    return needs


def parse_approvers(value: object) -> dict[str, tuple[str, ...]]:
    """By skill; raises ValueError, with what is wrong."""
    approvers: dict[str, tuple[str, ...]] = {}
    for skill, names in _table(value).items():
        if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
            raise ValueError(f"{skill} is {names!r}; a list of names is wanted, at least one")
        approvers[skill] = tuple(names)
    return approvers


def _table(value: object) -> dict[str, Any]:
    table = json.loads(value) if isinstance(value, str) else value
    if not isinstance(table, dict):
        raise ValueError(f"{value!r} is no table")  # noqa: TRY004 # like all that is wrong with a setting
    return table
