# What a supplier says of its components.
def words: {degraded_performance: "warning", partial_outage: "major", major_outage: "critical", under_maintenance: "warning", operational: "ok"};
def component: .component as $of | (.component_update.new_status // $of.status) as $status
  | event({key: "component/\($of.id)", condition: "component status", subject: {service: $of.name, labels: ({page: .page.id} | only_labels)},
      at: first_time(.component_update.created_at, $of.updated_at), summary: "\($of.name): \($status | gsub("_"; " "))"}
    + ($status | severity(words)) + state_of($status == "operational"));
def incident: .page as $page | .incident as $of | ($of.status | IN("resolved", "completed", "postmortem")) as $cleared
  | ($of.components // [] | if . == [] then [{id: "page", name: $page.name}] else . end)[] as $part
  | event({key: "incident/\($of.id)/\($part.id)", condition: $of.name, subject: {service: $part.name, labels: ({page: $page.id} | only_labels)},
      at: first_time($of.updated_at, $of.created_at), summary: ($of.incident_updates[0]?.body // $of.name), link: ([$of.shortlink] | web_link)}
    + ($of.impact | severity({maintenance: "warning"})) + state_of($cleared));
if type != "object" then error("this is no message of Statuspage") elif has("component") then component
elif has("incident") then incident else error("this is no message of Statuspage: it has neither component nor incident") end
