"""From a saved file to a verdict about exactly its bytes, without ever running them.

    workspace file ─► gather ─► Snapshot ─► CheckerProcess.check ─► Report
                                              │
                                              ├─ Reader: parse ─► manifest and body rule
                                              └─ TypeChecker: mypy, at the same time

Each half runs in a process that is used once, with limits on memory and time, and knows nothing of the workspace but
the snapshot: a child of a warm zygote (`WarmChecks`), or, slower, a process started for it (`ThrowawayReader`,
`BatchMypy`).
"""
