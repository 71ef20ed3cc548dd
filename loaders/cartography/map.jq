# A row of the loader's statements: a node, or a relationship with the labels of both ends. Semantic labels of cartography's
# ontology say most; the labels of single providers are there for graphs that were made before it.

def class_of: {
    ComputeInstance: "virtual_machine", EC2Instance: "virtual_machine", GCPInstance: "virtual_machine", AzureVirtualMachine: "virtual_machine",
    KubernetesNode: "container_node", Device: "workstation", Database: "database_instance", RDSInstance: "database_instance", DynamoDBTable: "data_set",
    LoadBalancer: "load_balancer", LoadBalancerV2: "load_balancer", Container: "container", KubernetesContainer: "container",
    ComputePod: "pod", KubernetesPod: "pod", ComputeService: "workload", ComputeNamespace: "namespace", KubernetesNamespace: "namespace",
    ComputeCluster: "container_cluster", KubernetesCluster: "container_cluster", Function: "serverless_function", AWSLambda: "serverless_function",
    ObjectStorage: "object_store", S3Bucket: "object_store", FileStorage: "file_share", BlockStorage: "volume", EBSVolume: "volume",
    NetworkInterface: "network_interface", Subnet: "subnet", EC2Subnet: "subnet", VirtualNetwork: "virtual_network", AWSVpc: "virtual_network",
    NetworkAccessControl: "security_group", EC2SecurityGroup: "security_group", DNSZone: "dns_zone", Certificate: "certificate",
    Image: "container_image", Tenant: "cloud_account", AWSAccount: "cloud_account", IdentityProvider: "directory_server"} as $classes
  # A node of a cluster is also an instance: the closer word comes first.
  | [(if index("KubernetesNode") then "container_node" else empty end), (.[] | $classes[.] // empty)][0];
def key($class; $id): "\($class):\($id)";

def attributes($class): {
  instance_id: (.instanceid // .id | tostring), volume_id: (.id | tostring), provider_id: (.instanceid | values) // null, container_id: (.id | tostring), account_id: (.id | tostring), digest,
  instance_type: .type, region, version, engine, image, namespace, endpoint, port: (.port | numbers) // null, os, os_version, serial_number, vendor: .manufacturer, model, prefix: .cidr,
  prefixes: ([.cidr] | texts), mac_address: ([.mac_address | strings | mac][0]), provider: ([.labels[] | select(test("^(AWS|GCP|Azure)")) | capture("^(?<of>AWS|GCP|Azure)").of | ascii_downcase][0]),
  power_state: (.state | strings | ascii_downcase | if IN("running", "stopped", "suspended") then . else null end) // null,
  fqdn: (if $class == "load_balancer" then .endpoint | strings | domain_name else null end) // null,
  ip_addresses: ([.private_address, .public_address] | texts | map(address))};
def node: (.labels | class_of) as $class | select($class and .id)
  | item($class; key($class; .id); (.name // .id | tostring); fit($class; attributes($class)))
    + ({load_balancer: {groups: [any_of("backends")]}, workload: {groups: [any_of("replicas")]}}[$class] // {});

# Which end needs the other, by the name of the relationship and by what the ends are.
def edge: (.from_labels | class_of) as $a | (.to_labels | class_of) as $b | select($a and $b and .from_id and .to_id)
  | key($a; .from_id) as $from | key($b; .to_id) as $to | .type as $type | select($from != $to)
  | (mention($a; $from; .from_name // .from_id | tostring; {}) + ({load_balancer: {groups: [any_of("backends")]}}[$a] // {})),
    (mention($b; $to; .to_name // .to_id | tostring; {}) + ({workload: {groups: [any_of("replicas")]}}[$b] // {})),
    (if $type == "EXPOSE" and $a == "load_balancer" then need($from; "DEPENDS_ON"; $to) + {group: "backends"}
     elif $type == "WORKLOAD_PARENT" and $a == "pod" and $b == "workload" then need($to; "COMPOSED_OF"; $from) + {group: "replicas"}
     elif $type == "WORKLOAD_PARENT" and $a == "namespace" then need($from; "HOSTED_ON"; $to)
     elif $type | IN("WORKLOAD_PARENT", "RUNS_ON") then need($from; "RUNS_ON"; $to)
     elif $type | IN("HAS_IMAGE", "RESOLVED_IMAGE") then need($from; "USES"; $to)
     elif $type == "RESOURCE" then need($to; "CONTAINED_IN"; $from)
     elif $type == "MEMBER_OF_EC2_SECURITY_GROUP" then need($from; "USES"; $to)
     elif $type | IN("PART_OF_SUBNET", "MEMBER_OF_AWS_VPC") then need($from; "CONTAINED_IN"; $to)
     elif ($type | startswith("ATTACHED_TO")) and $a == "volume" then need($to; "STORED_ON"; $from)
     elif $type == "NETWORK_INTERFACE" then need($from; "CONNECTS_THROUGH"; $to)
     else empty end);

if type != "object" or (.row | type) != "object" then error("this is no row of cartography's graph")
elif .statement == "nodes" then .row | node
elif .statement == "edges" then .row | edge
else error("this is no row of cartography's graph") end
