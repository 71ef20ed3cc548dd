# All objects of a load at once: REST lists, single objects and GraphQL answers of NetBox 2.5 and later.

def rows:
  if type == "array" then .[] | rows
  elif type != "object" then empty
  elif (.results | type) == "array" then .results[] | rows
  elif (.data | type) == "object" then .data | rows
  elif has("id") then .
  else to_entries[] | .key as $list | .value | rows | .graphql_list = $list end;

# What an object is: by its address, by the list of a GraphQL answer, else by its fields.
def by_address: .url | strings | capture("/api/(?<app>[a-z]+)/(?<list>[a-z-]+)/") | (if .app == "virtualization"
  and .list == "interfaces" then "vm-interfaces" else .list end);
def by_list: .graphql_list | values | rtrimstr("_list") | gsub("_"; "-")
  | {"vm-interface": "vm-interfaces", "virtual-chassis": "virtual-chassis", "ip-address": "ip-addresses"}[.] // . + "s";
def by_fields:
  if has("device_type") then "devices" elif has("cid") then "circuits" elif has("term_side") then "circuit-terminations"
  elif has("termination_a_type") or has("a_terminations") then "cables" elif has("interface_a") then "interface-connections"
  elif has("power_panel") then "power-feeds" elif has("power_outlet") or has("maximum_draw") then "power-ports"
  elif has("feed_leg") or has("connected_port") or has("power_port") then "power-outlets"
  elif has("rear_port") then "front-ports" elif has("device") and has("positions") then "rear-ports"
  elif has("installed_device") then "device-bays" elif has("virtual_machine") and has("enabled") then "vm-interfaces"
  elif has("device") and has("mgmt_only") then "interfaces" elif has("vcpus") then "virtual-machines"
  elif has("address") and has("family") then "ip-addresses" elif has("vid") then "vlans" elif has("rd") then "vrfs"
  elif has("u_height") and has("site") then "racks" elif has("master") then "virtual-chassis"
  elif has("noc_contact") or has("portal_url") then "providers" elif has("physical_address") then "sites"
  elif has("type") and has("group") and (has("site") or has("scope")) then "clusters"
  elif has("group") and has("comments") and (has("manufacturer") | not) then "tenants" else "lookups" end;
def kind: ([by_address, by_list][0]) // by_fields;

