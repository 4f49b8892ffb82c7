"""From a saved file to a verdict about exactly its bytes, without ever running them.

    workspace file ─► gather ─► Snapshot ─► CheckerProcess.check ─► Report
                                              │
                                              ├─ read_source, in a throwaway process: parse ─► manifest and body rule
                                              └─ BatchMypy, in another, at the same time: types

Both processes have limits on memory and time, know nothing of the workspace but the snapshot, and are used once.
"""
