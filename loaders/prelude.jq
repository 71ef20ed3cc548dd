# What every loader's program may use; `$arguments` and `$attribute_types` are there too.

# Fields that say nothing are left out.
def drop_empty: with_entries(select(.value | . != null and . != "" and . != [] and . != {}));
def texts: [.[]? | select(. != null and . != "") | tostring] | unique;

def item($class; $key; $name; attributes): {kind: "item", class: $class, key: $key, name: $name, attributes: (attributes | drop_empty)};
# Names a CI that is described elsewhere.
def mention($class; $key; $name; attributes): item($class; $key; $name; attributes) + {mention: true};
def need($consumer; $verb; $provider): {kind: "dependency", consumer: $consumer, verb: $verb, provider: $provider};
def inferred($confidence): . + {evidence: "inferred", confidence: $confidence};
# One of the providers is enough.
def any_of($name): {name: $name, need_up: 1};
# A sentence for the person who loads; no record.
def remark($text): {kind: "remark", text: $text};

# Of a list there should be `of` entries and these documents hold `got`: what is whole lets absence count in its scope.
def covers($scope; $list; $of; $got): {kind: "coverage", $scope, $list, $of, $got};

def domain_name: ascii_downcase | rtrimstr(".");
# An address without prefix length or zone.
def address: tostring | split("/")[0] | split("%")[0] | ascii_downcase;
def mac: ascii_downcase | gsub("[^0-9a-f]"; "") | if length == 12 then [scan("..")] | join(":") else empty end;
def words: split("[,; ]+"; null) | map(select(. != ""));
# Attributes that the class declares; a source may know more than fits.
def fit($class; attributes): attributes | with_entries(select($attribute_types[$class][.key]));

# Events. The time at which the document came in, for sources that tell none.
def received: "@received";
# A time with zone of numbers (seconds to nanoseconds) and texts; those without a zone are taken as UTC, senseless ones left out.
def time_of_number: (if . > 1e17 then . / 1e9 elif . > 1e14 then . / 1e6 elif . > 1e11 then . / 1e3 else . end)
  | select(. > 1e8) | (. * 1000 | round) as $ms | ($ms / 1000 | floor | todate | rtrimstr("Z")) + ".\("00\($ms % 1000)" | .[-3:])Z";
def time_of_text: gsub("^\\s+|\\s+$"; "") | if test("^[0-9]{9,19}([.][0-9]+)?$") then tonumber | time_of_number
  else capture("^(?<d>[0-9]{4}[-/][0-9]{2}[-/][0-9]{2})[T ](?<t>[0-9:]+([.,][0-9]+)?) *(?<z>.*)$")? | select(.d | startswith("000") | not)
    | (.d | gsub("/"; "-")) + "T" + (.t | gsub(","; ".")) + (.z | if . == "" or test("^(Z|GMT|UTC)$"; "i") then "Z" elif test("^[+-][0-9]{2}:?[0-9]{2}$") then "\(.[:3]):\(.[-2:])" else "Z" end) end;
def moment: if type == "number" then time_of_number elif type == "string" then time_of_text else empty end;
# The first of these times, else that at which the document came in.
def first_time(times): [times | moment][0] // received;

# Words for severities that most tools share; `own` adds a source's own. An unknown word says that something is wrong, not how bad.
def rungs: {critical: "critical", crit: "critical", fatal: "critical", emergency: "critical", emerg: "critical", alert: "critical", disaster: "critical", blocker: "critical", down: "critical", page: "critical", p1: "critical", sev1: "critical",
  major: "major", error: "major", err: "major", high: "major", severe: "major", p2: "major", sev2: "major",
  minor: "minor", average: "minor", medium: "minor", moderate: "minor", p3: "minor", sev3: "minor",
  warning: "warning", warn: "warning", low: "warning", degraded: "warning", p4: "warning", sev4: "warning",
  info: "ok", informational: "ok", information: "ok", notice: "ok", debug: "ok", none: "ok", p5: "ok", sev5: "ok", ok: "ok", normal: "ok", clear: "ok", cleared: "ok"};
