# An issue with labels as OpenTelemetry writes them.
if type != "object" or (.data.issue? | type) != "object" then error("this is no issue of Dash0") else . end
| .type as $type | .data.issue
| ([.labels[]? | {(.key): (.value | if type == "object" then [.[]][0] else . end | tostring)}] | add // {}) as $labels
| ($type == "alert.resolved" or .status == "resolved") as $cleared
| event({key: .id, condition: (.checkrules[0]?.name // .summary // "check"), subject: (($labels["host.name"] // "" | machine) + {service: $labels["service.name"], labels: ($labels | only_labels)}),
    at: (if $cleared then first_time(.end, .start) else first_time(.start) end), summary: .summary, link: ([.url, .checkrules[0]?.url] | web_link)}
  + (if .status == "resolved" then {severity: "major"} else (.status | severity({failed: "critical"})) end) + state_of($cleared))
