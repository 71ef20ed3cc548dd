# All documents of a load at once. Whatever the form, a target is `{labels, found, address}`: the labels that it ends up with,
# those it was discovered with, and where it is scraped.

def of_group($job): .targets[]? as $target | {labels: ({job: $job, instance: $target} + (.labels // {})), found: {}, address: $target};
def targets:
  if type == "array" then .[] | if type == "object" and has("targets") then of_group(null) else error("this names no targets") end
  elif type != "object" then error("this names no targets")
  elif has("labels") then select(.name == "up") | {labels, found: {}, address: .labels.instance}
  elif (.data | type) == "object" and (.data | has("activeTargets")) then .data.activeTargets[] | {labels, found: (.discoveredLabels // {}), address: (.labels.instance // .scrapeUrl)}
  elif (.data | type) == "object" and (.data | has("result")) then .data.result[] | select(.metric.__name__ // "up" == "up") | {labels: .metric, found: {}, address: .metric.instance}
  elif has("scrape_configs") then .scrape_configs[] | .job_name as $job | .static_configs[]? | of_group($job)
  elif has("targets") then of_group(null)
  else error("this names no targets") end;

def where: capture("^(?:(?<scheme>[a-z]+)://)?(?:[^@/]*@)?(?<host>\\[[0-9A-Fa-f:.]+\\]|[^:/\\[]+)(?::(?<port>[0-9]+))?(?:/.*)?$")
  | {host: (.host | ltrimstr("[") | rtrimstr("]") | domain_name), port: (if .port then .port | tonumber elif .scheme == "https" then 443 else 80 end)};
def is_address: test("^[0-9]+(\\.[0-9]+){3}$|:");
def is_here: IN("localhost", "::1") or startswith("127.");
# The machine behind a target: what the discovery knows of it is surer than its address.
def machine($at): (.found.__meta_ec2_instance_id // .found.__meta_gce_instance_id // .found.__meta_azure_machine_id // null) as $instance
  | if .labels.pod and .labels.namespace then mention("pod"; "pod:\(.labels.namespace)/\(.labels.pod)"; .labels.pod; {namespace: .labels.namespace})
    elif $instance then mention("virtual_machine"; "instance:\($instance)"; (.found.__meta_ec2_tag_Name // .found.__meta_azure_machine_name // .found.__meta_gce_instance_name // $instance);
      {instance_id: $instance, ip_addresses: ([.found.__meta_ec2_private_ip, .found.__meta_azure_machine_private_ip, .found.__meta_gce_private_ip] | texts)})
    else mention("server"; $at.host; $at.host; if $at.host | is_address then {ip_addresses: [$at.host | address]} elif $at.host | contains(".") then {fqdn: $at.host} else {} end) end;

[.[] | targets | select(.address != null)] as $all
| [$all[] | .at = ([.address | tostring | where][0] // null) | select(.at and (.at.host | is_here | not))]
| mention("monitoring_system"; $arguments.server; $arguments.server; {}) as $server
| (if . == [] then empty else $server | del(.mention) end),
  (group_by([.at.host, .at.port])[] | .[0].at as $at | .[0] as $first | ($first | machine($at)) as $machine | "\($at.host):tcp/\($at.port)" as $key
    | $machine,
      item("network_service"; $key; "\([.[].labels.job | values] | unique | join(", ") | if . == "" then "target" else . end) on \($machine.name) tcp/\($at.port)";
        {protocol: "tcp", port: $at.port, service_name: ([.[].labels.job | values][0]), environment: ([.[].labels | .environment // .env | values][0]),
         tags: ([.[].labels | to_entries[] | select(.key | IN("instance", "pod", "namespace", "__name__") or startswith("__") | not) | select(.value | type == "string" and . != "") | "\(.key)=\(.value)"] | unique)}),
      need($key; "RUNS_ON"; $machine.key), need($key; "MONITORED_BY"; $server.key), need($machine.key; "MONITORED_BY"; $server.key)),
  ([$all[] | (.address | tostring | [where][0]) as $at | select($at == null or ($at.host | is_here))] | select(. != []) | remark("\(length) targets are on the machine of Prometheus itself or have no address; they are left out"))
