# What tools send to the Events API v2 (alerts and changes), and what PagerDuty itself sends to webhooks.
def sent: (.payload // {}) as $payload
  | event({key: (.dedup_key // "\($payload.source)/\($payload.component // "")/\($payload.summary)"), condition: ($payload.class // $payload.summary // "alert"),
      subject: (($payload.source // "" | machine) + {part: $payload.component, service: ($payload.custom_details.service? // null | if_text), labels: (($payload.custom_details // {} | objects) + {group: $payload.group, class: $payload.class} | only_labels)}),
      at: first_time($payload.timestamp), summary: $payload.summary, link: ([.links[]?.href, .client_url] | web_link)}
    + ($payload.severity | severity) + state_of(.event_action == "resolve") + ("\($payload.class // "") \($payload.summary // "")" | direction));
def sent_change: .payload as $payload
  | done_change({key: "\($payload.timestamp // "")/\($payload.source // "")/\($payload.summary)", title: $payload.summary, state: "completed",
      subjects: [($payload.source // "" | machine) + {service: ($payload.custom_details.service? // null | if_text), labels: ($payload.custom_details // {} | only_labels)}],
      actual_start: first_time($payload.timestamp), actual_end: first_time($payload.timestamp), link: ([.links[]?.href] | web_link),
      description: ($payload.custom_details // {} | if . == {} then "" else tojson | .[:4000] end)});

def told($incident; $at; $what): event({key: $incident.id, condition: ($incident.title // $incident.trigger_summary_data.subject // $incident.trigger_summary_data.description // "incident"),
    subject: {service: ($incident.service.name // $incident.service.summary), labels: ({incident: $incident.incident_number // $incident.number} | only_labels)},
    at: first_time($at, $incident.last_status_change_on), summary: ($incident.title // $incident.trigger_summary_data.subject), link: ([$incident.html_url] | web_link)}
  + ($incident.priority.summary? // $incident.urgency // "major" | severity) + state_of($what | test("resolve")));

if type != "object" then error("this is no message of PagerDuty")
elif has("messages") then .messages[] | select(.data.incident) | told(.data.incident; .created_on; .type)
elif .event.event_type? then .event | if .event_type | test("^incident[.](triggered|acknowledged|unacknowledged|resolved|reopened|escalated|delegated|reassigned|priority_updated)$") then told(.data; .occurred_at; .event_type) else remark("an event of the type \(.event_type) tells no state") end
elif has("event_action") then sent
elif .payload.summary? then sent_change
else error("this is no message of PagerDuty: it has neither event_action nor payload") end
