# An alert as the API transport sends it; state 0 is recovered, 1 active, 2 acknowledged, 3 worse, 4 better.
def zoned: strings | if test("[0-9]$") and (test("[+-][0-9]{2}:?[0-9]{2}$") | not) then . + $arguments.zone else . end;
if type != "object" or (has("device_id") | not) then error("this is no alert of LibreNMS: it names no device") else . end
| (.state | tostring == "0") as $cleared
| (if .hostname // "" | is_address then (.sysName // "") else .hostname // .sysName // "" end) as $host
| event({key: "\(.device_id)/\(.rule_id // .name)", condition: (.name // .title),
    subject: (($host | machine) + {address: (.ip // (.hostname // "" | machine.address)), part: (.faults | if type == "array" and length == 1 then .[0].ifName // .[0].ifDescr else null end), labels: ({os, hardware, location, serial, device_id, type} | only_labels)}),
    at: first_time(.timestamp | if type == "string" then zoned else . end), summary: .title, id: (.uid // null | if . == null then null else tostring end),
    link: ([select($arguments.url != "") | "\($arguments.url)/device/\(.device_id)"] | web_link)}
  + (.severity | severity) + state_of($cleared) + (.name | direction))
