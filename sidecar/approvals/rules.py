"""What needs a person's yes, and whose: the tables of the settings over the defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sidecar.client.approval_settings import EVERY_SKILL, NEEDS, Need


@dataclass
class Rules:
    """On many hosts, as the one that leads has them: they may change."""

    needs: Mapping[str, Need] = field(default_factory=dict)
    approvers: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def need(self, what: str) -> Need:
        """Of an effect ("http.post"), a tool of the agent, or an irreversible step; reading is not in the table."""
        return self.needs.get(what, NEEDS.get(what, "never"))

    def need_of_irreversible(self, does: object) -> Need:
        """Of a step that says of which kind it is, or of none: the stricter of the two rules."""
        wanted = [self.need("irreversible"), *([self.need(f"irreversible.{does}")] if does else [])]
        return "always" if "always" in wanted else "ask"

    def may_answer(self, who: str, skill: str) -> bool:
        """Without a list, whoever can reach the sidecar's socket: the local user."""
        names = self.approvers.get(skill, self.approvers.get(EVERY_SKILL))
        return names is None or who in names
