"""Runs and their steps, as they are remembered. Every function here works inside the caller's transaction."""
