"""Finds the CI that a source's event or change is about, by ordered rules: reference, host, address, service, labels.

A rule that fits several CIs is narrowed by the later ones; what stays ambiguous is bound to none. A part of a host,
such as an interface, is bound where it is a CI of its own, else the host stands for it.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cmdb.desk.traits import is_generic, normalise
from cmdb.model.metamodel import Metamodel
from cmdb.model.provenance import AttributeValue
from cmdb.model.records import Item
from cmdb.model.subject import Subject

CANDIDATES = 3
"""CIs that the reason of an ambiguous subject names."""

Named = tuple[str, str]
"""Key and name of a CI."""

PartsOf = Callable[[str], Iterable[Named]]
"""Which CIs are parts of the one with this key."""

_ADDRESSES = ("ip_addresses", "mac_addresses", "mac_address")
_NAMES = frozenset({"fqdn", *_ADDRESSES})
_TIERS = ("service", "software", "workload", "container_endpoint", "data_store")
"""Classes whose names services have: of several CIs of one name the first that is of the earliest class counts."""

_CLUSTER_KINDS = (
    "pod",
    "statefulset",
    "deployment",
    "daemonset",
    "job",
    "cronjob",
    "persistentvolumeclaim",
    "service",
)
"""Labels that name an object of a container cluster, the closest first."""

_HOST_LABELS = ("host", "hostname", "nodename", "node", "instance")
_SERVICE_LABELS = ("service", "application", "app", "job")

_PORT_WORDS = {
    "ethernet": "eth", "fastethernet": "fa", "gigabitethernet": "gi", "twogigabitethernet": "tw",
    "tengigabitethernet": "te", "tengige": "te", "twentyfivegige": "twe", "fortygigabitethernet": "fo",
    "hundredgige": "hu", "hundredgigabitethernet": "hu", "port-channel": "po", "loopback": "lo", "vlan": "vl",
    "management": "mgmt", "et": "eth", "gig": "gi", "ten": "te",
}  # fmt: skip
_PORT = re.compile(r"([a-z-]*?)\s*-?([0-9][0-9/.:]*)?")


@dataclass(frozen=True, slots=True)
class Binding:
    """The CI that was found, none with an empty key, and why."""

    key: str
    reason: str


class NameIndex:
    """What CIs are called, by everything that a source may know them by; changed CIs are put anew."""

    def __init__(self, metamodel: Metamodel) -> None:
        """Start empty."""
        self._metamodel = metamodel
        self._held: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._names: dict[str, frozenset[tuple[str, str]]] = {}
        self._fqdn: dict[str, str] = {}
        self._tier: dict[str, int] = {}

    def __contains__(self, key: object) -> bool:
        """Whether a CI with this key was put."""
        return key in self._names

    def put(self, item: Item) -> None:
        """Take in a CI as it is now; a retired one is called nothing any more."""
        for name in self._names.pop(item.key, frozenset()):
            self._held[name].discard(item.key)
        self._fqdn.pop(item.key, None)
        if item.retired:
            return
        names = frozenset(self._names_of(item))
        self._names[item.key] = names
        for name in names:
            self._held[name].add(item.key)
        if isinstance(fqdn := item.attributes.get("fqdn"), str):
            self._fqdn[item.key] = normalise(fqdn)
        self._tier[item.key] = self._tier_of(item.ci_class)

    def _tier_of(self, ci_class: str) -> int:
        fitting = (tier for tier, name in enumerate(_TIERS) if self._metamodel.is_a(ci_class, name))
        return next(fitting, len(_TIERS))

    def _names_of(self, item: Item) -> Iterator[tuple[str, str]]:
        for row in item.sightings:
            yield f"native {row.source}", row.key
            yield "native", row.key
            yield from _tails(row.key)
        yield from _tails(item.key)
        known = self._metamodel.classes.get(item.ci_class)
        for attribute in (rule[0] for rule in (known.identity if known else ()) if len(rule) == 1):
            if attribute not in _NAMES:
                yield from (("native", value) for value in _values(item.attributes.get(attribute)))
        for attribute in _ADDRESSES:
            yield from (("address", value) for value in _values(item.attributes.get(attribute)))
        hosts = [*_values(item.attributes.get("fqdn"))]
        if self._metamodel.is_a(item.ci_class, "networked_item"):
            hosts += _values(item.name)
        for host in hosts:
            yield "host", host
            yield "short", host.split(".")[0]
        if self._tier_of(item.ci_class) < len(_TIERS):
            yield from (("service", value) for value in _values(item.name))

    def find(self, source: str, subject: Subject, parts_of: PartsOf) -> Binding:
        """Return the one CI that the subject means, or why none was found."""
        candidates: set[str] = set()
        told = ""
        for rule, found in self._rules(source, subject):
            candidates = candidates & found or candidates or found
            told = told or (rule if found else "")
            if len(candidates) == 1:
                return self._part(next(iter(candidates)), told, subject, parts_of)
        if candidates:
            shown = ", ".join(sorted(candidates)[:CANDIDATES])
            return Binding("", f"{told} fits {len(candidates)} CIs: {shown}")
        return Binding("", "no CI is known by " + (self._asked(subject) or "anything that the subject names"))

    def _rules(self, source: str, subject: Subject) -> Iterator[tuple[str, set[str]]]:
        labels = {name.casefold(): value for name, value in subject.labels.items()}
        yield f"reference {subject.reference}", self._by_reference(source, subject.reference)
        yield f"host {subject.host}", self._by_host(subject.host)
        yield f"address {subject.address}", self._by("address", subject.address)
        yield "labels of a container cluster", self._by_cluster(labels)
        yield f"service {subject.service}", self._by_service(subject.service)
        for name in _HOST_LABELS:
            host = labels.get(name, "").rpartition(":")[0] or labels.get(name, "")
            yield f"label {name}", self._by_host(host) or self._by("address", host)
        for name in _SERVICE_LABELS:
            yield f"label {name}", self._by_service(labels.get(name, ""))

    def _asked(self, subject: Subject) -> str:
        asked = (("reference", subject.reference), ("host", subject.host), ("address", subject.address))
        named = [f"{name} {value}" for name, value in (*asked, ("service", subject.service)) if value]
        return ", ".join(named)

    def _by(self, kind: str, value: str) -> set[str]:
        wanted = normalise(value)
        return set() if not wanted or is_generic(wanted) else self._held.get((kind, wanted), set())

    def _by_reference(self, source: str, reference: str) -> set[str]:
        """Our own key first, then the source's, then that of any source or what the class is identified by."""
        if not reference:
            return set()
        if reference in self._names:
            return {reference}
        own = self._held.get((f"native {source}", reference)) or self._held.get(("native", reference))
        return own or self._by("native", reference)

    def _by_host(self, host: str) -> set[str]:
        """The whole name, else the short one of CIs that do not say another whole name."""
        found = self._by("host", host)
        if found or not host:
            return found
        wanted = normalise(host)
        near = self._by("short", wanted.split(".")[0])
        return {key for key in near if "." not in wanted or "." not in self._fqdn.get(key, "")}

    def _by_service(self, service: str) -> set[str]:
        found = self._by("service", service)
        first = min((self._tier[key] for key in found), default=0)
        return {key for key in found if self._tier[key] == first}

    def _by_cluster(self, labels: Mapping[str, str]) -> set[str]:
        namespace = labels.get("namespace", "")
        for kind in _CLUSTER_KINDS:
            if namespace and labels.get(kind):
                found = self._held.get(("tail", f"{namespace}/{kind}/{labels[kind]}".casefold()))
                if found:
                    return found
        return set()

    def _part(self, key: str, rule: str, subject: Subject, parts_of: PartsOf) -> Binding:
        if not subject.part:
            return Binding(key, rule)
        wanted = port_name(subject.part)
        fitting = sorted(part for part, name in parts_of(key) if port_name(name) == wanted)
        if len(fitting) == 1:
            return Binding(fitting[0], f"{rule}, part {subject.part}")
        return Binding(key, f"{rule}; its part {subject.part} is no CI of its own")


def port_name(name: str) -> str:
    """Return an interface's name as vendors write it short: GigabitEthernet0/1 and Gi0/1 are one."""
    text = name.strip().casefold()
    fitting = _PORT.fullmatch(text)
    if fitting is None:
        return text
    word = fitting[1].strip()
    return _PORT_WORDS.get(word, word) + (fitting[2] or "")


def _values(held: AttributeValue | None) -> Sequence[str]:
    entries = held if isinstance(held, tuple) else (held,) if held is not None else ()
    return [value for entry in entries if not is_generic(value := normalise(entry))]


def _tails(key: str) -> Iterator[tuple[str, str]]:
    """Yield namespace, kind and name of a cluster's object, whose key begins with the cluster."""
    parts = key.split("/")
    if len(parts) == 4:
        yield "tail", "/".join(parts[1:]).casefold()
