"""The web pages and their API: what the sidecar holds, for a browser."""
