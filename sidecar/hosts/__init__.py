"""One host among others: known, alive, perhaps leading."""
