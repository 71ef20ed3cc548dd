# All documents of a load at once. Each shape becomes edges `{from, to, calls}` between nodes `{class, key, name, ...}`;
# calls between the same two are summed. A node that only others name is `mentioned`.

def node($class; $key; $name): {class: $class, key: $key, name: $name, attributes: {}};
def service: node("application_component"; .; .);
def mentioned: . + {mentioned: true};
def edge($from; $to; $calls): {from: $from, to: $to, calls: $calls};
# Callers that tools make up for requests that came from nowhere they know.
def is_made_up: . == null or (ascii_downcase | IN("", "user", "unknown", "passthroughcluster", "blackholecluster"));
def store($name; $product): node(("\($product) \($name)" | store_class) // "database_instance"; "store:\($name)"; $name) + {attributes: {engine: $product}} | mentioned;

# Service graph metrics: of Prometheus text, of its query API, of OTLP.
def counted: test("(^|_)service_graph_request_total$|^traces_service_graph_request(_total)?$");
def graph_edge($labels; $calls):
  select([$labels.client, $labels.server] | any(is_made_up) | not)
  | edge($labels.client | service;
      if $labels.connection_type | IN("database", "messaging_system") then store($labels.server; $labels.db_system // $labels.server)
      elif $labels.connection_type == "virtual_node" then node("external_system"; "external:\($labels.server)"; $labels.server) | mentioned
      else $labels.server | service end; $calls | tonumber? // 1);
def value: .stringValue // .intValue // .boolValue // .doubleValue;
def labels: [.[]? | {key, value: ((.value | objects | value) // .value)}] | from_entries;
def metric_edges: .resourceMetrics[]? | (.scopeMetrics // .instrumentationLibraryMetrics)[]? | .metrics[]? | select(.name | counted)
  | .sum.dataPoints[]? | graph_edge(.attributes | labels; .asInt // .asDouble // 1);

# Spans of OTLP, Jaeger and Zipkin in one form: {id, parent, kind, service, about, tags}.
def kind_name: tostring | ascii_downcase | ltrimstr("span_kind_") | {"1": "internal", "2": "server", "3": "client", "4": "producer", "5": "consumer"}[.] // .;
def spans:
  ((.resourceSpans // .batches // .trace?.batches?)[]? | (.resource.attributes | labels) as $about | (.scopeSpans // .instrumentationLibrarySpans)[]? | .spans[]?
    | {trace: .traceId, id: .spanId, parent: .parentSpanId, kind: (.kind // "" | kind_name), service: $about["service.name"], $about, tags: (.attributes | labels)}),
  (.data | arrays | .[] | objects | .processes as $processes | .spans[]? | (.process // $processes[.processID] // {}) as $process | (.tags | labels) as $tags
    | {trace: .traceID, id: .spanID, parent: (.parentSpanID // ([.references[]? | select(.refType == "CHILD_OF") | .spanID][0])), kind: ($tags["span.kind"] // "" | kind_name),
       service: $process.serviceName, about: ($process.tags | labels), $tags}),
  (select(.localEndpoint) | {trace: .traceId, id, parent: .parentId, kind: (.kind // "" | kind_name), service: .localEndpoint.serviceName, about: {}, tags: ({"peer.service": .remoteEndpoint.serviceName} + (.tags // {}))});
def span_service: (.service | service) + {attributes: {version: .about["service.version"], language: .about["telemetry.sdk.language"], system: .about["service.namespace"],
  environment: (.about["deployment.environment.name"] // .about["deployment.environment"])}};
# Who a span without a partner in the trace names at the other end.
def peer: .tags as $tags | ($tags["server.address"] // $tags["net.peer.name"] // $tags["network.peer.address"] // null) as $host
  | ($tags["db.system.name"] // $tags["db.system"] // null) as $db
  | if $db then store(([$host // $db, $tags["server.port"] // $tags["net.peer.port"] | values | tostring] | join(":")) as $at | [$at, $tags["db.namespace"] // $tags["db.name"] | values] | join("/"); $db)
    elif $tags["messaging.system"] then store($host // $tags["messaging.system"]; $tags["messaging.system"])
    elif $tags["peer.service"] | is_made_up | not then $tags["peer.service"] | service | mentioned
    elif $host and ($host | test("^[0-9.:]+$|^localhost$") | not) then node("external_system"; "external:\($host)"; $host) | mentioned else null end;
def span_edges:
  (map(select(.service | is_made_up | not)) | unique_by([.trace, .id])) as $spans
  | (reduce $spans[] as $span ({}; ."\($span.trace)/\($span.id)" = $span)) as $of
  | ([$spans[] | select((.parent // "") != "")] | group_by([.trace, .parent]) | map({key: "\(.[0].trace)/\(.[0].parent)", value: map(.service)}) | from_entries) as $callees
  | $spans[] | span_service as $self | ."parent" as $parent | $of["\(.trace)/\($parent)"] as $caller | peer as $peer
  | edge($self; null; 0),
    (select(.kind != "consumer" and $caller != null and $caller.service != .service) | edge($caller | span_service; $self; 1)),
    (select(.kind == "server" and $caller == null and $peer != null and ($peer.class == "application_component") and $peer.key != .service) | edge($peer; $self; 1)),
    (select($peer != null and $peer.key != .service and ((.kind | IN("producer", "consumer"))
        or (.kind == "client" and ($callees["\(.trace)/\(.id)"] // [] | all(. == $self.name)))))
      | edge($self; $peer; 1));

# The console of a service mesh.
def mesh_node: "\(.cluster)/\(.namespace)" as $at
  | if .nodeType == "box" or .isBox or ([.workload, .app, .service] | all(is_made_up)) then null
    elif .isServiceEntry or (.nodeType == "service" and (.service | contains(".") and (contains(".svc") | not))) then node("external_system"; "external:\(.service)"; .service)
    elif .nodeType == "service" then node("container_endpoint"; "\($at)/service/\(.service)"; .service) + {attributes: {namespace: .namespace, hosts: ["\(.service).\(.namespace).svc"]}}
    elif .nodeType == "workload" or (.workload | is_made_up | not) then node("workload"; "\($at)/workload/\(.workload)"; .workload) + {attributes: {namespace: .namespace}}
    else node("application_component"; "\($at)/app/\(.app)"; .app) + {attributes: {system: .namespace, version: (.version // null)}} end
  | if . and ($at | contains("unknown")) then mentioned else . end;
def mesh_edges: (.duration // 1) as $seconds | ([.elements.nodes[].data | {key: .id, value: mesh_node}] | from_entries) as $of
  | ($of[] | values | edge(.; null; 0)),
    (.elements.edges[].data | select($of[.source] and $of[.target]) | edge($of[.source]; $of[.target]; ([.traffic | .rates[.protocol]? | tonumber?][0] // 0) * $seconds));

# A compose file declares; its variables only hint.
def pairs: if type == "array" then map(select(type == "string") | capture("^(?<key>[^=]+)(=(?<value>.*))?$")) else (objects | to_entries) // [] end;
def needed_by_name: if type == "array" then map({key: ., value: {}}) else (objects | to_entries) // [] end | .[] | .value //= {};
def compose: (.name // $arguments.project) as $project | .services as $services | def key: "\($project)/\(.)";
  def need_of($consumer; $verb): "\(.)" as $name | (select($services[$name] == null) | mention("workload"; key; $name; {})), (need($consumer; $verb; key) + plumbing);
  $services | to_entries[] | .key as $name | ($name | key) as $key | .value // {}
  | item("workload"; $key; $name; {workload_type: "compose service", images: ([.image] | texts), replicas: (.deploy.replicas? | numbers // null)}),
    (.depends_on | needed_by_name | .value as $how | .key | need_of($key; "DEPENDS_ON") | if .kind == "dependency" and ($how.required == false or $how.condition == "service_completed_successfully") then {strength: "soft"} + . else . end),
    ((.links[]?, .volumes_from[]?, .external_links[]?, (.network_mode // "" | strings | select(startswith("service:")) | ltrimstr("service:"))) | split(":")[0] | need_of($key; "DEPENDS_ON")),
    (.networks | if type == "array" then .[] else (objects | keys[]) end | mention("virtual_network"; "\($project)/network/\(.)"; .; {}) | del(.mention) | ., need($key; "CONNECTS_THROUGH"; .key)),
    (.volumes[]? | (strings | select(contains(":")) | split(":")[0] | select(test("^[A-Za-z0-9]"))), (objects | select(.type == "volume") | .source | values)
      | mention("volume"; "\($project)/volume/\(.)"; .; {}) | del(.mention) | ., need($key; "STORED_ON"; .key)),
    ([.environment | pairs[] | (.key | capture("^(?<of>[A-Z0-9_]+?)_(ADDR|ADDRESS|URL|URI|HOST|ENDPOINT|SERVERS?|DSN)$").of | ascii_downcase | gsub("_"; "-")),
        (.value // "" | strings | [scan("(?:^|[/@,])([a-z0-9][a-z0-9._-]*)")[0]][])
      | select(. != $name and $services[.])] - [.depends_on | needed_by_name | .key] | unique[] | need($key; "CALLS"; key) + call_strength($name; .) | inferred(60));

# Seen once may be chance; steps instead of a curve, so that a load does not write each time a counter moves.
def confidence: if . >= 100 then 99 elif . >= 10 then 90 elif . >= 2 then 70 else 50 end;
def edges: map(objects) as $all | $all | [
  (.[] | select(has("labels") and (.name | counted)) | graph_edge(.labels; .value)),
  (.[] | .data? | objects | .result[]? | select(.metric.__name__ // "" | counted) | graph_edge(.metric; .value[1])),
  (.[] | metric_edges),
  (.[] | ., (.data | arrays | .[] | objects) | select(has("callCount")) | select([.parent, .child] | any(is_made_up) | not) | edge(.parent | service; .child | service; .callCount)),
  ([.[] | spans] | span_edges),
  (.[] | select(.elements.nodes?) | mesh_edges)];
def is_known: has("labels") or has("resourceSpans") or has("batches") or has("trace") or has("resourceMetrics") or has("elements") or has("localEndpoint") or has("callCount")
  or (.data | type | IN("array", "object")) or (.services | type == "object");

[.[] | if type == "array" then .[] else . end] as $documents
| if any($documents[]; type != "object" or (is_known | not)) then error("this is neither a trace, a service graph nor a compose file") else $documents end
| edges as $edges
| ([$edges[] | .from, .to | values] | group_by(.key)[] | (map(select(.mentioned | not)) + .)[0] as $one
    | item($one.class; $one.key; $one.name; [.[].attributes | drop_empty] | add) + (if $one.mentioned then {mention: true} else {} end)),
  ([$edges[] | select(.to and .from.key != .to.key)] | group_by([.from.key, .to.key])[]
    | need(.[0].from.key; "CALLS"; .[0].to.key) + call_strength(.[0].from.name; .[0].to.name) + {evidence: "observed", confidence: (map(.calls) | add | confidence)}),
  ($documents[] | select(.services | type == "object") | compose)
