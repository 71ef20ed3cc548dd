# State files of version 4, `show -json` of a state, and `show -json` of a plan.

def class_of:
  # The first pattern that fits the type; whatever fits none is a cloud resource.
  . as $of | [
    ["_(attachment|association|rule|policy|member|parameter_group|option_group)(_v[0-9]+)?$", "cloud_resource"],
    ["^(aws_instance|aws_spot_instance_request|azurerm_.*virtual_machine|google_compute_instance|.*_compute_instance(_v[0-9])?|vsphere_virtual_machine|proxmox_vm_qemu|digitalocean_droplet|hcloud_server)$", "virtual_machine"],
    ["^(aws_db_instance|aws_rds_cluster_instance|azurerm_(mssql|sql|postgresql|mysql|mariadb)(_flexible)?_server|google_sql_database_instance|.*_(db|rds)_instance(_v[0-9])?)$", "database_instance"],
    ["^(aws_rds_cluster|aws_redshift_cluster|aws_docdb_cluster|azurerm_cosmosdb_account|google_spanner_instance)$",
      "database_cluster"],
    ["^(azurerm_(mssql|sql|postgresql|mysql)(_flexible_server)?_database|google_sql_database|.*_db_database(_v[0-9])?)$",
      "database_schema"],
    ["^(aws_elasticache_.*(cluster|group)|azurerm_redis_cache|google_redis_instance|aws_memorydb_cluster)$", "cache"],
    ["^(aws_(alb|lb|elb)|azurerm_lb|azurerm_application_gateway|google_compute_(global_)?forwarding_rule|.*_lb_loadbalancer(_v[0-9])?)$", "load_balancer"],
    ["^(aws_s3_bucket|azurerm_storage_account|google_storage_bucket|.*_objectstorage_container(_v[0-9])?|.*_obs_bucket)$",
      "object_store"],
    ["^(aws_vpc|azurerm_virtual_network|google_compute_network|.*_networking_network(_v[0-9])?|.*_vpc(_v[0-9])?)$",
      "virtual_network"],
    ["^(aws_subnet|azurerm_subnet|google_compute_subnetwork|.*_(networking|vpc)_subnet(_v[0-9])?)$", "subnet"],
    ["^(aws_(default_)?security_group|aws_network_acl|azurerm_network_security_group|google_compute_firewall|.*_secgroup(_v[0-9])?)$", "security_group"],
    ["^(aws_ebs_volume|azurerm_managed_disk|google_compute_disk|.*_blockstorage_volume(_v[0-9])?|vsphere_virtual_disk)$",
      "volume"],
    ["^(aws_efs_file_system|azurerm_storage_share|google_filestore_instance|.*_sharedfilesystem_share(_v[0-9])?)$",
      "file_share"],
    ["^(aws_lambda_function|azurerm_.*function_app|google_cloudfunctions2?_function|google_cloud_run_.*service)$",
      "serverless_function"],
    ["^(aws_sqs_queue|aws_sns_topic|aws_kinesis_stream|azurerm_servicebus_(queue|topic)|azurerm_eventhub|google_pubsub_topic)$", "message_queue"],
    ["^(aws_mq_broker|aws_msk_cluster|azurerm_(servicebus|eventhub)_namespace)$", "message_broker"],
    ["^(aws_(eks|ecs)_cluster|azurerm_kubernetes_cluster|google_container_cluster|.*_cce_cluster(_v[0-9])?)$",
      "container_cluster"],
    ["^(aws_ecs_service|kubernetes_(deployment|stateful_set|daemonset|cron_job|job)(_v[0-9])?)$", "workload"],
    ["^kubernetes_namespace", "namespace"], ["^kubernetes_(service|ingress)(_v[0-9])?$", "container_endpoint"],
    ["^(aws_autoscaling_group|azurerm_.*scale_set|google_compute_.*instance_group_manager|google_container_node_pool|aws_eks_node_group|vsphere_compute_cluster)$", "cluster"],
    ["^(aws_route53_zone|azurerm_(private_)?dns_zone|google_dns_managed_zone|.*_dns_zone(_v[0-9])?)$", "dns_zone"],
    ["^(aws_dynamodb_table|google_bigquery_dataset|google_bigquery_table|aws_glue_catalog_table)$", "data_set"],
    ["^(aws_(opensearch|elasticsearch)_domain|azurerm_search_service)$", "search_engine"],
    ["^(aws_acm_certificate|google_compute_ssl_certificate|azurerm_key_vault_certificate)$", "certificate"],
    ["^(aws_vpn_connection|google_compute_vpn_tunnel|azurerm_virtual_network_gateway_connection)$", "vpn_tunnel"],
    ["^(aws_networkfirewall_firewall|azurerm_firewall|.*_fw_firewall(_v[0-9])?)$", "firewall"],
    ["^(google_compute_router|.*_networking_router(_v[0-9])?|aws_ec2_transit_gateway)$", "router"],
    ["^(aws_network_interface|azurerm_network_interface|.*_networking_port(_v[0-9])?)$", "network_interface"],
    ["^(aws_api_gateway_rest_api|aws_apigatewayv2_api|azurerm_api_management_api)$", "api"],
    ["^(helm_release|azurerm_.*(web_app|app_service)|aws_elastic_beanstalk_environment)$", "application_component"]]
  | [.[] | select(.[0] as $pattern | $of | test($pattern))][0][1] // "cloud_resource";

