"""The capability card: what a version may do and costs, read from its code without running it."""
