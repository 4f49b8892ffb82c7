"""How long a host may be silent."""

RENEW_EVERY = 1.0  # seconds
LEASE = 5.0  # seconds without a renewal after which a host ends what it runs
TAKE_OVER_AFTER = 7.0  # seconds of silence after which others take its place
