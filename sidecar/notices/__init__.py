"""What people are told, and how it comes to them.

run.notify, alerts ─► tell ─► notices, outbox ─► Courier ─► gateway ─► Slack, webhook, e-mail
                      one transaction            one thread for each target, on the host that leads
"""
