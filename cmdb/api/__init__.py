"""GraphQL over HTTP and the health endpoints."""
