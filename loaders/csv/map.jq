# One row becomes one CI, and a dependency for each other end that its columns name. Empty cells say nothing.

def plain: ascii_downcase | gsub("[^a-z0-9]+"; "_") | gsub("^_|_$"; "");
def parts: (if test(";|\n") then [splits("[;\n]")] else [splits(", +")] end) | map(trim | select(. != ""));

# What people call a column. A class's own attribute of that name comes first.
def column: {ci_class: "class", ci_type: "class", type: "class", category: "class", asset_type: "class",
  id: "key", ci_id: "key", asset_id: "key", ci_name: "name", hostname: "name", host_name: "name", host: "name",
    asset_name: "name",
  notes: "description", comment: "description", comments: "description", decommissioned: "retired",
  depends_upon: "depends_on", dependencies: "depends_on", upstream: "depends_on", requires: "depends_on",
  hosted_by: "hosted_on", powered_from: "powered_by", parent: "contained_in", located_in: "contained_in",
    part_of: "component_of",
  used_by: "needed_by", downstream: "needed_by", supports: "needed_by",
  owner: "owned_by", support_group: "supported_by", supporter: "supported_by", assignment_group: "supported_by",
  serial: "serial_number", serial_no: "serial_number", s_n: "serial_number", manufacturer: "vendor", make: "vendor",
  ip: "ip_addresses", ip_address: "ip_addresses", ips: "ip_addresses", mac: "mac_addresses", mac_address: "mac_addresses",
  dns: "fqdn", dns_name: "fqdn", operating_system: "os", cpus: "cpu_count", cores: "cpu_count", env: "environment",
    site: "location",
  asset: "asset_tag", inventory_number: "asset_tag"}[.] // .;
def class_name: {vm: "virtual_machine", host: "server", physical_server: "server", db: "database_instance",
  database: "database_instance",
  app: "application", service: "application_service", load_balancer: "load_balancer", access_point: "wireless_access_point",
    datacenter: "data_centre", data_center: "data_centre"}[plain] // plain;
def classed: class_name as $known | if $attribute_types[$known] then $known else . end;

def verbs: {depends_on: "DEPENDS_ON", uses: "USES", calls: "CALLS", runs_on: "RUNS_ON", hosted_on: "HOSTED_ON",
  contained_in: "CONTAINED_IN",
  composed_of: "COMPOSED_OF", connects_through: "CONNECTS_THROUGH", routed_via: "ROUTED_VIA", powered_by: "POWERED_BY",
    stored_on: "STORED_ON",
  replicates_from: "REPLICATES_FROM", authenticates_with: "AUTHENTICATES_WITH", licensed_by: "LICENSED_BY",
    monitored_by: "MONITORED_BY"};
def backward: {needed_by: "DEPENDS_ON", component_of: "COMPOSED_OF"};
def parties: {owned_by: "owns", supported_by: "supports", subscribed_by: "subscribes"};
def fields: ["class", "key", "name", "description", "retired"] + (verbs + backward + parties | keys);

def renamed: ((.class // .Class // .["CI Type"] // .Type // .type // $arguments.class) | classed) as $class
  | with_entries((.key | plain) as $name | .key = if $attribute_types[$class][$name] then $name
    elif .key | IN(fields[]) then .key else $name | column end)
  | if .class then .class |= classed elif $class != "" then .class = $class else . end;

def truth:
  if ascii_downcase | IN("true", "yes", "1") then true elif ascii_downcase | IN("false", "no", "0") then false else . end;

# A cell is text; the attribute's declared type says what it stands for. What does not fit stays text and is refused
# later with its field.
def typed($of):
  if $of == null or $of == "text" then .
  elif $of == "list" then parts
  elif $of == "boolean" then truth
  else . as $cell | try tonumber catch $cell end;
def attributes($types):
  reduce (to_entries[] | select(.key | IN(fields[]) | not)) as $cell ({};
    # An interface has one hardware address, a machine several.
    (if $cell.key == "mac_addresses" and $types.mac_address then "mac_address" else $cell.key end) as $name
    | .[$name] = ($cell.value | typed($types[$name])));

def other_end: capture("^(?<verb>[A-Z][A-Z0-9_]*):(?<key>.+)$") // {verb: null, key: .} | .key |= trim;
def dependencies($key):
  to_entries[] | .key as $column | select(verbs[$column] // backward[$column]) | .value | parts[] | other_end
  | (.verb // verbs[$column] // backward[$column]) as $verb
  | if verbs[$column] then need($key; $verb; .key) else need(.key; $verb; $key) end;
def assigned($key):
  to_entries[] | parties[.key] as $role | select($role) | .value | parts[]
  | {kind: "party", key: ., party_kind: "support_group", name: .},
    {kind: "assignment", party: ., role: $role, item: $key};

if type != "object" then error("this is no row of a table") else renamed end
| (.key // .name) as $key
| ({kind: "item", attributes: attributes($attribute_types[.class // ""] // {})}
    + if $key then {key: $key, name: (.name // $key)} else {} end
    + if .class then {class} else {} end
    + if .description then {description} else {} end
    + if .retired then {retired: (.retired | truth)} else {} end),
  (select($key) | dependencies($key), assigned($key))
