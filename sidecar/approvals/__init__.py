"""Waits that a person answers: one object for every surface.

    asked ─► open ─► approved | denied | answered   the first answer that is in time, by somebody on the list
                 ├─► expired                        nobody answered: what its author declared for that happens
                 └─► void                           its run is over, or what would be done is not what was shown

`asking.py` says what an approval is bound to, `answering.py` how each click is answered.
"""

from sidecar.approvals.answering import Answer, Answered, Approvals, Ended, void
from sidecar.approvals.asking import DONE, NOT_YET, NewApproval, ask, bound_hash

__all__ = [
    "DONE",
    "NOT_YET",
    "Answer",
    "Answered",
    "Approvals",
    "Ended",
    "NewApproval",
    "ask",
    "bound_hash",
    "void",
]
