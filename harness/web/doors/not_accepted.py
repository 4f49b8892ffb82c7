"""Why something was not taken."""

from __future__ import annotations


class NotAccepted(Exception):
    """Nothing of it is stored. `.type` names the reason for programs, `.status` is the answer's."""

    def __init__(self, type_: str, message: str, status: int = 401) -> None:
        super().__init__(message)
        self.type = type_
        self.status = status
