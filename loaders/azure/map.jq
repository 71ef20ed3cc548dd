# All documents of a load at once: lists of the command line, of the SDK (snake case), of the REST API (`value`) and of
# the resource graph (`data`). REST keeps the settings of a resource under `properties`.

def camel: split("_") | .[0] + (.[1:] | map(.[:1] as $head | ($head | ascii_upcase) + .[1:]) | join(""));
def one_style: walk(if type == "object" then with_entries(.key |= camel) | if (.properties | type) == "object" then .properties as $own | del(.properties) | $own + . else . end else . end);
def resources: if type == "array" then .[] | resources elif type != "object" then error("this lists no resources of Azure")
  elif (.value | type) == "array" then .value[] | resources elif (.data | type) == "array" then .data[] | resources
  elif .id | type == "string" and test("^/subscriptions/[^/]+"; "i") then {tags} + (del(.tags) | one_style)
  else error("this lists no resources of Azure") end;

# An id says the type, also where the answer leaves it out. Its letters may be large or small.
def key: ascii_downcase;
def type_of: split("/") | (map(ascii_downcase) | index("providers")) as $at
  | if $at then .[$at + 1:] | .[0] as $provider | [.[1:] | to_entries[] | select(.key % 2 == 0) | .value] | "\($provider)/\(join("/"))" | ascii_downcase else "microsoft.resources/subscriptions" end;
def last: split("/")[-1];
# The resource that a part such as an address of an interface belongs to.
def owner: capture("^(?<of>/subscriptions/.*?/providers/[^/]+/[^/]+/[^/]+)"; "i").of // .;

def class_of: {
  "microsoft.compute/virtualmachines": "virtual_machine", "microsoft.compute/disks": "volume", "microsoft.compute/virtualmachinescalesets": "cluster", "microsoft.compute/availabilitysets": "cluster",
  "microsoft.network/networkinterfaces": "network_interface", "microsoft.network/loadbalancers": "load_balancer", "microsoft.network/applicationgateways": "load_balancer", "microsoft.network/virtualnetworks": "virtual_network",
  "microsoft.network/virtualnetworks/subnets": "subnet", "microsoft.network/networksecuritygroups": "security_group", "microsoft.network/azurefirewalls": "firewall", "microsoft.network/dnszones": "dns_zone", "microsoft.network/privatednszones": "dns_zone",
  "microsoft.sql/servers": "database_instance", "microsoft.sql/servers/databases": "database_schema", "microsoft.dbforpostgresql/flexibleservers": "database_instance", "microsoft.dbforpostgresql/servers": "database_instance",
  "microsoft.dbformysql/flexibleservers": "database_instance", "microsoft.dbformysql/servers": "database_instance", "microsoft.documentdb/databaseaccounts": "database_cluster", "microsoft.cache/redis": "cache",
  "microsoft.storage/storageaccounts": "object_store", "microsoft.search/searchservices": "search_engine", "microsoft.servicebus/namespaces": "message_broker", "microsoft.eventhub/namespaces": "message_broker",
  "microsoft.web/sites": "application_component", "microsoft.containerservice/managedclusters": "container_cluster", "microsoft.resources/subscriptions": "cloud_account"}[.] // "cloud_resource";
def whole: if test("/virtualnetworks/[^/]+/subnets/"; "i") then capture("(?<of>^.*/subnets/[^/]+)"; "i").of else owner end;
def refer: whole as $of | ($of | type_of) as $type | ($type | class_of) as $class | mention($class; $of | key; $of | last; fit($class; {resource_id: ($of | key), resource_type: $type}));

