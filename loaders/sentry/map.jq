# Old plugin: the issue at the top; integrations: action and data.
def words: {error: "minor"};
def tags: [.tags[]? | if type == "array" then {(.[0]): .[1]} elif type == "object" then {(.key): .value} else empty end] | add // {};
def issue($issue; $event; $action): ($event | tags) as $tags | ($issue.project.slug? // $issue.project_slug // $issue.project // $event.project | tostring) as $project
  | event({key: "\($project)/\($issue.id // $event.issue_id // $event.groupID // $event.event_id)", condition: ($event.metadata.type? // $event.title // $issue.title // $issue.message // "error" | tostring | .[:200]),
      subject: {service: $project, labels: (($tags | {environment, release, server_name, transaction}) + ($event | {environment: (.environment // $tags.environment)}) + {culprit: ($issue.culprit // $event.culprit)} | only_labels)},
      at: first_time($event.timestamp, $event.datetime, $issue.lastSeen, $issue.firstSeen), summary: ($issue.message // $event.title // $issue.title), id: ($event.event_id // ""),
      link: ([$issue.url, $issue.web_url, $issue.permalink, $event.web_url] | web_link)}
    + ($issue.level // $event.level | severity(words)) + state_of($action == "resolved" or $issue.status == "resolved"));
def metric: .action as $action | .data as $data | $data.metric_alert as $alert
  | event({key: "metric/\($alert.alert_rule.id // $alert.id)", condition: ($alert.alert_rule.name // $alert.title // "metric alert"), subject: {service: $alert.projects[0]?, labels: ({organisation: $alert.organization_id} | only_labels)},
      at: first_time($alert.date_detected, $alert.date_started), summary: ($data.description_text // $data.description_title), link: ([$data.web_url] | web_link)}
    + ($action | severity) + state_of($action == "resolved"));

if type != "object" then error("this is no message of Sentry")
elif .data.metric_alert? then metric
elif .data.issue? then issue(.data.issue; {}; .action)
elif .data.event? then issue({}; .data.event; .action)
elif has("event") and (has("project") or has("project_slug")) then . as $all | issue($all | del(.event); $all.event; "")
else error("this is no message of Sentry: it has neither an issue nor an event") end
