"""A graph-backed CMDB and impact service."""
