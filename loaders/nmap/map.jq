# A host that is up becomes a server, each of its open ports a network service that RUNS_ON it.

def names($type): [.hostnames[] | select(.type == $type and .name != null) | .name | ascii_downcase | rtrimstr(".")] | unique;
def addresses($type): [.addresses[] | select(.addrtype == $type) | .addr | ascii_downcase] | unique;

# The name in the DNS comes first: it does not depend on how the scan was called.
def host_names: names("PTR") + names("user") | reduce .[] as $name ([]; if index($name) then . else . + [$name] end);
def ips: addresses("ipv4") + addresses("ipv6");
def host_key: (host_names + ips + addresses("mac"))[0];

# A guess below this accuracy names a different system about as often as the right one.
def system: [.os[] | select(.accuracy != null and (.accuracy | tonumber) >= 90)] | max_by(.accuracy | tonumber) | .name;

def drop_empty: with_entries(select(.value != null and .value != "" and .value != []));

def open_ports: [.ports[] | select(.state.state == "open")];

def server($key): {
  kind: "item",
  class: "server",
  key: $key,
  name: $key,
  attributes: ({
    fqdn: ([.[] | host_names[] | select(contains("."))][0]),
    ip_addresses: (map(ips) | add | unique),
    mac_addresses: (map(addresses("mac")) | add | unique),
    os: (map(system | values)[0])
  } | drop_empty)
};

def port_key($key): "\($key):\(.protocol)/\(.portid)";

def network_service($key): {
  kind: "item",
  class: "network_service",
  key: port_key($key),
  name: "\(.service.name // "unknown") on \($key) \(.protocol)/\(.portid)",
  attributes: ({
    protocol: .protocol,
    port: (.portid | tonumber),
    service_name: .service.name,
    product: .service.product,
    version: .service.version,
    tunnel: .service.tunnel
  } | drop_empty)
};

# Two entries of one scan with one name are one host with several addresses.
[.hosts[] | select(.status.state == "up") | select(host_key != null)]
| group_by(host_key)[]
| (.[0] | host_key) as $key
| server($key),
  (
    [.[] | open_ports[]]
    | unique_by([.protocol, (.portid | tonumber)])[]
    | network_service($key),
      {kind: "dependency", consumer: port_key($key), verb: "RUNS_ON", provider: $key}
  )
