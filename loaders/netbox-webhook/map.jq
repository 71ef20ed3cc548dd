# An edit of the inventory: whoever plans with NetBox changes the estate there first.
def differences: (.snapshots.prechange // {}) as $before | (.snapshots.postchange // {}) as $after
  | [($before, $after) | keys[]] | unique[] | select(. != "last_updated" and $before[.] != $after[.]) | "\(.): \($before[.] | tojson | .[:60]) -> \($after[.] | tojson | .[:60])";
if type != "object" or ((.data | type) != "object") then error("this is no message of NetBox: it has no data") else . end
| (.data.url // "" | capture("/api/(?<app>[a-z]+)/").app // "dcim") as $app
| done_change({key: "\(.request_id)/\(.model)/\(.data.id)", title: "\(.event) \(.model | gsub("_"; " ")) \(.data.name // .data.display // .data.id)", change_kind: "standard", state: "completed",
    subjects: [{reference: "\($app).\(.model):\(.data.id)", host: (select(.model | IN("device", "virtualmachine")) | .data.name) // null, address: ((.data.primary_ip.address? // .data.address? // null) | if . == null then null else address end)}],
    actual_start: first_time(.timestamp), actual_end: first_time(.timestamp), implementer: .username, description: ([differences] | join("\n") | .[:4000])})