def value: if type == "object" then (.value // .slug // .label // .name) else . end | if type == "string"
  then ascii_downcase else . end;
def display: .name // .display // .display_name // "\(.id)";
def tags: [.tags[]? | if type == "object" then (.slug // .name) else . end];
def lifecycle: .status | value | tostring | {active: "in_use", "true": "in_use", "1": "in_use", status_active: "in_use",
  planned: "planned", staged: "staged", failed: "failed", decommissioning: "decommissioning"}[.];

# Roles are free text in NetBox; the device type helps where the role says nothing.
def class_of_words:
  if test("pdu|power.?dist") then "pdu" elif test("\\bups\\b") then "ups" elif test("patch|panel") then "patch_panel"
  elif test("firewall|\\bfw\\b|\\bsrx|fortigate") then "firewall"
    elif test("load.?balanc|\\badc\\b|big-?ip") then "load_balancer"
  elif test("vpn") then "vpn_concentrator" elif test("wireless.?(lan.?)?contr|\\bwlc\\b") then "wireless_controller"
  elif test("access.?point|wireless|wifi|\\bwap\\b") then "wireless_access_point"
    elif test("hypervisor|esxi?\\b|vm.?host|virtualization") then "hypervisor"
  elif test("router|\\bedge|\\bwan\\b|\\bcpe\\b|gateway") then "router"
    elif test("switch|\\bleaf|spine|\\btor\\b|\\bcore\\b|distribution|aggregation") then "switch"
  elif test("storage|\\bsan\\b|\\bnas\\b|filer") then "storage_array" elif test("printer") then "printer"
    elif test("workstation|desktop") then "workstation"
  elif test("server|compute|\\bhost|blade|\\bnode") then "server"
    elif test("cooling|\\bcrac|hvac") then "cooling_unit" else null end;
def device_class: ((.role // .device_role // {}) | "\(.slug) \(.name)" | ascii_downcase | class_of_words)
  // (.device_type // {} | "\(.slug) \(.model)" | ascii_downcase | class_of_words) // "network_appliance";
def is_end: IN("server", "hypervisor", "storage_array", "printer", "workstation", "wireless_access_point", "load_balancer",
  "network_appliance");

def key($type): "\($type):\(.id)";
def device_groups: {groups: [any_of("power"), any_of("uplinks")]};
def device: mention("network_appliance"; key("dcim.device"); display; {}) + device_groups;
def powered_device: mention("pdu"; key("dcim.device"); display; {}) + device_groups;
def machine: mention("virtual_machine"; key("virtualization.virtualmachine"); display; {});
def port_name: "\((.device // .virtual_machine // {}) | display):\(.name)";
def interface: mention("network_interface"; key("dcim.interface"); port_name; {});
def cable: mention("network_link"; key("dcim.cable"); (.label // "" | if . == "" then null else . end) // "cable \(.id)"; {});
def circuit: mention("wan_circuit"; key("circuits.circuit"); .cid; {carrier: .provider.name?, circuit_id: .cid});
def owned($item): .tenant | objects | "tenant:\(.slug // .id)" as $party
  | {kind: "party", key: $party, party_kind: "organisation", name}, {kind: "assignment", party: $party, role: "owns",
    item: $item};
def inside($item; $places): [$places[] | select(. != null and .key != null)][0] | values
  | ., need($item; "CONTAINED_IN"; .key);
def place($class; $of): if type == "object" then mention($class; key($of); display; {}) else null end;
def places: [(.rack | place("rack"; "dcim.rack")), (.location // .group | place("room"; "dcim.location")), (.site // .scope
  | place("site"; "dcim.site"))];

# The end of a cable: what it is mentioned as, or null for an end that carries neither data nor current.
def cable_end($type):
  if $type == "dcim.interface" then interface
  elif $type == "dcim.frontport" then mention("network_interface"; key("dcim.frontport"); port_name; {})
  elif $type == "dcim.rearport" then mention("network_interface"; key("dcim.rearport"); port_name; {})
  elif $type == "circuits.circuittermination" then .circuit | circuit
  else null end;
def type_of_end: if .object_type then .object_type
  elif .__typename then ({InterfaceType: "dcim.interface", FrontPortType: "dcim.frontport", RearPortType: "dcim.rearport",
    PowerPortType: "dcim.powerport",
    PowerOutletType: "dcim.poweroutlet", PowerFeedType: "dcim.powerfeed",
      CircuitTerminationType: "circuits.circuittermination"}[.__typename] // .__typename)
  else "" end;
def ends($side): if has("\($side)_terminations") then .["\($side)_terminations"][] | {type: type_of_end, object: (.object
  // .)}
  else {type: .["termination_\($side)_type"], object: .["termination_\($side)"]} end | select(.object | type == "object");
# Either end of a link is cut off when the link or the other end fails.
def joined($link): ., need(.key; "CONNECTS_THROUGH"; $link), need($link; "CONNECTS_THROUGH"; .key);
def feeds($port; $source):
  if $source.type == "dcim.powerfeed" then $source.object | mention("power_feed"; key("dcim.powerfeed"); display; {})
  elif $source.type == "dcim.poweroutlet" then $source.object.device | powered_device
  else empty end
  | ., ($port.device | device), (need($port.device | key("dcim.device"); "POWERED_BY"; .key) + {group: "power"});
def current($a; $b): [$a, $b], [$b, $a] | select(.[0].type == "dcim.powerport" and (.[0].object.device | type) == "object")
  | feeds(.[0].object; .[1]);

def described($class; $type; attributes):
  item($class; key($type); display; fit($class; attributes + {lifecycle: lifecycle, tags: tags, link: (.display_url
    // null)}))
  + (if .description // "" != "" then {description} else {} end);

def device_item($known):
  device_class as $class | key("dcim.device") as $key
  | [.primary_ip4, .primary_ip6, .primary_ip, .oob_ip | objects | .address | address] as $own
  | described($class; "dcim.device"; {
      vendor: .device_type.manufacturer.name, model: .device_type.model, serial_number: .serial, asset_tag: .asset_tag,
      rack_position: (.position | numbers | floor) // null, os: .platform.name?, role: (.role // .device_role | objects
        | .name) // null,
      management_address: (.oob_ip // .primary_ip4 // .primary_ip6 | objects | .address | address) // null,
      ip_addresses: ($own + ($known.addresses[$key] // []) | unique), mac_addresses: ($known.macs[$key] // [] | unique),
      fqdn: (($known.names[$key] // (.name | strings | select(test("^[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$")))) | values
        | domain_name) // null,
      location: ([.site.name?, .location.name?, .rack.name?] | map(values) | join(", "))}) + device_groups,
    inside($key; [(.parent_device | place("server"; "dcim.device"))] + places), owned($key),
    (.cluster | objects | (mention("cluster"; key("virtualization.cluster"); display; {}) + {groups: [any_of("hosts")]}),
      (need(key("virtualization.cluster"); "COMPOSED_OF"; $key) + {group: "hosts"})),
    (.virtual_chassis | objects | (mention("cluster"; key("dcim.virtualchassis"); display;
      {}) + {groups: [any_of("members")]}),
      (need(key("dcim.virtualchassis"); "COMPOSED_OF"; $key) + {group: "members"}));

def link_items($key; $speed): .cable | objects | cable | ., need($key; "CONNECTS_THROUGH"; .key), need(.key;
  "CONNECTS_THROUGH"; $key);
def peers: .link_peers_type as $type | select($type) | (.cable | key("dcim.cable")) as $link | .link_peers[]
  | cable_end($type) | values | joined($link);
def interface_item($known):
  key("dcim.interface") as $key | (.device | key("dcim.device")) as $device
  | (described("network_interface"; "dcim.interface"; {interface_type: (.type // .form_factor | if type == "object"
    then .label // .value else . end | tostring | select(. != "null")) // null,
      mac_address: ([.mac_address, .primary_mac_address?.mac_address?, .mac_addresses[]?.mac_address?] | map(strings
        | mac)[0]),
      speed_mbps: ((.speed | numbers / 1000 | floor) // null), mtu: .mtu, enabled: .enabled, label: .label,
        ip_addresses: ($known.addresses[$key] // [])}) | .) + {name: port_name}
      + (if $known.bundles["\(.id)"] or (.type // .form_factor | tostring | test("lag"; "i"))
        then {groups: [any_of("members")]} else {} end),
    (.device | device), need($key; "CONTAINED_IN"; $device), link_items($key; null), peers,
    (.lag | objects | (mention("network_interface"; key("dcim.interface"); .name; {}) + {groups: [any_of("members")]}),
      (need(key("dcim.interface"); "COMPOSED_OF"; $key) + {group: "members"})),
    # A device that ends paths needs one of its links; one that forwards stands for itself.
    (select(.cable and .mgmt_only != true and ($known.classes[$device] // "" | is_end)) | need($device; "CONNECTS_THROUGH";
      $key) + {group: "uplinks"});

def panel_port($type): key($type) as $key
  | described("network_interface"; $type; {interface_type: (.type | value), label: .label}) + {name: port_name}
      + (if $type == "dcim.rearport" then {groups: [any_of("positions")]} else {} end),
    (.device | device), need($key; "CONTAINED_IN"; .device | key("dcim.device")), link_items($key; null), peers,
    (.rear_port | objects | (mention("network_interface"; key("dcim.rearport"); .name; {}) + {groups: [any_of("positions")]}),
      need($key; "CONNECTS_THROUGH"; key("dcim.rearport")), (need(key("dcim.rearport"); "CONNECTS_THROUGH";
        $key) + {group: "positions"}));

def cable_items: key("dcim.cable") as $key | [ends("a")] as $a | [ends("b")] as $b
  | (if any($a[], $b[]; .type // "" | test("power")) then ($a[] as $one | $b[] as $other | current($one; $other))
     else (cable | del(.mention)) + {attributes: ({medium: (.type | value), label: .label, tags: tags} | drop_empty)},
       ($a[], $b[] | .type as $type | .object | cable_end($type) | values | joined($key)) end), owned($key);

def termination_items: (.circuit | circuit) as $circuit | $circuit,
  (.cable | objects | cable | joined($circuit.key)),
  (.interface | objects | interface | joined($circuit.key)),
  ((.provider_network // (select(.termination_type == "circuits.providernetwork") | .termination)) | objects
    | mention("virtual_network"; key("circuits.providernetwork"); display; {}) | ., need($circuit.key; "CONNECTS_THROUGH";
      .key));

def machine_item($known): key("virtualization.virtualmachine") as $key
  | described("virtual_machine"; "virtualization.virtualmachine"; {cpu_count: ((.vcpus | numbers | ceil) // null),
    memory_mb: .memory, os: .platform.name?, role: .role.name?,
      ip_addresses: ([.primary_ip4, .primary_ip6, .primary_ip | objects | .address | address] + ($known.addresses[$key]
        // []) | unique), mac_addresses: ($known.macs[$key] // [] | unique),
      fqdn: (($known.names[$key] // (.name | strings | select(test("^[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$")))) | values
        | domain_name) // null,
      power_state: {in_use: "running"}[lifecycle // ""]}),
    (.cluster | objects | (mention("cluster"; key("virtualization.cluster"); display; {}) + {groups: [any_of("hosts")]}),
      need($key; "RUNS_ON"; key("virtualization.cluster"))),
    (.device | objects | device, need($key; "RUNS_ON"; key("dcim.device"))), owned($key);

def address_owner: .assigned_object // .interface | objects | select(.device // .virtual_machine);
def records($known):
  kind as $kind
  | if $kind == "devices" then device_item($known)
  elif $kind == "interfaces" then interface_item($known)
  elif $kind == "vm-interfaces" then "virtualization.vminterface:\(.id)" as $key
    | (described("network_interface"; "virtualization.vminterface"; {mac_address: ([.mac_address | strings | mac][0]),
      enabled: .enabled, mtu: .mtu, ip_addresses: ($known.addresses[$key] // [])}) + {name: port_name}),
      (.virtual_machine | machine, need($key; "CONTAINED_IN"; key("virtualization.virtualmachine")))
  elif $kind == "front-ports" then panel_port("dcim.frontport") elif $kind == "rear-ports" then panel_port("dcim.rearport")
  elif $kind == "cables" then cable_items
  elif $kind == "interface-connections" then "dcim.interfaceconnection:\(.id)" as $key
    | item("network_link"; $key; "connection \(.id)"; {}), (.interface_a, .interface_b | interface | joined($key))
  elif $kind == "power-ports" then (.device | device), (. as $port
    | (.link_peers_type as $type | .link_peers[]? | feeds($port; {type: $type, object: .})), (.power_outlet | objects
      | feeds($port; {type: "dcim.poweroutlet", object: .})))
  elif $kind == "power-outlets" then (.device | powered_device), (. as $outlet
    | select(.link_peers_type == "dcim.powerport") | .link_peers[] | feeds(.; {type: "dcim.poweroutlet", object: $outlet}))
  elif $kind == "power-feeds" then key("dcim.powerfeed") as $key
    | described("power_feed"; "dcim.powerfeed"; {voltage: .voltage, amperage: .amperage, phase: (.phase | value),
      supply: (.supply | value)}),
      (.power_panel | objects | mention("power_panel"; key("dcim.powerpanel"); display; {}), need($key; "POWERED_BY";
        key("dcim.powerpanel"))),
      inside($key; [.rack | place("rack"; "dcim.rack")]),
      (. as $feed | select(.link_peers_type == "dcim.powerport") | .link_peers[]? | feeds(.; {type: "dcim.powerfeed",
        object: $feed}))
  elif $kind == "power-panels" then described("power_panel"; "dcim.powerpanel"; {}), inside(key("dcim.powerpanel"); places)
  elif $kind == "sites" then described("site"; "dcim.site"; {address: .physical_address, latitude, longitude, time_zone,
    location: .region.name?}), owned(key("dcim.site"))
  elif $kind | IN("locations", "rack-groups") then described("room"; "dcim.location"; {}), inside(key("dcim.location");
    [(.parent | place("room"; "dcim.location")), (.site | place("site"; "dcim.site"))]), owned(key("dcim.location"))
  elif $kind == "racks" then described("rack"; "dcim.rack"; {height_units: .u_height, serial_number: .serial, asset_tag}),
    inside(key("dcim.rack"); places[1:]), owned(key("dcim.rack"))
  elif $kind == "virtual-chassis" then key("dcim.virtualchassis") as $key
    | described("cluster"; "dcim.virtualchassis"; {cluster_type: "virtual chassis",
      desired_size: .member_count}) + {name: (.name // .domain // display | if . == "" then "\($key)" else . end),
      groups: [any_of("members")]},
      ([.master, .members[]?] | map(objects) | unique_by(.id)[] | device, (need($key; "COMPOSED_OF";
        key("dcim.device")) + {group: "members"}))
  elif $kind == "device-bays" then . as $bay | .installed_device | objects | device, ($bay.device | device),
    need(key("dcim.device"); "CONTAINED_IN"; $bay.device | key("dcim.device"))
  elif $kind == "clusters" then (.device_count // $known.hosts[key("virtualization.cluster")] // 0) as $hosts
    # One host may fail: the others are sized to take over its guests.
    | described("cluster"; "virtualization.cluster"; {cluster_type: .type.name?}) + {groups: [{name: "hosts", need_up: ([1,
      $hosts - 1] | max)}]},
      inside(key("virtualization.cluster"); [(.site // .scope | place("site"; "dcim.site"))]),
        owned(key("virtualization.cluster"))
  elif $kind == "virtual-machines" then machine_item($known)
  elif $kind == "ip-addresses" then (.address | address) as $address | address_owner
    | if .device then .device | device + {attributes: {ip_addresses: [$address]}} else .virtual_machine
      | machine + {attributes: {ip_addresses: [$address]}} end
  elif $kind == "vlans" then described("vlan"; "ipam.vlan"; {vlan_id: .vid}), owned(key("ipam.vlan"))
  elif $kind == "vrfs" then described("virtual_network"; "ipam.vrf"; {}), owned(key("ipam.vrf"))
  elif $kind == "prefixes" then described("subnet"; "ipam.prefix"; {prefix}) + {name: .prefix}, owned(key("ipam.prefix"))
  elif $kind == "circuits" then key("circuits.circuit") as $key
    | described("wan_circuit"; "circuits.circuit"; {carrier: .provider.name, circuit_id: .cid, circuit_type: .type.name,
      speed_mbps: ((.commit_rate | numbers / 1000 | floor) // null)}) + {name: .cid}, owned($key),
      (.provider | objects | {kind: "party", key: "provider:\(.slug // .id)", party_kind: "organisation", name},
        {kind: "assignment", party: "provider:\(.slug // .id)", role: "supports", item: $key})
  elif $kind == "circuit-terminations" then termination_items
  elif $kind == "provider-networks" then described("virtual_network"; "circuits.providernetwork"; {})
  elif $kind == "providers" then {kind: "party", key: "provider:\(.slug // .id)", party_kind: "organisation", name}
  elif $kind == "tenants" then {kind: "party", key: "tenant:\(.slug // .id)", party_kind: "organisation", name}
  else remark("\($kind) name things for other lists and yield nothing themselves") end;

def collect($all):
  def owner: if .device then .device | key("dcim.device") else .virtual_machine | key("virtualization.virtualmachine") end;
  reduce $all[] as $row ({};
    ($row | kind) as $kind
    | if $kind == "devices" then .classes[$row | key("dcim.device")] = ($row | device_class) | if $row.cluster
      then .hosts[$row.cluster | key("virtualization.cluster")] += 1 else . end
      elif $kind | IN("interfaces", "vm-interfaces") then (if $row.lag then .bundles["\($row.lag.id)"] = true else . end)
        | .macs[$row | owner] += [$row | .mac_address, .primary_mac_address?.mac_address?, .mac_addresses[]?.mac_address?
        | strings | mac]
      elif $kind == "ip-addresses" and ([$row | address_owner] != []) then ($row | address_owner) as $port
        | .addresses[$port | owner, (if .device then key("dcim.interface")
          else key("virtualization.vminterface") end)] += [$row.address | address]
        | if $row.dns_name // "" != "" then .names[$port | owner] //= $row.dns_name else . end
      else . end);

# Lists tell their totals, and their entries count or name those of other lists: what is missing there shows here.
def counts: [["sites", "device_count", "devices"], ["sites", "rack_count", "racks"], ["devices", "interface_count", "interfaces"],
  ["devices", "front_port_count", "front-ports"], ["devices", "rear_port_count", "rear-ports"], ["devices", "power_port_count", "power-ports"],
  ["devices", "power_outlet_count", "power-outlets"], ["power-panels", "powerfeed_count", "power-feeds"], ["providers", "circuit_count", "circuits"],
  ["clusters", "virtualmachine_count", "virtual-machines"], ["virtual-machines", "interface_count", "vm-interfaces"]];
def names: [["location", "locations"], ["rack", "racks"], ["cluster", "clusters"], ["cable", "cables"], ["power_panel", "power-panels"],
  ["virtual_chassis", "virtual-chassis"], ["primary_ip4", "ip-addresses"], ["primary_ip6", "ip-addresses"], ["circuit", "circuits"], ["provider", "providers"], ["vlan", "vlans"], ["vrf", "vrfs"]];
def lists: if type == "array" then .[] | lists else . end;
def coverage($all):
  ($all | group_by(kind) | map({key: (.[0] | kind), value: .}) | from_entries) as $of
  | (.[] | lists | if (.results | type) == "array" then select(.results != []) | covers(""; .results[0] | kind; .count // 0; .results | length)
      else covers(""; "lists with totals"; 1; 0) end),
    covers(""; "sites"; 1; 0),
    (counts[] as [$by, $field, $list] | covers(""; $list; [$of[$by][]? | .[$field] | numbers] | add // 0; 0)),
    covers(""; "circuit-terminations"; [$of.circuits[]? | .termination_a, .termination_z | objects | .id] | unique | length; 0),
    (names[] as [$field, $list] | covers(""; $list; [$all[] | .[$field] | objects | .id] | unique | length; 0));

[.[] | rows] as $all
| if $all == [] and any(.[]; type != "object" or (has("results") or has("data") | not))
  then error("this holds no objects of NetBox") else collect($all) as $known | ($all[] | records($known)), coverage($all) end
