"""One store over Bolt, served by Neo4j or by the embedded engine."""
