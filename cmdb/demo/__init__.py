"""Plays the VPN outage against a running service."""
