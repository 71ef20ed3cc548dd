# All documents of a load at once: NAPALM's answers, rows of ntc-templates, JSON of EOS and NX-OS. Each becomes sightings
# `{device, local, parent, name, ports, chassis, address, about, can}`; both ends of a link tell of the same link.

def as_mac: tostring | select(test("^([0-9A-Fa-f]{2}[-:. ]?){6}$")) | mac;
def as_address: tostring | select(test("^[0-9]+(\\.[0-9]+){3}$|^[0-9A-Fa-f]*:[0-9A-Fa-f:]*[0-9A-Fa-f]$")) | select(test("^([0-9A-Fa-f]{2}:){5}") | not) | address;
def listed: if type == "array" then .[] elif . == null then empty else . end;

# One name for one interface: short and long forms, and the first unit of Junos, are the same port.
def long_name: {gi: "GigabitEthernet", gig: "GigabitEthernet", gigabitethernet: "GigabitEthernet", ge: "GigabitEthernet", fa: "FastEthernet", fastethernet: "FastEthernet",
  et: "Ethernet", eth: "Ethernet", ethernet: "Ethernet", te: "TenGigabitEthernet", ten: "TenGigabitEthernet", tengige: "TenGigabitEthernet", tengigabitethernet: "TenGigabitEthernet",
  xge: "XGigabitEthernet", xgigabitethernet: "XGigabitEthernet", tw: "TwoGigabitEthernet", twogigabitethernet: "TwoGigabitEthernet", fi: "FiveGigabitEthernet", fivegigabitethernet: "FiveGigabitEthernet",
  twe: "TwentyFiveGigE", twentyfivegige: "TwentyFiveGigE", fo: "FortyGigabitEthernet", fortygige: "FortyGigabitEthernet", fortygigabitethernet: "FortyGigabitEthernet",
  hu: "HundredGigE", hundredgige: "HundredGigE", hundredgigabitethernet: "HundredGigE", po: "Port-channel", "port-channel": "Port-channel", be: "Bundle-Ether", "bundle-ether": "Bundle-Ether",
  ma: "Management", mgmt: "Management", management: "Management", vl: "Vlan", vlan: "Vlan", lo: "Loopback", loopback: "Loopback", se: "Serial", serial: "Serial"}[ascii_downcase];
