# One incident, or a page of them; tables of what was fetched hold each as text in a column.

def incidents: if type == "string" then (try fromjson catch error("the column data holds no JSON")) | incidents
  elif type == "array" then .[] | incidents
  elif type != "object" then error("this is no incident of Opsgenie")
  elif has("tinyId") and has("createdAt") then . elif has("data") then .data | incidents
  else error("this is no incident of Opsgenie") end;
def state: {open: "new", resolved: "resolved", closed: "closed"}[.status // "open"] // "in_progress";
def priority: (.priority // "P3" | ltrimstr("P") | tonumber? // 3);
def service: "service:\(.)";

incidents
| . as $incident
| (.impactedServices[]? | mention("business_service"; service; .; {})),
  (.responders[]? | select(.type == "team" and .id) | {kind: "party", key: "team:\(.id)", party_kind: "support_group", name: (.name // .id)}),
  ({kind: "ticket", key: "incident:\(.id)", ticket_kind: "incident", title: .message, state: state, priority: priority, opened_at: (.impactStartDate // .createdAt),
    changed_at: (.updatedAt // .createdAt), resolved_at: (if .status | IN("resolved", "closed") then .impactEndDate // .updatedAt else null end),
    items: [.impactedServices[]? | service], support_group: ([.responders[]? | select(.type == "team" and .id) | "team:\(.id)"][0]),
    notes: (if (.description // "") == "" then [] else [{at: .createdAt, author: "opsgenie", text: .description}] end)} | drop_empty)