def key: if $arguments.workspace == "" then . else "\($arguments.workspace)/\(.)" end;
# An address without instances: what a dependency names.
def static: gsub("\\[(?:\"(?:[^\"\\\\]|\\\\.)*\"|[0-9]+)\\]"; "");
def index: if type == "number" then "[\(.)]" elif type == "string" then "[\(tojson)]" else "" end;


# Every format as {address, mode, type, name, values, depends}; what is marked sensitive is gone.
def open_values($secret): with_entries(select(.key | IN($secret[]) | not));
def in_state: .resources[]? | . as $of | .instances[]?
  | ([.sensitive_attributes[]? | if type == "array" then .[0].value else . end]) as $secret
  | {address: ([$of.module, (select($of.mode == "data") | "data") // null, $of.type, $of.name] | map(values) | join(".")),
     mode: $of.mode, type: $of.type, name: $of.name,
     values: (.attributes // .attributes_flat // {} | open_values($secret)), depends: (.dependencies // .depends_on // [])}
    + {index: .index_key} | .address += (.index | index);
def secrets: if type == "object" then [to_entries[] | select([.value | .. | select(. == true)] != []) | .key] else [] end;
def in_module: (.resources[]? | (.sensitive_values | secrets) as $secret
    | {address, mode, type, name, values: (.values // {} | open_values($secret)), depends: (.depends_on // [])}),
  (.child_modules[]? | in_module);

def title_of: (.values | (.tags_all?.Name? // .tags?.Name? // .name? // .display_name? // .identifier?)) as $name
  | if ($name | type) == "string" and $name != "" then $name else .address end;
def tags: .values | (.tags_all? // .tags? // .labels? // .metadata?)
  | if type == "object" then [to_entries[] | select(.value | type == "string") | "\(.key)=\(.value)"]
    elif type == "array" then texts else [] end;
def number($names): [.[$names[]]? | if type == "string" then tonumber? else . end | numbers | floor][0];
def text($names): [.[$names[]]? | strings | select(. != "")][0];

def attributes: .type as $of | tags as $tags | .values | fit($of | class_of; {
  resource_type: $of, region: text(["region", "location", "zone", "availability_zone"]), tags: $tags,
  resource_id: (if $of | test("^(null|local|random|time|tls|terraform|template|external|archive|http)_") then null
    else text(["arn", "self_link", "id"]) end),
  instance_id: text(["id"]), volume_id: text(["id"]), instance_type: text(["instance_type", "size", "vm_size",
    "machine_type", "flavor_name"]),
  image: text(["ami", "image_name", "image", "source_image_id"]),
  ip_addresses: ([.private_ip?, .public_ip?, .private_ip_address?, .public_ip_address?, .access_ip_v4?, .access_ip_v6?,
    .ipv4_address?, .ipv6_address?, .ip_address?, .default_ip_address?,
    .vip_address?, .private_ip_addresses?[]?, .ipv6_addresses?[]?, .all_fixed_ips?[]?, (.network_interface?[]?
      | .network_ip?, .access_config?[]?.nat_ip?), (.network?[]? | .fixed_ip_v4?)] | map(strings | address) | unique
      | map(select(. != ""))),
  mac_address: ([.mac_address? | strings | mac][0]), fqdn: (text(["private_dns", "fqdn"]) | values | domain_name) // null,
  cpu_count: number(["num_cpus", "cpu_core_count", "vcpus"]), memory_mb: number(["memory"]), capacity_gb: number(["size",
    "disk_size_gb", "allocated_storage", "volume_size"]),
  engine: text(["engine", "database_version"]), version: text(["engine_version", "version", "kubernetes_version"]),
    endpoint: text(["endpoint", "address", "dns_name", "host"]), port: number(["port"]),
  api_address: text(["endpoint"]), prefix: ([text(["cidr_block", "cidr", "ip_cidr_range"]), (.address_prefixes?[0]?
    | strings)] | map(values)[0]),
  prefixes: ([text(["cidr_block", "cidr"]), .address_space?[]?] | texts), runtime: text(["runtime"]),
    desired_size: number(["desired_capacity", "target_size"]),
  replicas: number(["desired_count"]), workload_type: (if $of | class_of == "workload" then $of else null end),
    namespace: text(["namespace"]),
  encrypted: ([.encrypted? | booleans][0]), scheme: ({"true": "internal", "false": "public"}[.internal? | tostring]),
    public: ([.map_public_ip_on_launch? | booleans][0])});

def verb($consumer; $provider):
  if $provider | IN("subnet", "virtual_network", "network_interface", "router") then {verb: "CONNECTS_THROUGH"}
  elif $provider == "volume" then {verb: "STORED_ON"}
  elif $consumer == "workload" and $provider == "container_cluster" then {verb: "RUNS_ON"}
  # Rules and settings do not fail by themselves.
  elif $provider == "security_group" then {verb: "USES"} else {verb: "DEPENDS_ON"} end;
# A dependency says only that one was made after the other.
def depends($by_static):
  .address as $address | (.type | class_of) as $class | .depends | unique[] | static
    | select(test("^(var|local|each|path|count|self|terraform)\\.") | not)
  | . as $named | ($by_static[$named] // []) as $instances | (split(".") | if .[-3] == "data" then "data"
    else "managed" end) as $mode
  | (split(".")[-2] | class_of) as $far
  | if $instances == [] then select(split(".") | length > 1) | mention($far; key; .; {}), (need($address | key; verb($class;
    $far).verb; key) | inferred(80))
    else $instances[] | select(. != $address) | need($address | key; verb($class; $far).verb; key) + (if $instances
      | length > 1 then {group: $named} else {} end) | inferred(80) end;
def groups($by_static): [.depends | unique[] | static | select($by_static[.] // [] | length > 1) | any_of(.)]
  | if . == [] then {} else {groups: .} end;

def items: . as $all
  | (reduce .[] as $one ({}; .[$one.address | static] += [$one.address])) as $by_static
  | $all[] | item(.type | class_of; .address | key; title_of; attributes)
    + (if .mode == "data" then {mention: true} else groups($by_static) end),
    (select(.mode != "data") | depends($by_static));

# Planned changes: what will be done to which resource, and the attributes that differ, by name where secret or unknown.
def title: if . == ["create"] then "create" elif . == ["update"] then "update" elif . == ["delete"] then "destroy"
  elif . == ["forget"] then "forget" else "replace" end;
def risk: if . == "create" then "low" elif . == "update" then "medium" else "high" end;
def shown: if type == "string" then (if length > 60 then .[:60] + "…" else . end) else tojson | .[:60] end;
def differences: .before as $before | .after as $after | (.after_unknown // {}) as $unknown | ((.before_sensitive
  | secrets) + (.after_sensitive | secrets)) as $secret
  | [($before // {} | objects), ($after // {} | objects), ($unknown | objects) | keys[]] | unique[]
  | select($before[.]? != $after[.]? or $unknown[.]? == true)
  | if IN($secret[]) or test("password|secret|token|private_key|credential"; "i") then "\(.): (sensitive)"
    elif $unknown[.]? then "\(.): \($before[.]? | shown) -> (known after apply)"
    else "\(.): \($before[.]? | shown) -> \($after[.]? | shown)" end;
def changes: (.timestamp // $arguments.plan) as $plan | .resource_changes[]? | select(.mode != "data" and (.change.actions
  | . != ["no-op"] and . != ["read"]))
  | (.change.actions | title) as $action | (.type | class_of) as $class
  | mention($class; .address | key; .address; if $action == "create" then {lifecycle: "planned"} else {} end),
    {kind: "change", key: "\($plan)/\(.address | key)", title: "\($action) \(.address)", change_kind: "normal",
      state: "planned", targets: [.address | key], risk: ($action | risk),
     description: ([.change | differences] | join("\n") | .[:4000])};

if type != "object" then error("this is no state and no plan of Terraform")
elif has("format_version") then
  (if has("resource_changes") or has("planned_values") then changes, ([.prior_state.values.root_module? | objects
    | in_module] | items | select(.kind == "item") | .mention = true)
   else [.values.root_module? | objects | in_module] | items end)
elif .version == 4 then [in_state] | items
elif (.resources // .modules // []) == [] and .version == 3 then remark("an empty state")
else error("this is a state of version \(.version // "unknown"), only 4 is read; 'terraform state pull' with a current release writes it") end
