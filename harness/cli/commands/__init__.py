"""The commands, one group a file: read the words typed, ask the client, print a page."""
