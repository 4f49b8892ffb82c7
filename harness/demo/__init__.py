"""Tend without a key: a model that follows a script, behind the real protocol."""
