# Rows of cmdb_ci and its kin, cmdb_rel_ci, change_request, incident and sys_user_group, told apart by their fields.

def rows: if type == "array" then .[] | rows elif type != "object" then empty
  elif (.result | type) == "array" then .result[] | rows elif (.result | type) == "object" then .result | rows else . end;
# A field is a text, or {display_value, value} where both were asked for.
def shown: if type == "object" then .display_value // .value else . end | if . == "" then null else . end;
def value: if type == "object" then .value // (.link? | strings | split("/")[-1]) // .display_value else . end
  | if . == "" then null else . end;

def class_of: (. // "" | ascii_downcase | gsub(" "; "_") | sub("^cmdb_(ci_?)?"; "")) as $of | [
    ["load_balancer|_lb", "load_balancer"], ["firewall", "firewall"], ["router", "router"], ["switch", "switch"],
      ["wap|access_point", "wireless_access_point"],
    ["vpn", "vpn_concentrator"], ["netgear|network_gear|network_adapter_host", "network_appliance"],
      ["network_adapter|_port", "network_interface"],
    ["circuit|telco", "wan_circuit"], ["subnet|ip_network", "subnet"], ["vlan", "vlan"], ["vpc|cloud_network",
      "virtual_network"], ["cert", "certificate"],
    ["cluster_node", "server"], ["kubernetes_cluster", "container_cluster"], ["kubernetes_pod|docker_container", "pod"],
      ["db_.*catalog|database_schema|db_catalog", "database_schema"],
    ["cluster", "cluster"], ["db_|database|_sql|oracle|postgres|mongodb", "database_instance"],
    ["esx|hyper_?v_server|hypervisor", "hypervisor"], ["vm_instance|vm_object|virtual_machine", "virtual_machine"],
      ["storage_volume|volume|disk|lun", "volume"],
    ["storage|san|nas", "storage_array"], ["web_server|apache|nginx|iis", "web_server"],
      ["app_server|tomcat|jboss|websphere", "application_server"],
    ["email_server|exchange", "mail_server"], ["queue", "message_queue"], ["server|linux|win_|unix|computer_room|mainframe",
      "server"], ["pc_hardware|computer|workstation", "workstation"],
    ["printer", "printer"], ["ups", "ups"], ["pdu", "pdu"], ["rack", "rack"], ["datacenter|data_center", "data_centre"],
      ["zone|room", "room"], ["location|site", "site"],
    ["service_offering|offering", "service_offering"], ["business_service|service_business", "business_service"],
      ["service_technical|technical_service", "technical_service"],
    ["service_discovered|service_auto|service_manual|service_calculated|application_service|service_by_tags|query_based",
      "application_service"], ["_service", "business_service"],
    ["business_app", "application"], ["appl|application", "application"], ["cloud_service_account", "cloud_account"],
      ["cloud|object", "cloud_resource"], ["printer", "printer"]]
  | [.[] | select(.[0] as $pattern | $of | test($pattern))][0][1] // "application";

# Only verbs that join any two classes: ServiceNow checks nothing, and what the ends are another table says.
def verb: ascii_downcase | split("::")[0] | {"depends on": "DEPENDS_ON", "runs on": "HOSTED_ON", "hosted on": "HOSTED_ON",
  "virtualized by": "HOSTED_ON",
    "instantiates": "DEPENDS_ON", "contains": "COMPOSED_OF", "consists of": "COMPOSED_OF", "members": "COMPOSED_OF",
      "uses": "USES",
    "receives data from": "DEPENDS_ON", "exchanges data with": "DEPENDS_ON", "sends data to": "DEPENDS_ON",
      "connects to": "DEPENDS_ON",
    "located in": "CONTAINED_IN", "powered by": "DEPENDS_ON", "stored on": "DEPENDS_ON",
      "authenticates with": "AUTHENTICATES_WITH",
    "use end point to": "DEPENDS_ON", "implement end point from": "DEPENDS_ON"}[.];
# Types that read from the provider to the consumer.
def backward: ascii_downcase | split("::")[0] | {"used by": "DEPENDS_ON", "runs": "HOSTED_ON", "hosts": "HOSTED_ON",
  "virtualizes": "HOSTED_ON",
    "provides": "DEPENDS_ON", "contained by": "COMPOSED_OF", "member of": "COMPOSED_OF", "powers": "DEPENDS_ON",
      "impacts": "DEPENDS_ON",
    "feeds": "DEPENDS_ON", "provides storage for": "DEPENDS_ON"}[.];

def time: value | strings | sub(" "; "T") | if test("(Z|[+-][0-9:]+)$") and test("T") then .
  elif test("T") then . + $arguments.zone else empty end;
def key: (.sys_id | value) // (.name | shown);
def ci($class): . as $field | (value) as $id | if $id == null then empty else mention($class; $id; $field | shown; {}) end;
def criticality: shown | tostring | ascii_downcase | if test("^1|most critical") then "critical"
  elif test("^2|somewhat critical") then "high"
  elif test("^3|less critical") then "medium" elif test("^4|not critical") then "low" else null end;
def lifecycle: shown | tostring | ascii_downcase | {operational: "in_use", "1": "in_use", installed: "in_use",
  "in use": "in_use", "on order": "planned", pending_install: "planned", "pending install": "planned",
  "non-operational": "failed", "2": "failed", "repair in progress": "failed", retired: "decommissioning",
    "6": "decommissioning"}[.];

