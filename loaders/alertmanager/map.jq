# The body of a webhook, the answer of an API with alerts, or one alert.
def alerts: if type == "array" then .[] | alerts
  elif has("alerts") then .externalURL as $at | .alerts[] | .page = (.generatorURL // $at)
  elif .data.alerts? then .data.alerts[]
  elif has("labels") then .page = .generatorURL
  else error("this is no body of Alertmanager: it has neither alerts nor labels") end;
# What exporters for a container cluster tell is about the object, not about the exporter that `instance` names.
def in_cluster: .pod // .deployment // .statefulset // .daemonset // .persistentvolumeclaim // .job_name;
def subject: (if in_cluster then {} else (.host // .hostname // .nodename // .node // .instance // "" | machine) end)
  + {part: (.ifName // .interface // .ifDescr // .device // .mountpoint), service: (.service // .app // .application), labels: only_labels};

(objects | select((.truncatedAlerts // 0) > 0) | remark("Alertmanager left \(.truncatedAlerts) alerts out of a message: raise max_alerts")),
(alerts
 | (.labels // {}) as $labels | (.annotations // {}) as $notes
 | (.status // .state // "firing" | if type == "object" then .state else . end) as $status
 | select($status != "pending") | ($status | IN("resolved", "inactive")) as $cleared
 | ($labels.alertname // .summary // "alert") as $condition
 | event({key: (.fingerprint // ([if $labels.alertname then empty else $condition end] + [$labels | to_entries[] | "\(.key)=\(.value)"] | sort | join(","))),
     condition: $condition, subject: ($labels | subject),
     at: (if $cleared then first_time(.endsAt, .startsAt) else first_time(.startsAt, .activeAt) end),
     summary: ($notes.summary // $notes.message // $notes.description // .summary // $condition), link: ([.page] | web_link)}
   + ($labels | .severity // .priority // .level | severity) + state_of($cleared) + ($labels.direction // $condition | direction)
   + ($labels.direction | if IN("error", "starvation", "local") then {direction: .} else {} end)))
