# A notification of a host or a service.
def words: {crit: "critical", warn: "warning", unknown: "unknown", down: "critical", unreach: "unknown", unreachable: "unknown", up: "ok"};
def zoned: strings | if test("[0-9]$") and (test("[+-][0-9]{2}:?[0-9]{2}$") | not) then . + $arguments.zone else . end;

if type != "object" or (has("host") | not) then error("this is no notification of Checkmk: it names no host")
elif .notification_type // "PROBLEM" | test("^(PROBLEM|RECOVERY)") then
  (.status // .severity // "" | ascii_downcase) as $status
  | (.service // .service_description // (if .what == "SERVICE" then .summary else "host" end)) as $part
  | event({key: "\(.site // "")/\(.host)/\($part)", condition: (if .what == "SERVICE" then $part else "host state" end),
      subject: ((.host | machine) + {address: .address, part: (select(.what == "SERVICE") | $part | capture("^Interface (?<p>.+)$")?.p) // null, labels: ({site, alias, service: (if .what == "SERVICE" then $part else null end)} | only_labels)}),
      at: first_time((.timestamp, .micro_time, .short_date_time, .long_date_time) | if type == "string" then zoned else . end),
      summary: "\(.output // .summary // .event)", link: ([if .url // "" | startswith("/") then $arguments.url + .url else .url end] | web_link)}
    + ($status | severity(words) | if .severity == "unknown" then {severity: "warning", unknown: true} else . end)
    + state_of($status | IN("up", "ok")))
else remark("a notification of the type \(.notification_type) of \(.host) tells no state") end
