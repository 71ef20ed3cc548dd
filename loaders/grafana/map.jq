# Unified alerting, alerts of old dashboards, and a rule that is sent as it stands.
def subject: (.host // .hostname // .node // .instance // "" | machine)
  + {part: (.ifName // .interface // .device), service: (.service // .app // .job), labels: only_labels};
def severity_of: .severity // .priority // $arguments.severity;

def unified: .alerts[] | (.labels // {}) as $labels | (.annotations // {}) as $notes | (.status == "resolved") as $cleared
  | event({key: (.fingerprint // ([$labels | to_entries[] | "\(.key)=\(.value)"] | sort | join(","))), condition: ($labels.alertname // "alert"),
      subject: ($labels | subject), at: (if $cleared then first_time(.endsAt, .startsAt) else first_time(.startsAt) end),
      summary: ($notes.summary // $notes.description // $labels.alertname), link: ([.panelURL, .dashboardURL, .generatorURL] | map(select(. != "")) | web_link)}
    + ($labels | severity_of | severity) + state_of($cleared) + ($labels.alertname | direction)
    + (if $labels.alertname == "DatasourceNoData" or $labels.alertname == "DatasourceError" then {unknown: true} else {} end));

# One event a rule: the message that clears it names no series any more.
def legacy: ([.evalMatches[]?.tags // {}] | add // {}) as $tags | (.state // "alerting") as $state
  | event({key: "\(.orgId // 1)/\(.ruleId // .ruleUrl // .ruleName)", condition: (.ruleName // .title), subject: (($tags | subject) + {labels: ($tags | only_labels)}),
      at: received, summary: (.message // .title), link: ([.ruleUrl] | web_link)}
    + ($tags + (.tags // {} | objects) | severity_of | severity) + state_of($state | IN("ok", "paused"))
    + (if $state == "no_data" then {unknown: true} else {} end) + (.ruleName | direction));

def rule: (.labels // {}) as $labels
  | event({key: "rule/\(.uid // .title)", condition: .title, subject: ($labels | subject), at: first_time(.updated), summary: (.annotations.summary // .title)}
    + ($labels | severity_of | severity) + {state: "open"} + (.title | direction));

if type != "object" then error("this is no alert of Grafana")
elif has("alerts") then unified
elif has("evalMatches") or has("ruleUrl") or has("ruleName") then legacy
elif has("title") and has("labels") then rule
else error("this is no alert of Grafana: it has neither alerts nor a rule") end
