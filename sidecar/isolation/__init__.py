"""What holds a process in that executes code of a skill, or reads it: the operating system."""
