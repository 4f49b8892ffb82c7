"""Waits that a person answers: one object for every surface.

    asked ─► open ─► approved | denied | answered   the first answer that is in time, by somebody on the list
                 ├─► expired                        nobody answered: what its author declared for that happens
                 └─► void                           its run is over, or what would be done is not what was shown

`asking.py` says what an approval is bound to, `answering.py` how each click is answered, `grants.py` what was approved
beforehand, `rules.py` what needs a yes at all.
"""

from sidecar.approvals.answering import Answer, Answered, Approvals, Ended, Standing, void
from sidecar.approvals.asking import DONE, NOT_YET, NewApproval, ask, bound_hash
from sidecar.approvals.rules import Rules

__all__ = [
    "DONE",
    "NOT_YET",
    "Answer",
    "Answered",
    "Approvals",
    "Ended",
    "NewApproval",
    "Rules",
    "Standing",
    "ask",
    "bound_hash",
    "void",
]
