"""The boundary around what executes code of a skill, tried from inside."""
