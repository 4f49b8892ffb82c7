"""What people and the agent can ask of the sidecar, by name; the API and a worker's pipe share this one table."""

from sidecar.commands.table import CommandTable, command

__all__ = ["CommandTable", "command"]
