# One check that fails, degrades, recovers, or whose certificate ends.
if type != "object" or (has("check_id") | not) then error("this is no alert of Checkly: it names no check") else . end
| event({key: "\(.check_id)\(if .alert_type // "" | test("SSL") then "/certificate" else "" end)", condition: (.check_name // "check"), subject: {service: .check_name, host: ((.ssl_check_domain // "") | machine.host), labels: ({group: .group_name, type: .check_type, tags, location: .run_location} | only_labels)},
    at: first_time(.started_at), summary: (if (.check_error_message // "") != "" then .check_error_message else .event end), link: ([.link] | web_link), id: (.uuid | if_text)}
  + (if .alert_type // "" | test("DEGRADED|SSL") then {severity: "warning"} else {severity: "critical"} end) + state_of(.alert_type // "" | test("RECOVERY|^NO_ALERT"))
  + (if .alert_type // "" | test("SSL") then {direction: "local"} else {} end))
