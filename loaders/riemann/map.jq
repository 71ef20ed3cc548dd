# One event or a list of them; its ttl promises the next one.
(if type == "array" then .[] else . end)
| if type != "object" or (has("service") | not) then error("this is no event of Riemann: it names no service") else . end
| event({key: "\(.host)/\(.service)", condition: .service, subject: ((.host // "" | machine) + {labels: ({service, metric, tags: ([.tags[]?] | join(","))} | only_labels)}),
    at: first_time(.time), summary: .description, repeat_seconds: (.ttl // null | if type == "number" then floor else null end)}
  + (if .state == "expired" then {severity: "warning", unknown: true} else (.state | severity) end) + state_of(.state == "ok") + (.service | direction))
