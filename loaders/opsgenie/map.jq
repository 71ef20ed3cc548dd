# What was done to an alert; only what raises, closes or grades it tells a state.
if type != "object" or (.alert.alertId? == null) then error("this is no message of Opsgenie: it names no alert") else . end
| .action as $action | .alert as $alert
| if $action | test("^(Create|Close|Delete|UpdatePriority|Acknowledge|UnAcknowledge|Escalate)") | not then remark("the action \($action) tells no state") else
  ($alert.priority | if type == "number" then "P\(.)" else . end) as $priority
  | event({key: ($alert.alertId), condition: ($alert.alias // $alert.message), subject: (($alert.details.host? // "" | machine) + {service: ($alert.entity | if_text), labels: (($alert.details // {} | objects) + {tags: ([$alert.tags[]?] | join(",")), source: $alert.source} | only_labels)}),
      at: first_time($alert.updatedAt, $alert.createdAt), summary: $alert.message}
    + ($priority | severity) + state_of($action | test("^(Close|Delete)"))) end
