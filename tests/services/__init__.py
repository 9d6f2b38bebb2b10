"""Private PostgreSQL and Redis servers for tests, and the tests that need real servers and real processes."""
