"""The conversation with the agent: one session, told on a screen as it goes, or asked once."""
