"""Local parts: a Kafka (real or embedded) and a PostgreSQL on this machine, for the demo and the tests."""
