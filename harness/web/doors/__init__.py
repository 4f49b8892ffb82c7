"""The doors for machines: what other services say has happened, stored as events before they are answered.

POST /hooks/NAME  signature ─┐
                             ├─► intake ─► the sidecar: one transaction for all that wait ─► 202
POST /events      token ─────┘
"""
