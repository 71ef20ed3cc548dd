"""Readers, jq mappings and validation: documents of a source become records."""
