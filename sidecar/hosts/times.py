"""How long a host may be silent. Between the end of its lease and its take-over it has the time to end what it runs."""

RENEW_EVERY = 1.0  # seconds
LEASE = 4.5  # seconds without a renewal after which a host ends what it runs
TAKE_OVER_AFTER = 6.0  # seconds of silence after which others take its place
LOOK_FOR_SILENT_EVERY = 0.25  # seconds
