"""Three hosts on one PostgreSQL, and what strikes hosts, server, or the way between them."""
