"""What may be spent, in money and in counts: reserved before each paid call, settled after.

    a model call ─► estimate ─► room under every cap? ── yes ──► reserved ─► the call ─► settled at its cost
                                       │ no                          └─ the process dies: kept at the estimate
                                       ▼
                     the run waits (reason budget) ─► a person raises the cap, or a new day has room: it goes on
                                       └────────────► nobody does: it fails with `budget_exhausted`

The look at the caps and the reservation are one transaction, so that a cap holds whatever runs beside.
"""
