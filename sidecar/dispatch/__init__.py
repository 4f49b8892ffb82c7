"""Hands ready runs to live workers, on one machine or on many."""
