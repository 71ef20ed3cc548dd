"""Channels: other systems that are told of tickets."""
