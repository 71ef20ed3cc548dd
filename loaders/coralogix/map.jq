# Fields come as a list of names and values; what the sender has not filled in is left out.
def filled: if type == "string" and test("^[$*]|^Multiple ") then null else . end;
if type != "object" or (has("alert_id") | not) then error("this is no alert of Coralogix: it names no alert") else . end
| ([.fields[]? | {(.key): (.value | filled)}] | add // {} | with_entries(select(.value != null and .value != ""))) as $fields
| event({key: .alert_id, condition: .name, subject: (($fields.computer // $fields.ipAddress // "" | machine) + {service: ($fields.application // $fields.subsystem), labels: ($fields | {team, application, subsystem, priority} | only_labels)}),
    at: first_time($fields.timestamp), summary: (.description // $fields.text), link: ([.alert_url, .log_url] | web_link), id: (.uuid | if_text)}
  + (($fields.severity // $fields.priority) | severity({verbose: "ok"})) + state_of(.alert_action == "resolve"))
