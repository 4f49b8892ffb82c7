"""Runs: from a ready segment to a worker that executes it, and the conversation between the two."""
