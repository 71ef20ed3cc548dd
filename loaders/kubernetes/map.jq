# All objects of a load at once: lists, single objects and collections by kind, with or without `kind`.

def cluster: $arguments.cluster;
def namespace: $arguments.namespace;
def classes: {Deployment: "workload", StatefulSet: "workload", DaemonSet: "workload", ReplicaSet: "workload",
  ReplicationController: "workload", Job: "workload", CronJob: "workload", Rollout: "workload", DeploymentConfig: "workload",
  Pod: "pod", Node: "container_node", Service: "container_endpoint", Namespace: "namespace",
  Ingress: "container_endpoint", Route: "container_endpoint", HTTPRoute: "container_endpoint",
    GRPCRoute: "container_endpoint",
  TCPRoute: "container_endpoint", TLSRoute: "container_endpoint", VirtualService: "container_endpoint",
    Gateway: "container_endpoint",
  PersistentVolume: "volume", PersistentVolumeClaim: "volume", ConfigMap: "configuration_set", Secret: "configuration_set",
  HorizontalPodAutoscaler: "configuration_set", PodDisruptionBudget: "configuration_set", NetworkPolicy: "security_group",
  ServiceEntry: "external_system"};
classes as $classes |
def class_of: $classes[.];
def is_workload: $classes[.] == "workload";
def is_route: . != "Service" and $classes[.] == "container_endpoint";

def guessed_kind: .spec
  | if .containers then "Pod" elif .scaleTargetRef then "HorizontalPodAutoscaler" elif .jobTemplate then "CronJob"
    elif .strategy and .template then "Deployment" elif .template and .selector then "ReplicaSet"
    elif .rules // .defaultBackend then "Ingress" elif .ports then "Service" else "object of no kind" end;
