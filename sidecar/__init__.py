"""Keeps the promises: checks a saved skill, loads it, runs it on its schedule and remembers every step.

    workspace file ─► watcher ─► checker ─► registry ─► triggers ─► dispatcher ─► worker ─► journal ─► review
                                                                                    │
                                                                     gateway ◄──────┘  the only way out

The harness enters by one door, `sidecar.client`.
"""
