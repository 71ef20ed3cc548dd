# All documents of a load at once: facts and inventories of the same host make one record. Variables of an inventory may
# be secret and are not looked at, but for the address.

# `web-[01:12]` and `web-[a:d]` stand for many; so few at once that nobody fills the memory by a line.
def places: if test("^[0-9]+$") then tonumber else explode[0] end;
def expanded: if test("\\[[^:\\]]+:[^\\]]+\\]") then . as $name
    | capture("^(?<before>.*?)\\[(?<from>[^:\\]]+):(?<to>[^:\\]]+?)(:(?<step>[1-9][0-9]*))?\\](?<after>.*)$") as $range
    | if (($range.to | places) - ($range.from | places) | . < 0 or . > 1000) or ($name | [scan("\\[")] | length > 2) then error("the range of \($name) cannot be spelled out") else . end
    | range($range.from | places; ($range.to | places) + 1; $range.step // "1" | tonumber)
    | if $range.from | test("^[0-9]+$") then tostring | until(length >= ($range.from | length); "0" + .) else [.] | implode end
    | "\($range.before)\(.)\($range.after)" | expanded
  else . end;
def host_name: sub(":[0-9]+$"; "") | expanded | domain_name;
def is_here: IN("localhost", "127.0.0.1", "::1") or startswith("localhost.");
def is_address: test("^[0-9]+(\\.[0-9]+){3}$|:");

# What an inventory says: `{host, group, vars}` of a host, `{group, parent}` of a group.
def names: if type == "object" then to_entries[] | {name: .key, vars: (.value | objects // {})} elif type == "array" then .[] | {name: ., vars: {}}
  elif type == "string" then {name: ., vars: {}} else empty end;
def of_group($name; $parent): {group: $name, parent: $parent},
  (.hosts? | names | .vars as $vars | .name | tostring | host_name | {host: ., group: $name, $vars}),
  (.children? | if type == "object" then to_entries[] | .key as $child | .value // {} | of_group($child; $name) else names | {group: .name, parent: $name} end);
def of_sections: .sections[] | (.name | split(":")) as $name
  | if $name[1] == "vars" then empty
    elif $name[1] == "children" then .entries[] | {group: .name, parent: $name[0]}
    else .entries[] | select(.name != "") | .values as $vars | .name | host_name | {host: ., group: (if $name[0] == "" then "ungrouped" else $name[0] end), $vars} end;
def of_list: (._meta.hostvars // {} | to_entries[] | {host: (.key | domain_name), group: null, vars: (.value | objects // {})}),
  (to_entries[] | select(.key != "_meta") | .key as $name | .value | if type == "array" then {hosts: .} else . end | of_group($name; null));

# What a host says of itself. Boards that nobody gave a number answer with a phrase.
def told: if type == "string" and (ascii_downcase | test("^(na|n/a|none|null|0+|not (specified|available|applicable)|unknown|default string|to be filled.*|system (serial|product).*|no asset.*|empty)?$") | not) then trim else null end;
def interfaces: . as $facts | [.ansible_interfaces[]? | strings | gsub("[-.:]"; "_") | $facts["ansible_\(.)"] // {} | objects];
def virtual: .ansible_virtualization_role == "guest" and (.ansible_virtualization_type // "" | test("docker|lxc|podman|container|openvz") | not);
def of_facts: {
    fqdn: ([.ansible_fqdn, .ansible_nodename | strings | domain_name | select(contains(".") and (is_here or is_address | not))][0]),
    ip_addresses: ([.ansible_all_ipv4_addresses[]?, .ansible_all_ipv6_addresses[]? | strings | address | select(test("^(127\\.|::1$|fe80:)") | not)] | unique),
    # A bridge or tunnel of one host has the same address on many.
    mac_addresses: ([interfaces[] | select(.type == "ether" or .type == null or (.ipv4 and .type == "bridge" and (.device // "" | test("^(docker|virbr|cni|br-)") | not))) | .perm_macaddress // .macaddress // empty
      | strings | mac | select(. != "00:00:00:00:00:00")] | unique),
    os: .ansible_distribution, os_version: .ansible_distribution_version, cpu_count: .ansible_processor_vcpus, memory_mb: .ansible_memtotal_mb,
    vendor: (.ansible_system_vendor | told), model: (.ansible_product_name | told), serial_number: (.ansible_product_serial | told), asset_tag: (.ansible_chassis_asset_tag | told),
    instance_id: (if .ansible_board_asset_tag // "" | test("^i-[0-9a-f]+$") then .ansible_board_asset_tag else .ansible_product_uuid | told | if . then ascii_downcase else . end end)};
def shares: [.ansible_mounts[]? | select(.fstype // "" | test("^(nfs|cifs|smb)")) | .device | strings | select(test("^[^/:]+:/|^//")) | ascii_downcase] | unique[];

def read: .file as $file | .content
  # The fact cache of Ansible 2.19 and later wraps what it keeps.
  | if type == "object" and (.__payload__ | type) == "string" then .__payload__ | fromjson else . end
  | if type != "object" then error("this is neither an inventory nor the facts of a host")
    elif has("sections") then of_sections
    elif (.ansible_facts // .) | has("ansible_hostname") or has("ansible_nodename") or has("ansible_distribution") then (.ansible_facts // .) as $facts
      | ([($file | ltrimstr("s1_")), $facts.ansible_fqdn, $facts.ansible_nodename, $facts.ansible_hostname | strings | domain_name | select(is_here or . == "stdin" | not)][0] // ($file | domain_name)) | {host: ., group: null, vars: {}, $facts}
    elif has("_meta") or all(.[]; type == "array") then of_list
    elif .msg or .failed or .unreachable then error("the host did not answer: \(.msg // "no facts")")
    elif any(.[]; type != "object" and . != null) then error("this is neither an inventory nor the facts of a host")
    else to_entries[] | .key as $name | .value // {} | of_group($name; null) end;

[.[] | read] as $all
| (reduce ($all[] | select(has("parent") and .parent != null)) as $row ({}; .[$row.group] += [$row.parent])) as $parents
| def with_parents($passed): ., ((if . then $parents[.] else null end) // [] | .[] | select(IN($passed[]) | not) | . as $next | with_parents($passed + [$next]));
  ([$all[] | select(.host)] | group_by(.host)[]
  | .[0].host as $key | (map(.facts | values) | add) as $facts | ([.[].vars.ansible_host? | strings | domain_name | select(contains("{") | not)][0] // "") as $at
  | select(($key | is_here | not) or $facts)
  | (if any(.[].vars; .ansible_network_os?) then "network_appliance" elif $facts // {} | virtual then "virtual_machine" else "server" end) as $class
  | ($facts // {} | if $facts then of_facts else {} end) as $own
  | item($class; $key; $key; fit($class; $own + {
      fqdn: ([$own.fqdn, ($key, $at | select(contains(".") and (is_address or is_here | not)))] | map(values)[0]),
      ip_addresses: (($own.ip_addresses // []) + [$at, $key | select(is_address and (is_here | not)) | address] | unique),
      tags: ([.[].group | values | with_parents([.])] | unique | map(select(IN("all", "ungrouped") | not) | "group=\(.)"))})),
    ($facts | objects | shares | mention("file_share"; "share:\(.)"; .; {endpoint: .}) | ., need($key; "STORED_ON"; .key))),
  (if any($all[]; .host != null and .facts == null and (.host | is_here)) then remark("localhost is a different machine wherever an inventory is read; it is left out") else empty end)