def tags: [.tags | objects | to_entries[] | select(.value | type == "string") | "\(.key)=\(.value)"];
def power: .powerState // ([.instanceView.statuses[]?.code? | strings | select(startswith("PowerState/")) | ltrimstr("PowerState/")][0] // "") | ascii_downcase | if test("running") then "running" elif test("stopped|deallocated") then "stopped" else null end;
def words: if type == "array" then . elif type == "string" then split(",") else [] end;
def attributes($type): {
  environment: (.tags | objects | .env // .environment) // null, tags: tags, location: .location, region: .location, resource_id: (.id | key), resource_type: $type,
  instance_id: (.vmId | strings | ascii_downcase) // null, instance_type: (.hardwareProfile // .handwareProfile | objects | .vmSize) // null, power_state: power,
  image: (.storageProfile.imageReference? | objects | [.publisher, .offer, .sku | values] | join("/")) // null, os: (.storageProfile.osDisk.osType?) // null,
  ip_addresses: ([(.privateIps, .publicIps | words[]), .ipConfigurations[]?.privateIpAddress?, .ipConfigurations[]?.privateIPAddress?, .frontendIpConfigurations[]?.privateIpAddress?, .frontendIPConfigurations[]?.privateIPAddress?] | texts),
  mac_addresses: ([.macAddresses | words[] | mac] | unique), mac_address: ([.macAddress | strings | mac][0]), fqdn: ([.fqdns | words[] | domain_name][0]),
  prefix: (.addressPrefix // .addressPrefixes[0]?), prefixes: [.addressSpace.addressPrefixes[]?], capacity_gb: (.diskSizeGb // .diskSizeGB), version: (.version // .kubernetesVersion | strings) // null,
  endpoint: (.fullyQualifiedDomainName // .hostName // .defaultHostName | strings) // null, desired_size: (.sku.capacity? | numbers) // null};

# Whom a resource needs: `{verb, id}` by the fields of its kind.
def needs($class):
  if $class == "virtual_machine" then
    ((.networkProfile.networkInterfaces[]?.id | {verb: "CONNECTS_THROUGH", id: .}), ((.storageProfile | objects | .osDisk, .dataDisks[]?) | .managedDisk?.id? | values | {verb: "STORED_ON", id: .}),
     (.host.id?, .virtualMachineScaleSet.id? | values | {verb: "RUNS_ON", id: .}))
  elif $class == "network_interface" then ((.ipConfigurations[]?.subnet.id? | values | {verb: "CONTAINED_IN", id: .}), (.networkSecurityGroup.id? | values | {verb: "USES", id: .}))
  elif $class == "load_balancer" then (((.backendAddressPools[]? | (.backendIpConfigurations // .backendIPConfigurations)[]?.id | values), .backendAddressPools[]?.loadBalancerBackendAddresses[]?.networkInterfaceIPConfiguration.id?) | values | {verb: "DEPENDS_ON", id: ., group: "backends"}),
    ((.frontendIpConfigurations // .frontendIPConfigurations)[]? | (.publicIpAddress // .publicIPAddress | objects | .id | values | {verb: "DEPENDS_ON", id: .}), (.subnet.id? | values | {verb: "CONTAINED_IN", id: .}))
  elif $class == "subnet" then (.id | capture("^(?<of>.*)/subnets/"; "i").of | {verb: "CONTAINED_IN", id: .}), (.networkSecurityGroup.id?, .routeTable.id? | values | {verb: "USES", id: .})
  elif $class == "database_schema" then .id | owner | {verb: "HOSTED_ON", id: .}
  elif $class == "application_component" then (.serverFarmId // .appServicePlanId | strings | {verb: "RUNS_ON", id: .})
  else empty end;
def members: [(.virtualMachines // [])[] | .id? | values];

[.[] | resources] as $all
| if $all == [] and any(.[]; type == "object" and (has("value") or has("data") | not)) then error("this lists no resources of Azure") else $all end
| group_by(.id | key)[] | add | .id as $id | (.type // ($id | type_of) | ascii_downcase) as $type | ($type | class_of) as $class | ($id | key) as $key
| (item($class; $key; .name // ($id | last); fit($class; attributes($type)))
    + (if $class == "load_balancer" then {groups: [any_of("backends")]} elif $class == "cluster" then {groups: [any_of("members")]} else {} end)),
  ((.subnets[]? | select(.id and $class == "virtual_network") | item("subnet"; .id | key; .name // (.id | last); {prefix: (.addressPrefix // .addressPrefixes[0]?)}), need(.id | key; "CONTAINED_IN"; $key))),
  (needs($class) | . as $need | .id | refer | select(.key != $key) | ., (need($key; $need.verb; .key) + (if $need.group then {group: $need.group} else {} end))),
  (select($class == "cluster") | members[] | refer | ., (need($key; "COMPOSED_OF"; .key) + {group: "members"}))
