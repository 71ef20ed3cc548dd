# Notifications of event definitions, and alarm callbacks of streams before them.
def words: {"1": "warning", "2": "minor", "3": "major", "4": "critical"};
def definition: (.event // {}) as $event
  | event({key: "\(.event_definition_id)/\($event.key // "")", condition: (.event_definition_title // "alert"), subject: ((($event.fields // {}) | .host // .source // "" | machine) + {service: ($event.fields.service? // null), labels: ($event.fields // {} | only_labels)}),
      at: first_time($event.timestamp, $event.timestamp_processing), summary: ($event.message // .event_definition_description), id: ($event.id | if_text)}
    + ($event.priority | tostring | severity(words)) + {state: "open"} + (.event_definition_title | direction));
def callback: .check_result as $check
  | event({key: "\(.stream.id)/\($check.triggered_condition.id)", condition: "\($check.triggered_condition.title // $check.triggered_condition.type // "condition") on \(.stream.title // .stream.description // .stream.id)",
      subject: (($check.matching_messages[0]?.source // "" | machine) + {labels: ({stream: (.stream.title // .stream.description)} | only_labels)}),
      at: first_time($check.triggered_at), summary: $check.result_description}
    + ($arguments.severity | severity) + state_of($check.triggered == false));
if type != "object" then error("this is no alert of Graylog") elif has("check_result") then callback
elif has("event_definition_id") then definition else error("this is no alert of Graylog: it has neither check_result nor event_definition_id") end
