"""Measures this service beside its rivals; not shipped."""
