# All documents of a load at once: of several states of one resource the latest counts, each difference is a change.

# Out of envelopes of SNS, SQS, Lambda and EventBridge, each of which may hold the next as text.
def opened: if type == "string" then (try fromjson catch error("the message is no JSON")) | opened
  elif type != "object" then error("this is no message of AWS Config")
  elif has("Message") then .Message | opened elif has("Records") then .Records[] | (.Sns // .body // .) | opened
  elif has("detail") then .detail | opened else . end;
def states:
  if has("configurationItem") or has("configurationItemSummary") then {state: (.configurationItem // .configurationItemSummary), diff: (.configurationItemDiff // null)}
  elif has("configurationItems") or has("baseConfigurationItems") then (.configurationItems // .baseConfigurationItems)[] | {state: ., diff: null}
  elif has("resourceType") and has("resourceId") then {state: ., diff: null}
  elif has("messageType") then {other: .messageType}
  else error("this is no message of AWS Config") end;

def class_of: {
  "EC2::Instance": "virtual_machine", "EC2::Volume": "volume", "EC2::VPC": "virtual_network", "EC2::Subnet": "subnet", "EC2::SecurityGroup": "security_group",
  "EC2::NetworkAcl": "security_group", "EC2::NetworkInterface": "network_interface", "EC2::VPNConnection": "vpn_tunnel", "EC2::TransitGateway": "router",
  "ElasticLoadBalancing::LoadBalancer": "load_balancer", "ElasticLoadBalancingV2::LoadBalancer": "load_balancer", "AutoScaling::AutoScalingGroup": "cluster",
  "RDS::DBInstance": "database_instance", "RDS::DBCluster": "database_cluster", "Redshift::Cluster": "database_cluster", "DynamoDB::Table": "data_set",
  "ElastiCache::CacheCluster": "cache", "ElastiCache::ReplicationGroup": "cache", "OpenSearch::Domain": "search_engine", "Elasticsearch::Domain": "search_engine",
  "S3::Bucket": "object_store", "EFS::FileSystem": "file_share", "SQS::Queue": "message_queue", "SNS::Topic": "message_queue", "Kinesis::Stream": "message_queue",
  "AmazonMQ::Broker": "message_broker", "MSK::Cluster": "message_broker", "Lambda::Function": "serverless_function", "ECS::Cluster": "container_cluster",
  "EKS::Cluster": "container_cluster", "ECS::Service": "workload", "ACM::Certificate": "certificate", "Route53::HostedZone": "dns_zone",
  "ApiGateway::RestApi": "api", "ApiGatewayV2::Api": "api", "NetworkFirewall::Firewall": "firewall"}[ltrimstr("AWS::")] // "cloud_resource";
def region($type): if $type | test("^AWS::(IAM|CloudFront|Route53)::") then "global" else .awsRegion end;
def key($type; $id): "\(.awsAccountId)/\(region($type))/\($type)/\($id)";
def key: key(.resourceType; .resourceId);
def configuration: .configuration | if type == "string" then (fromjson? // {}) else . // {} end | if type == "object" then . else {} end;
def tags: (.tags // {}) | if type == "array" then map({key: (.key // .Key), value: (.value // .Value)}) | from_entries else . end;
def is_deleted: .configurationItemStatus // "" | test("Deleted");

def attributes: configuration as $is | [$is.networkInterfaces[]?] as $ports | tags as $tags | {
  instance_id: .resourceId, resource_id: (.ARN // .arn // .resourceId), volume_id: .resourceId, resource_type: .resourceType, region: .awsRegion,
  tags: [$tags | to_entries[] | "\(.key)=\(.value)"], environment: ($tags.environment // $tags.Environment // $tags.env),
  location: (.availabilityZone | strings | select(IN("Not Applicable", "Multiple Availability Zones", "Regional") | not)) // null,
  instance_type: $is.instanceType, image: $is.imageId, power_state: ($is.state | objects | .name | select(IN("running", "stopped"))) // null,
  ip_addresses: ([$is.privateIpAddress, $is.publicIpAddress, $is.association?.publicIp?, ($ports[] | .privateIpAddresses[]?.privateIpAddress, .ipv6Addresses[]?.ipv6Address?), $is.privateIpAddresses[]?.privateIpAddress?] | texts),
  mac_addresses: ([$ports[].macAddress | strings | mac] | unique), mac_address: ([$is.macAddress | strings | mac][0]), interface_type: $is.interfaceType?,
  capacity_gb: ($is.size | numbers) // null, encrypted: ($is.encrypted | booleans | tostring | . == "true") // null,
  prefix: $is.cidrBlock, prefixes: ([$is.cidrBlock, $is.cidrBlockAssociationSet[]?.cidrBlock] | texts), public: ($is.mapPublicIpOnLaunch | booleans | if . then true else null end) // null,
  scheme: ({"internet-facing": "public", internal: "internal"}[$is.scheme | strings] // null), fqdn: ($is.dnsname // $is.dNSName // $is.DNSName | strings | domain_name) // null,
  engine: $is.engine, version: ($is.engineVersion // $is.version | strings) // null, runtime: $is.runtime, endpoint: ($is.endpoint | if type == "object" then .address else strings end) // null,
  port: ($is.endpoint | objects | .port) // null};
def name_of: tags as $tags | [$tags.Name, .resourceName, .resourceId | strings | select(. != "")][0];

# The name of a relationship may lack its blanks or the type at its end.
def related: . as $self | .relationships[]? | (.name // .relationshipName // "" | ascii_downcase | gsub("[^a-z]"; "")) as $how
  | (.resourceId // .resourceName) as $id | select($id) | .resourceType as $type | ($self | key($type; $id)) as $other | ($self | key) as $own
  | ($self.resourceType | class_of) as $class | ($type | class_of) as $far
  | mention($far; $other; .resourceName // $id; fit($far; {instance_id: $id, volume_id: $id} | if $far == "cloud_resource" then {resource_type: $type} else . end)),
    (def both($one; $two): [$class, $far] == [$one, $two];
     if both("virtual_machine"; "network_interface") then need($own; "CONNECTS_THROUGH"; $other)
     elif both("network_interface"; "virtual_machine") then need($other; "CONNECTS_THROUGH"; $own)
     elif both("virtual_machine"; "volume") then need($own; "STORED_ON"; $other)
     elif both("volume"; "virtual_machine") then need($other; "STORED_ON"; $own)
     elif $class == "load_balancer" and $far == "subnet" then need($own; "CONNECTS_THROUGH"; $other) + {group: "zones"}
     elif $class == "cluster" and $far == "virtual_machine" then need($own; "COMPOSED_OF"; $other) + {group: "members"}
     elif $class == "subnet" and ($type | endswith("RouteTable")) then need($own; "ROUTED_VIA"; $other)
     elif $class == "security_group" and $far != "virtual_network" then need($other; "USES"; $own)
     elif $how | startswith("iscontainedin") then need($own; "CONTAINED_IN"; $other)
     elif $how | startswith("contains") then need($other; "CONTAINED_IN"; $own)
     else need($own; "USES"; $other) end);
def groups: (.resourceType | class_of) as $class | if $class == "load_balancer" then {groups: [any_of("zones")]} elif $class == "cluster" then {groups: [any_of("members")]} else {} end;

def resource: (.resourceType | class_of) as $class | key as $key
  | (item($class; $key; name_of; fit($class; attributes)) + groups + (if is_deleted then {retired: true} else {} end)),
    (select(is_deleted | not) | related);
# Values of settings that may be secret are not kept, nor whole objects.
def shown($name): if $name | test("password|secret|token|credential|userdata|environment|privatekey"; "i") then "(not shown)"
  elif type == "object" or type == "array" then "..." else tostring | .[:80] end;
def change($state): ($state | key) as $key | (.changeType // "UPDATE") as $what | (.changedProperties // {} | to_entries) as $all
  | {kind: "change", key: "\($key)@\($state.configurationStateId // $state.configurationItemCaptureTime)", title: "\($what | ascii_downcase) \($state.resourceType | ltrimstr("AWS::")) \($state | name_of)",
     change_kind: "detected", state: "completed", targets: [$key], actual_start: (if $what == "CREATE" then $state.resourceCreationTime // $state.configurationItemCaptureTime else $state.configurationItemCaptureTime end),
     description: ([$all[:20][] | .key as $name | "\($name): \(.value.previousValue | shown($name)) -> \(.value.updatedValue | shown($name))"] + (if ($all | length) > 20 then ["and \(($all | length) - 20) more"] else [] end) | join("\n"))} | drop_empty;

[.[] | opened | states] as $all
| ([$all[] | select(.state) | .state] | map(if (.awsAccountId // .accountId // "") == "" or (.resourceId // "") == "" or (.resourceType // "") == ""
    then error("a configuration item lacks its account, type or id: \(.ARN // .resourceId)") else .awsAccountId //= .accountId end)
  | group_by(key)[] | max_by(.configurationItemCaptureTime // "") | resource),
  ($all[] | select(.diff) | .state as $state | .diff | change($state)),
  ($all[] | select(.other) | remark("messages of type \(.other) say nothing about resources"))