def severity(own): (. // "" | tostring | ascii_downcase | gsub("^\\s+|\\s+$"; "")) as $word
  | (rungs + own)[$word] as $rung | if $rung then {severity: $rung} else {severity: "warning", unknown: true} end;
def severity: severity({});
def state_of($clear): if $clear then {state: "cleared", unknown: false} else {state: "open"} end;
# Which way the symptom travels: what gets nothing to do points to its consumers' side, what is no failure yet goes nowhere.
def direction: (. // "" | tostring) | if test("no[ _-]?(traffic|requests|orders|data received)|too few|low[ _-]?(traffic|throughput)|starv|request.?rate.*(low|drop)"; "i") then {direction: "starvation"}
  elif test("certificate.*(expir|renew)|cert.?expir|backup.?(failed|missing|old)|will.?(fill|run out|expire)|predict|reboot.?required|drift|license"; "i") then {direction: "local"} else {} end;

# What a source names: host name or address, without port and path.
def is_address: test("^[0-9]{1,3}([.][0-9]{1,3}){3}$") or (test("^[0-9a-f:]+(%.*)?$"; "i") and test(":.*:"));
def host_part: tostring | gsub("^[a-z][a-z0-9+.-]*://([^@/]*@)?"; "") | (split("/")[0] // "") | if test("^\\[") then capture("^\\[(?<a>[^\\]]*)").a elif is_address then . else sub(":[0-9]+$"; "") end;
def machine: host_part | if . == "" or . == null then {} elif is_address then {address: address} else {host: domain_name} end;
def only_labels: with_entries(select(.value | type == "string" or type == "number" or type == "boolean") | .value |= (tostring | .[:200]) | select(.value != "")) | to_entries[:40] | from_entries;
def if_text: if type == "string" then . else null end;
def web_link: [.[]? | strings | select(test("^https?://"; "i"))][0];
# What was sent, without what looks like a secret.
def raw: walk(if type == "object" then with_entries(if .key | test("passw|pwd|secret|token|authorization|cookie|credential|signature|connection[-_ ]?string|(api|routing|integration|service|private|access|shared|account)[-_ ]?key"; "i") then .value = "(left out)" else . end)
    elif type == "array" and length == 2 and (.[0] | type) == "string" and (.[0] | test("^(authorization|cookie|.*token.*)$"; "i")) then [.[0], "(left out)"] else . end) | tojson | .[:16384];
# An event about a subject; `.` is what is kept as its raw text.
def event(fields): {kind: "event"} + ((fields | .subject |= (. // {} | drop_empty) | if .subject == {} then .subject = {labels: {source: "unnamed"}} else . end | .summary |= (. // "" | tostring | .[:1000])) | drop_empty) + {raw: raw};
def done_change(fields): {kind: "change", change_kind: "normal"} + (fields | .subjects |= ([.[]? | drop_empty | select(. != {})]) | .title |= (tostring | .[:200]) | drop_empty);

# A host or service that only observes, or hands out flags of which a last value is known: losing it breaks nobody.
# A word such as otel counts with what it does or alone: a demo shop carries it in the names of all its services.
def plumbing:
  if test("(otel|telemetry)[-_.]?(col|agent|gateway|operator|sidecar|exporter|docs|lgtm)|(otel|telemetry)([^a-z_-]|$)|otlp|(metrics?|logs?|traces?|spans?|stats)[-_.]?collector|(^|[ /.])collector([^a-z]|$)"; "i")
    or test("jaeger|zipkin|(^|[^a-z])(tempo|loki|sentry)([^a-z]|$)|statsd|prometheus|grafana|datadog|fluentd|fluent-?bit"; "i") then {strength: "telemetry"}
  elif test("flagd|flagsmith|unleash|launchdarkly|feature[-_ ]?(flag|toggle)"; "i") then {strength: "soft"} else {} end;
# Name of a product -> class of data store.
def store_class: ascii_downcase
  | if test("redis|valkey|memcache|hazelcast") then "cache" elif test("kafka|rabbit|pulsar|nats|activemq|artemis|\\bmqtt|pubsub") then "message_broker"
    elif test("sqs|sns|kinesis|eventhub|servicebus") then "message_queue" elif test("elastic|opensearch|solr") then "search_engine"
    elif test("\\bs3\\b|minio|blob|gcs|bucket") then "object_store"
    elif test("postgres|pgsql|mysql|maria|mssql|sql.?server|oracle|db2|mongo|cassandra|cockroach|dynamo|couch|neo4j|clickhouse|snowflake|sqlite|sql|database") then "database_instance" else null end;
# How hard a call needs the provider: what an observer calls is what it observes, only its store can fail it.
def call_strength($consumer; $provider): ($provider | plumbing) as $far
  | if $far == {} and ($consumer | plumbing) == {strength: "telemetry"} and ($provider | store_class) == null then {strength: "telemetry"} else $far end;