def flat($kind):
  if type == "array" then .[] | flat($kind)
  elif type != "object" then empty
  elif (.items | type) == "array" then (.kind // "" | rtrimstr("List")) as $of | .items[] | flat($of)
  elif (.metadata | type) == "object" then
    select(.metadata.name | type == "string") | .kind //= (if $kind != "" then $kind else guessed_kind end)
  else .[] | select(type == "array" or type == "object") | flat("") end;

def ns: .metadata.namespace // "default";
def key($kind; $ns; $name):
  if $kind | IN("Node", "Namespace", "PersistentVolume") then "\(cluster)/\($kind | ascii_downcase)/\($name)"
  else "\(cluster)/\($ns)/\($kind | ascii_downcase)/\($name)" end;
def key: key(.kind; ns; .metadata.name);
# What another object names, and the dependency on it.
def named($kind; $ns; $name): mention($kind | class_of // "workload"; key($kind; $ns; $name); $name; {});
def needs($consumer; $verb; $kind; $ns; $name):
  named($kind; $ns; $name), need($consumer; $verb; key($kind; $ns; $name));

def template:
  (if .kind == "Pod" then {metadata, spec} elif .kind == "CronJob" then .spec.jobTemplate.spec.template
   else .spec.template end) // {};
def labels: template.metadata.labels // {};
def fits($selector): . as $labels | ($selector | length) > 0 and ($selector | to_entries | all($labels[.key] == .value));
def containers: template.spec | ((.containers // []) + (.initContainers // []))[];
def is_own: (.metadata.ownerReferences // []) == [];

def unit: {"": 1, k: 1e3, Ki: 1024, M: 1e6, Mi: 1048576, G: 1e9, Gi: 1073741824, T: 1e12, Ti: 1099511627776}[.] // 0;
def mebibytes: tostring | capture("^(?<n>[0-9]+)(?<unit>[A-Za-z]*)$") | (.n | tonumber) * (.unit | unit) / 1048576;
def cores: tostring | if endswith("m") then (rtrimstr("m") | tonumber) / 1000 else tonumber end | ceil;
def tags: [.metadata.labels // {} | to_entries[] | select(.key | test("hash|revision|helm.sh") | not) | "\(.key)=\(.value)"];

def attributes:
  if .kind | is_workload then
    {workload_type: .kind, namespace: ns, images: ([containers.image] | texts), replicas: .spec.replicas}
  elif .kind == "Pod" then
    {namespace: ns, phase: .status.phase, ip_addresses: ([.status.podIP, .status.podIPs[]?.ip] | texts)}
  elif .kind == "Service" then
    {endpoint_type: (.spec.type // "ClusterIP"), namespace: ns, hosts: ["\(.metadata.name).\(ns).svc"],
     ip_addresses: ([.spec.clusterIP, .spec.clusterIPs[]?, .spec.externalIPs[]?, .status.loadBalancer.ingress[]?.ip]
       | map(select(. != "None")) | texts),
     ports: [.spec.ports[]? | "\(.port)/\(.protocol // "TCP" | ascii_downcase)"]}
  elif .kind | is_route then
    {endpoint_type: .kind, namespace: ns,
     hosts: ([.spec.rules[]?.host?, .spec.hosts[]?, .spec.host, .spec.hostnames[]?, .spec.listeners[]?.hostname,
       .spec.servers[]?.hosts[]?] | texts | map(select(. != "*"))),
     ip_addresses: ([.status.loadBalancer.ingress[]?.ip, (.status.addresses[]? | .value?)] | texts)}
  elif .kind == "Node" then
    [.status.addresses[]?] as $addresses
    | {ip_addresses: ([$addresses[] | select(.type | endswith("IP")) | .address] | texts),
       fqdn: ([$addresses[] | select(.type | endswith("IP") | not) | .address | select(contains(".")) | domain_name][0]),
       provider_id: .spec.providerID, version: .status.nodeInfo.kubeletVersion, os: .status.nodeInfo.osImage,
       zone: .metadata.labels["topology.kubernetes.io/zone"],
       cpu_count: (.status.capacity.cpu // null | values | cores) // null,
       memory_mb: ((.status.capacity.memory // null | values | mebibytes | floor) // null)}
  elif .kind | IN("PersistentVolume", "PersistentVolumeClaim") then
    {volume_id: (.spec | .csi.volumeHandle? // .awsElasticBlockStore.volumeID? // .gcePersistentDisk.pdName?),
     capacity_gb: ((.spec.capacity.storage? // .spec.resources.requests.storage? | values | mebibytes / 1024) // null)}
  else {} end;

# What a container is told to call: variables whose name and value speak of an address.
def calls: [containers.env[]? | select(.name | test("(^|_)(ADDR|ADDRESS|URL|URI|HOST|ENDPOINT|SERVERS?|TARGET|DSN)$"; "i"))
  | .name as $variable | .value? | strings | select(test("[$({]") | not) | gsub("://[^/@]*@"; "://") | split(",")[]
  | capture("^(?:[a-z][a-z0-9+.-]*://)?(?:[^@/]*@)?(?<host>[A-Za-z0-9][A-Za-z0-9_.-]*)(?<port>:[0-9]+)?(?:/.*)?$")
  | select(.host | test("^[0-9.]+$|^localhost$|^true$|^false$") | not)
  | {host: (.host | domain_name), port, $variable}] | unique_by(.host)[];
def external($host): mention("external_system"; "\(cluster)/external/\($host)"; $host; {endpoint: $host});
def called($consumer; $ns):
  (.host | split(".")) as $parts
  | (if ($parts | length) == 1 or $parts[2] == "svc" then named("Service"; $parts[1] // $ns; $parts[0])
     else external(.host) end) as $provider
  | $provider, (need($consumer; "CALLS"; $provider.key) + call_strength($consumer | split("/")[-1]; "\(.host) \(.variable)") | inferred(70));

# Configuration and volumes by name; their content stays where it is.
def refers: template.spec
  | [(.volumes[]? | {ConfigMap: .configMap.name?, Secret: .secret.secretName?,
        PersistentVolumeClaim: .persistentVolumeClaim.claimName?},
       (.projected.sources[]? | {ConfigMap: .configMap.name?, Secret: .secret.name?})),
     (((.containers // []) + (.initContainers // []))[]
       | (.env[]?.valueFrom? | {ConfigMap: .configMapKeyRef.name?, Secret: .secretKeyRef.name?}),
         (.envFrom[]? | {ConfigMap: .configMapRef.name?, Secret: .secretRef.name?}))]
  | map(to_entries[] | select(.value | type == "string")) | unique[];

# Where a route leads to, and the gateways that it hangs on.
def leads_to: .kind as $kind | .spec
  | [(.. | objects | (.backend?.service?.name?, .backend?.serviceName?, .defaultBackend?.service?.name?,
        .backendRefs?[]?.name?, select($kind == "Route" and .kind? == "Service").name?) | strings | {kind: "Service",
          name: .}),
     (.. | objects | .destination? | objects | .host | strings | split(".") | {kind: "Service", name: .[0], ns: .[1]}),
     (.gateways?[]? | select(. != "mesh") | split("/") | {kind: "Gateway", name: .[-1], ns: .[:-1][0]}),
     (.parentRefs?[]? | {kind: (.kind // "Gateway"), name, ns: .namespace})] | unique[];

def dependencies($known; $behind):
  select(.kind | IN("ConfigMap", "Secret", "PodDisruptionBudget", "NetworkPolicy") | not)
  | key as $key | ns as $ns | (.kind | class_of) as $class
  | (select($class | IN("workload", "pod")) | needs($key; "RUNS_ON"; "Namespace"; null; $ns)),
    (select(.kind == "Pod") | .spec.nodeName | values | needs($key; "RUNS_ON"; "Node"; null; .)),
    (.metadata.ownerReferences[]? | select(.kind | is_workload) | (named(.kind; $ns; .name) + {groups: [any_of("replicas")]}),
      (need(key(.kind; $ns; .name); "COMPOSED_OF"; $key) + {group: "replicas"})),
    (select(($class | IN("workload", "pod")) and is_own)
      | (calls | called($key; $ns)),
        (refers | needs($key; if .key == "PersistentVolumeClaim" then "STORED_ON" else "USES" end; .key; $ns; .value))),
    ($behind[] | need($key; "DEPENDS_ON"; key) + {group: "backends"}),
    (select(.kind == "Service") | .spec.externalName | values | external(domain_name) | ., need($key; "DEPENDS_ON"; .key)),
    (select(.kind | is_route)
      | (leads_to | needs($key; "DEPENDS_ON"; .kind; .ns // $ns; .name)),
        (.spec | objects | .tls | arrays | .[].secretName | values | needs($key; "USES"; "Secret"; $ns; .))),
    (select(.kind == "PersistentVolumeClaim") | .spec.volumeName | values
      | needs($key; "STORED_ON"; "PersistentVolume"; null; .)),
    (select(.kind == "PersistentVolume") | .spec.claimRef | values | (.namespace // "default") as $of
      | named("PersistentVolumeClaim"; $of; .name), need(key("PersistentVolumeClaim"; $of; .name); "STORED_ON"; $key)),
    (select(.kind == "HorizontalPodAutoscaler") | .spec.scaleTargetRef | values
      | named(.kind; $ns; .name), need(key(.kind; $ns; .name); "USES"; $key)),
    (select(.kind == "Namespace") | mention("container_cluster"; "\(cluster)/cluster"; cluster; {})
      | ., need($key; "HOSTED_ON"; .key));

def described($known):
  . as $object
  | (if .kind != "Service" then [] else [$known.targets[ns][]? | select(labels | fits($object.spec.selector // {}))] end
     # A workload stands for its pods.
     | if any(.kind != "Pod") then map(select(.kind != "Pod")) else . end) as $behind
  | ([select(.kind | is_workload) | $known.budgets[ns][]? | .spec | select(.selector.matchLabels as $chosen | $object
    | labels | fits($chosen // {}))
      | .minAvailable | numbers | select(. > 0)][0] // 1) as $needed
  | item(.kind | class_of; key; .metadata.name; attributes + {tags: tags})
    + (if .kind | is_workload then
         {groups: [{name: "replicas", need_up: ([[$needed, .spec.replicas // 1] | min, 1] | max)}]}
       elif $behind != [] then {groups: [any_of("backends")]} else {} end),
    dependencies($known; $behind);

# Each namespace holds this config map and nobody labels it: a list that names it was narrowed by no selector.
def is_witness: .kind == "ConfigMap" and .metadata.name == "kube-root-ca.crt";
def coverage($objects):
  (if namespace == "" then cluster else "\(cluster)/\(namespace)" end) as $scope
  | (if all(.[]; type == "object" and (.kind // "" | tostring | endswith("List")) and (.metadata.continue // "") == "") then empty
     else covers($scope; "whole lists and nothing else"; 1; 0) end),
    (if namespace == "" then covers($scope; "namespaces"; 1; [$objects[] | select(.kind == "Namespace")] | length)
     else covers($scope; "namespace \(namespace)"; 1; 0) end),
    ($objects[] | select(.kind == "Namespace") | .metadata.name | select(namespace | IN("", .)) | covers($scope; "namespace \(.)"; 1; 0)),
    ($objects[] | select(is_witness) | covers($scope; "namespace \(ns)"; 0; 1));

if type == "array" then . else [.] end
| [.[] | flat("")] as $objects
| ([$objects[] | select(.kind | class_of)] | unique_by(key)) as $known
| (reduce $known[] as $object ({};
    if $object.kind == "PodDisruptionBudget" then .budgets[$object | ns] += [$object]
    elif ($object.kind | . == "Pod" or is_workload) and ($object | is_own) then .targets[$object | ns] += [$object]
    else . end)) as $index
| ($known[] | if .kind == "ServiceEntry"
    then .spec.hosts[]? | select(startswith("*") | not) | external(domain_name) | del(.mention)
    else described($index) end),
  ([$objects[] | select(.kind | class_of | not) | .kind] | group_by(.)[]
    | remark("\(length) of the kind \(.[0]) say nothing about dependencies")),
  (if $objects == [] and any(.[]; . != null and (objects | has("items") | not))
   then error("this holds no Kubernetes objects") else empty end),
  coverage($objects)
