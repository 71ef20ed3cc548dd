# A host that is up becomes a machine, each of its open ports a network service that RUNS_ON it.

def names($type): [.hostnames[] | select(.type == $type and .name != null) | .name | domain_name] | unique;
def addresses($type): [.addresses[] | select(.addrtype == $type) | .addr] | unique;
def ips: [(addresses("ipv4") + addresses("ipv6"))[] | address];
def macs: [addresses("mac")[] | mac];

# The name in the DNS comes first: it does not depend on how the scan was called.
def host_names: names("PTR") + names("user") | reduce .[] as $name ([]; if index($name) then . else . + [$name] end);
def host_key: (host_names + ips + macs)[0];

# A guess below this accuracy names a different system about as often as the right one.
def system: [.os[] | select(.accuracy != null and (.accuracy | tonumber) >= 90)] | max_by(.accuracy | tonumber);
def class_of: {router: "router", "broadband router": "router", switch: "switch", firewall: "firewall", WAP: "wireless_access_point",
  "load balancer": "load_balancer", printer: "printer", "print server": "printer", "VoIP phone": "telephone", "storage-misc": "storage_array",
  "power-device": "pdu"}[.osclass.type? // ""] // "server";

def machine($key): (map(system | values)[0] // {}) as $system
  | item($system | class_of; $key; $key; {
      fqdn: ([.[] | host_names[] | select(contains(".") and (test("^[0-9.]+$|^localhost\\.") | not))][0]),
      ip_addresses: (map(ips) | add | unique), mac_addresses: (map(macs) | add | unique), os: $system.name});

def network_service($host): item("network_service"; "\($host):\(.protocol)/\(.portid)"; "\(.service.name // "unknown") on \($host) \(.protocol)/\(.portid)"; {
    protocol: .protocol, port: (.portid | tonumber), service_name: .service.name, product: .service.product, version: .service.version,
    tunnel: .service.tunnel});

# Two entries of one scan with one name are one host with several addresses.
[.hosts[] | select(.status.state == "up") | select(host_key != null)]
| group_by(host_key)[]
| (.[0] | host_key) as $host
| machine($host),
  ([.[].ports[] | select(.state.state == "open")] | unique_by([.protocol, (.portid | tonumber)])[]
    | network_service($host) | ., need(.key; "RUNS_ON"; $host))
