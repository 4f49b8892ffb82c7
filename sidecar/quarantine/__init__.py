"""Keeps a skill that fails again and again from being started by its triggers."""
