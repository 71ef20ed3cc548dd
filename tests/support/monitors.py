"""What monitors post of the outage, in each tool's own format, and the devices' own voices; every time is given."""

from datetime import datetime
from typing import Any

Body = dict[str, Any]
NEVER = "0001-01-01T00:00:00Z"
"""How Alertmanager and Grafana write an end that has not come."""

COMMUNITY = "mills"
LINK_DOWN, LINK_UP = 2, 3
"""Generic traps of version 1."""


def librenms_utilisation(at: datetime, *, ended: bool = False) -> Body:
    """Return the alert of an interface that is full, as the transport of the type API posts it."""
    told = (
        "Device edge-1.mills.example recovered from" if ended else "Alert for device edge-1.mills.example -"
    )
    return {
        "title": f"{told} Interface utilisation above 90 %",
        "hostname": "edge-1.mills.example",
        "device_id": "7",
        "sysName": "edge-1",
        "ip": "192.0.2.1",
        "os": "iosxe",
        "type": "network",
        "location": "North Campus",
        "rule_id": "21",
        "name": "Interface utilisation above 90 %",
        "severity": "ok" if ended else "warning",
        "state": "0" if ended else "1",
        "timestamp": f"{at:%Y-%m-%d %H:%M:%S}",
        "uid": f"{at.timestamp():.0f}",
        "faults": [{"ifName": "Gi0/1", "ifAlias": "WAN circuit 1"}],
    }


def grafana_probe(since: datetime, ended: datetime | None = None) -> Body:
    """Return what unified alerting posts of the probe that sets a tunnel up from outside."""
    state = "resolved" if ended else "firing"
    alert = {
        "status": state,
        "labels": {"alertname": "VPN probe from outside", "service": "VPN", "severity": "high"},
        "annotations": {"summary": "the tunnel is set up and drops after seconds"},
        "startsAt": since.isoformat(),
        "endsAt": ended.isoformat() if ended else NEVER,
        "generatorURL": "https://grafana.mills.example/alerting/grafana/vpn/view",
        "fingerprint": "5a1c0f",
    }
    return {"receiver": "cmdb", "status": state, "orgId": 1, "alerts": [alert], "version": "1"}


def checkly_login(at: datetime, *, ended: bool = False) -> Body:
    """Return the alert of the browser check that logs in to the finance application."""
    return {
        "event": "Finance has recovered" if ended else "Finance has failed",
        "alert_type": "ALERT_RECOVERY" if ended else "ALERT_FAILURE",
        "check_name": "Finance",
        "check_id": "927a2982-1007-4b81-b383-eae8bf717e61",
        "check_type": "BROWSER",
        "check_error_message": "" if ended else "log-in from outside: time-out",
        "run_location": "Frankfurt",
        "started_at": at.isoformat(),
        "link": "https://app.checkly.mills.example/checks/927a2982",
    }


def zabbix_disk(*, ended: bool = False) -> Body:
    """Return what the webhook media type posts of the print server's disk; it tells no time."""
    return {
        "hostname": "print-1.mills.example",
        "severity": "Average",
        "status": "OK" if ended else "PROBLEM",
        "item": "Free space on the spool volume",
        "trigger": "Spool volume of print-1 is full",
        "link": f"https://zabbix.mills.example/tr_events.php?triggerid=71&eventid={901 if ended else 900}",
    }


def router_log(number: int, dropped: int) -> str:
    """Return a line of the router's own error log as it sends it by syslog: level 2, no year, no zone."""
    return (
        f"<186>{number}: edge-1: Mar  2 11:14:00: "
        f"%CRYPTO-2-SESSIONS_DROPPED: crypto engine: {dropped} sessions dropped"
    )
