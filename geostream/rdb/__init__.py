"""Redis' RDB format: values, DUMP payloads and whole files, both ways."""
