"""The weekly review's evidence: what the run history shows about each skill, in numbers that cite runs."""
