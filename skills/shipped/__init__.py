"""The skills that ship with Tend. They run like any other, and may ask the sidecar for commands."""
