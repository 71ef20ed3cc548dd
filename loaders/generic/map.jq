# The names under which tools tell the same; the first that is there counts.
def one(names): [names | select(. != null and . != "")][0];
def labels: [.labels, .tags, .details, .attributes] | map(if type == "object" then only_labels elif type == "array" then map(strings | select(test("[:=]")) | capture("^(?<k>[^:=]+)[:=](?<v>.*)$") | {(.k): .v}) | add // {} else {} end) | add;
(if type == "array" then .[] else . end)
| if type != "object" then error("an event is a JSON object") else . end
| labels as $labels
| one(.condition, .alertname, .alert_name, .alert, .check, .check_name, .rule, .event_type, .name, .title, .subject, .service, .message, .summary) as $condition
| if $condition == null then error("nothing says what is wrong: give condition, name, title or message") else . end
| one(.host, .hostname, .host_name, .instance, .node, .device, .server, .computer, .machine, $labels.host, $labels.hostname, $labels.instance) as $host
| (one(.state, .status, .event_state, .action, .transition) // "" | tostring | ascii_downcase) as $state
| event({key: (one(.key, .fingerprint, .dedup_key, .dedupKey, .alert_id, .alertId, .incident_key, .correlation_id) // "\($host // "")/\(one(.service, .resource) // "")/\($condition)" | tostring), condition: ($condition | tostring),
    subject: (($host // "" | machine) + {reference: one(.item, .reference, .resource, .resource_id), address: ((one(.address, .ip, .ip_address)) // ($host // "" | machine.address)), part: one(.part, .interface, .component), service: one(.service, .application, .app, $labels.service), $labels}),
    at: first_time(.at, .time, .timestamp, .event_time, .created_at, .createdAt, .date, .occurred_at), id: (one(.id, .event_id, .message_id) // "" | tostring),
    summary: one(.summary, .message, .description, .text, .output, .title, $condition), link: ([.link, .url, .href, .permalink] | web_link), repeat_seconds: (one(.repeat_seconds, .ttl) | if type == "number" then floor else null end)}
  + (one(.severity, .level, .priority, .urgency, .criticality, $labels.severity, .state, .status) | severity)
  + state_of($state | test("^(ok|up|resolved?|recover(ed|y)|clear(ed)?|closed?|normal|success|inactive|end(ed)?)$"))
  + (one(.direction, $condition) | tostring | if IN("error", "starvation", "local") then {direction: .} else direction end))
