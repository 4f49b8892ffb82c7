"""People and the agent: the command line, the conversation, the review of what ran."""