def party($role; $item; $sort): shown as $name | select($name) | {kind: "party", key: $name, party_kind: $sort, name: $name},
  {kind: "assignment", party: $name, role: $role, item: $item};
def item_records: (.sys_class_name | value) as $of | ($of | class_of) as $class | key as $key
  | item($class; $key; (.name | shown) // $key; fit($class; {
      fqdn: (([.fqdn, .dns_domain?] | map(shown)[0] | strings | select(contains(".")) | domain_name) // null),
        ip_addresses: ([.ip_address | shown] | texts), mac_addresses: ([.mac_address | shown | strings | mac]),
      mac_address: ([.mac_address | shown | strings | mac][0]), serial_number: (.serial_number | shown),
        asset_tag: (.asset_tag | shown), vendor: (.manufacturer // .vendor | shown), model: (.model_id | shown),
      os: (.os | shown), os_version: (.os_version | shown), version: (.version | shown), environment: (.environment
        // .used_for | shown), location: (.location | shown), lifecycle: (.operational_status // .install_status | lifecycle),
      criticality: (.busines_criticality // .business_criticality | criticality), instance_id: (.object_id? | shown),
        resource_id: (.object_id? | shown), resource_type: $of, engine: (.type? | shown), endpoint: (.url? | shown)}))
    + (.short_description | shown | if . then {description: .} else {} end)
    + (if (.install_status | value | tostring) == "7" then {retired: true} else {} end),
    (.support_group | party("supports"; $key; "support_group")), (.owned_by // .managed_by | party("owns"; $key; "person")),
    (.assignment_group | party("supports"; $key; "support_group"));

def relation_records: (.type | shown // value // "Depends on::Used by") as $type | (.parent | ci("application")) as $parent
  | (.child | ci("application")) as $child
  | $parent, $child,
    ((if $type | verb then need($parent.key; $type | verb; $child.key)
      elif $type | backward then need($child.key; $type | backward; $parent.key)
      else need($parent.key; "DEPENDS_ON"; $child.key) + {note: "ServiceNow: \($type)"} | inferred(60) end));

def change_state: shown | tostring | ascii_downcase | if test("cancel|^4$") then "cancelled"
  elif test("implement|work in progress|^-1$") then "running"
  elif test("clos|review|complete|^3$|^0$") then "completed" else "planned" end;
def change_record($targets): {kind: "change", key: (.number | shown), title: ((.short_description | shown) // (.number
  | shown)),
    change_kind: (.type | shown | tostring | ascii_downcase | if test("emerg") then "emergency"
      elif test("standard") then "standard" else "normal" end),
    state: (if .close_code | shown | tostring | test("unsuccessful|backed"; "i") then "failed" else (.state
      | change_state) end), targets: $targets,
    planned_start: ([.start_date | time][0]), planned_end: ([.end_date | time][0]), actual_start: ([.work_start | time][0]),
      actual_end: ([.work_end | time][0]),
    risk: (.risk | shown | tostring | ascii_downcase | if test("high|^2$|^1$") then "high"
      elif test("moderate|medium|^3$") then "medium" elif test("low|none|^4$") then "low" else null end),
    implementer: (.assigned_to // .assignment_group | shown), description: (.description | shown)}
      | with_entries(select(.value != null));

def ticket_state: shown | tostring | ascii_downcase | if test("resolv|^6$") then "resolved"
  elif test("clos|cancel|^7$|^8$") then "closed" elif test("progress|hold|^2$|^3$") then "in_progress" else "new" end;
def incident_records: [.cmdb_ci | ci("application")] as $ci
  | $ci[], ({kind: "ticket", ticket_kind: "incident", key: (.number | shown), title: ((.short_description | shown)
    // (.number | shown)), state: (.state // .incident_state | ticket_state),
      opened_at: ([.opened_at, .sys_created_on | time][0]), changed_at: ([.sys_updated_on, .resolved_at, .opened_at,
        .sys_created_on | time][0]), resolved_at: ([.resolved_at, .closed_at | time][0]),
      priority: ((.priority | value | tostring | capture("^(?<n>[1-5])").n | tonumber) // 3), items: [$ci[].key],
        assignee: null} | with_entries(select(.value != null)));

def records:
  if has("parent") and has("child") then relation_records
  elif (.number | shown // "" | test("^CHG|^CTASK")) or has("start_date") then
    [.cmdb_ci | ci("application")] as $ci | $ci[], change_record([$ci[].key])
  elif (.number | shown // "" | test("^INC")) then incident_records
  elif has("sys_class_name") or has("serial_number") or has("operational_status") or has("ip_address") then item_records
  elif has("name") and (has("email") or has("manager") or has("roles")) then {kind: "party", key: (.name | shown),
    party_kind: "support_group", name: (.name | shown), contact: (.email | shown // "")} | with_entries(select(.value != ""))
  else remark("a row without a table that is known was passed over: \(keys | .[:5] | join(", "))") end;

# Two relations may say the same of one pair: what is declared wins.
def once: group_by([.consumer, .verb, .provider])[] | sort_by(.confidence // 100)[-1];

[.[] | rows] as $all
| if any(.[]; type == "object" and has("error"))
  then error("ServiceNow answered: \(.[0].error | if type == "object" then .message else . end)") else . end
| [$all[] | records] as $made
| ([$made[] | select(.kind == "dependency")] | once),
  # A group's own row says more than a reference to it.
  ([$made[] | select(.kind == "party")] | group_by(.key)[] | sort_by(length)[-1]),
  ($made[] | select(.kind | IN("dependency", "party") | not))
