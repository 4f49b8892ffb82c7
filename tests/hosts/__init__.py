"""Many hosts on one database: who leads, who executes, and what happens when one is gone."""