def interface: trim | if test("^[a-z]+-?[0-9/:]+\\.0$") then rtrimstr(".0") else . end
  | (capture("^(?<kind>[A-Za-z][A-Za-z-]*) ?(?<rest>[0-9].*)$") // null) as $parts
  # In small letters these are names of Linux and Junos.
  | if $parts and ($parts.kind | test("^[A-Z]|.{7}|^mgmt$") and long_name) then ($parts.kind | long_name) + $parts.rest else . end;
def is_interface: test("^[A-Za-z][A-Za-z-]* ?[0-9]+([/.:][0-9]+)*$|^[0-9]+(/[0-9]+)+$");
# The far end may be told by name, number, hardware address or description.
def far_port: map(values | tostring | trim | select(. != "")) as $told | ([$told[] | select(is_interface and ([as_mac] == []))] + $told)[0];

# Capabilities come as words, as letters or run together.
def abilities: if type == "array" then join(" ") elif type == "string" then . else "" end
  | if test("^[BRTCWPSO, ]+$") then gsub("[^A-Z]"; "") | explode | map([.] | implode) else ascii_downcase
    | [if test("bridge") then "B" else empty end, if test("router") then "R" else empty end, if test("wlan") then "W" else empty end, if test("tele?phone") then "T" else empty end, if test("station") then "S" else empty end] end;
def class_of: abilities as $can | def can($letter): $can | index($letter);
  if can("T") then "telephone" elif can("W") then "wireless_access_point" elif can("B") then "switch" elif can("R") then "router" elif can("S") then "server" else "network_appliance" end;

# A table breaks long texts into lines, and writes "None" where nothing is told.
def told: if type == "array" then map(strings) | join("") else . end | if type == "string" and test("^ *(none|null|n/a|-|not advertised)? *$"; "i") then null else . end;
def sighting($device; $local): with_entries(if .key | test("address|capab") then . else .value |= told end)
  | {$device, $local, parent: (.parent_interface // null), name: (.remote_system_name // .hostname // .neighbor_name // .neighbor // .neighborDevice // .systemName // .sys_name),
  ports: [.remote_port, .port, .neighbor_port_id, .neighbor_interface, .neighbor_interface_description, .neighborPort, .neighborInterfaceInfo?.interfaceId?, .neighborInterfaceInfo?.interfaceDescription?,
    .port_id, .port_description, .remote_port_description, .port_desc], chassis: (.remote_chassis_id // .chassis_id // .chassisId),
  address: (.mgmt_address // .management_ip // .mgmt_addr // .remote_mgmt_ipv4_address?[0]? // .managementAddresses?[0]?.address?), about: (.remote_system_description // .neighbor_description // .system_description // .systemDescription // .sys_desc),
  can: ([.remote_system_enable_capab, .remote_system_capab, .capabilities, .enabled_capability] | map(select(. != null and . != [] and . != ""))[0])};
def is_neighbour: type == "object" and (has("remote_system_name") or has("remote_chassis_id") or (has("hostname") and has("port")));
def is_row: type == "object" and (has("local_interface") or has("local_intf") or (has("local_port") and has("remote_system_name")));
def sightings($device):
  def own: .device // .local_device // .host // $device;
  if type == "string" then error("this is what a device prints; let NAPALM or ntc-templates parse it and load their answer")
  elif type == "array" and all(.[]; is_row) then .[] | if has("system_name") and has("port_id") and (has("neighbor_name") or has("neighbor") or has("neighbor_interface") | not)
      then {device: .system_name, local: .local_interface, itself: true, chassis: .chassis_id, address: .mgmt_address, about: .description, can: .capabilities}
      elif has("local_port") then sighting(.system_name // own; .local_port)
      else sighting(own; .local_interface // .local_intf) end
  elif type != "object" then error("this holds no LLDP neighbours")
  elif has("parsed_sample") then .parsed_sample | sightings($device)
  elif has("lldpNeighbors") then .lldpNeighbors | if type == "array" then .[] | (.port as $local | del(.port) | sighting($device; $local))
      else to_entries[] | .key as $local | .value.lldpNeighborInfo[]? | sighting($device; $local) end
  elif has("TABLE_nbor_detail") or has("TABLE_nbor") then (.TABLE_nbor_detail.ROW_nbor_detail // .TABLE_nbor.ROW_nbor) | listed | sighting($device; .l_port_id)
  else to_entries[] | .key as $name
    | if .value | type == "array" and all(.[]; is_neighbour) then .value[] | sighting($device; $name)
      elif $name | test("^(get_)?lldp_neighbors(_detail)?$|^results?$") then .value | sightings($device)
      else .value | sightings($name) end end;

# A command cuts long names off after 20 letters, and a device may go by its short name.
def full_names: [.[] | . as $full | (split(".") | .[:range(1; length)] | join(".")), (select(length > 20) | .[:20]) | {key: ., value: $full}]
  | unique | group_by(.key) | map(select(length == 1) | .[0]) | from_entries;
def port($device; $interface): if $interface == null then null else {key: "\($device):\($interface)", name: "\($device):\($interface)", $device, $interface} end;
def device_attributes: {fqdn: (.key | select(test("^[a-z0-9-]+(\\.[a-z0-9-]+)+$") and ([as_mac] == []) and ([as_address] == [])) // null), mac_addresses: ([.chassis | values | as_mac] | unique),
  ip_addresses: ([.address, .chassis | values | as_address] | unique)};
def one_device: (map(.class | select(. != "network_appliance"))[0] // "network_appliance") as $class | .[0] as $one
  | item($class; $one.key; (map(.shown | values | select(. != ""))[0]) // $one.key; {fqdn: (map(.attributes.fqdn | values)[0]), mac_addresses: (map(.attributes.mac_addresses[]?) | unique), ip_addresses: (map(.attributes.ip_addresses[]?) | unique)})
    + (if any(.itself) then {description: (map(.about | values)[0])} else {mention: true} end);
def one_port: (map(select(.local)) + .)[0] as $one
  | item("network_interface"; $one.key; $one.name; {mac_address: (map(.mac | values)[0]), label: (map(.label | values)[0])}) + (if $one.local then {} else {mention: true} end)
    + (if any(.bundle) then {groups: [any_of("members")]} else {} end), need($one.key; "CONTAINED_IN"; $one.device);
def seen: {evidence: "observed"} + .;

[.[] | .file as $file | .content | sightings(if $arguments.device != "" then $arguments.device else $file end)
  | .device |= domain_name | .shown = .name | .name |= (. // "" | domain_name | if . == "" or [as_mac] != [] then null else . end)
  | ([.chassis, .ports[]? | values | as_mac][0] // null) as $mac
  # A phone of which there are many is called by its model.
  | if .itself then . elif .name == null or ($mac and (.name | test(" |^localhost$|^linux$"))) then .name = $mac else . end] as $all
| ([$all[] | .device, .name | values] | unique | full_names) as $full
| [$all[] | (.name // "") as $told | .device |= ($full[.] // .) | if .name then .name |= ($full[.] // .) else . end | .guessed = (.name != null and .name != $told)
  | .far = (.ports // [] | far_port) | . + {near: port(.device; .local // "" | interface | if . == "" then null else . end)}
  | .far_mac = ([.ports[]? | values | as_mac][0] // null)
  | if .name == null or .far == null or ([.far | as_mac] == [.name]) then .far = null else .far = port(.name; [.far | as_mac][0] // (.far | interface)) end] as $seen
| ([$seen[] | {key: .device, class: (if .itself then .can | class_of else "network_appliance" end), itself, about, attributes: (if .itself then {key: .device, chassis, address} else {key: .device} end | device_attributes)},
    (select(.name) | {key: .name, shown: (if .guessed then null else .shown end), class: (.can | class_of), attributes: ({key: .name, chassis, address} | device_attributes)})] | group_by(.key)[] | one_device),
  ([$seen[] | (.near | values | .local = true), (.far_mac as $mac | .far | values | .mac = $mac),
    (select(.parent // "" | . != "" and . != "-") | port(.device; .parent | interface) as $bundle | select($bundle.key != .near.key) | $bundle + {local: true, bundle: true})]
    | group_by(.key)[] | one_port),
  ([$seen[] | select(.name and (.near or .far)) | [.near.key // .device, .far.key // .name] as $ends | {ends: ($ends | sort), guessed}] | group_by(.ends)[]
    | (.[0].ends | join(" -- ")) as $link | (if all(.guessed) then {confidence: 80} else {} end) as $sure
    | item("network_link"; $link; $link; {}), (.[0].ends[] as $end | need($end; "CONNECTS_THROUGH"; $link), need($link; "CONNECTS_THROUGH"; $end) | seen + $sure)),
  ($seen[] | select(.parent // "" | . != "" and . != "-") | port(.device; .parent | interface) as $bundle | select(.near and $bundle.key != .near.key)
    | need($bundle.key; "COMPOSED_OF"; .near.key) + {group: "members"} | seen),
  ([$seen[] | select(.name == null and (.itself | not))] | select(. != []) | remark("\(length) neighbours have neither name nor hardware address and are left out")),
  (if $arguments.device == "" then [.[] | .file as $file | select(any($seen[]; .device == ($file | domain_name))) | .file] | unique[] | remark("the neighbours are those of \(.), as the file is called; --set device=NAME says otherwise") else empty end)
