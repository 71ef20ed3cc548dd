# The body of a webhook media type, or the answer of problem.get.
def words: {"not classified": "ok", information: "ok", warning: "warning", average: "minor", high: "major", disaster: "critical",
  "0": "ok", "1": "ok", "2": "warning", "3": "minor", "4": "major", "5": "critical"};
def number($name): .link // "" | capture("[?&]\($name)=(?<n>[0-9]+)")?.n;
def rows: if .result? then .result[] else . end;

if type != "object" then error("this is no message of Zabbix") else rows end
| (.hostname // .host // .hosts[0]?.host // "") as $host
| (.trigger_id // .triggerid // .objectid // number("triggerid") // "\($host)/\(.item // .trigger // .name)" | tostring) as $trigger
| (.trigger // .name // .subject // .item // "problem") as $name
| ((.status // .event_status // (if (.r_eventid // "0") != "0" then "OK" else "PROBLEM" end)) | ascii_upcase | IN("OK", "RESOLVED", "0")) as $cleared
| event({key: $trigger, condition: (.item // $name), subject: (($host | machine) + {address: (.host_ip // .ip // ($host | machine.address)), labels: ({trigger: $name} + (.tags // {} | if type == "array" then map({(.tag): .value}) | add // {} elif type == "object" then . else {} end) | only_labels)}),
    at: (if $cleared then first_time(.r_clock, .recovery_time, .timestamp, .clock) else first_time(.clock, .timestamp, .event_time) end),
    summary: $name, link: ([.link, .url] | web_link)}
  + (.severity // .event_severity // .nseverity // .priority | tostring | severity(words)) + state_of($cleared) + ($name | direction))
