# The payload of the webhook integration, and change events of the Events API.
def tags: if type == "string" then words elif type == "array" then . else [] end | map(strings | select(test(":")) | capture("^(?<k>[^:]+):(?<v>.+)$") | {(.k): .v}) | add // {};
def priority: .priority // .alert_priority | if type == "number" then "P\(.)" else . end | if . == "normal" or . == "" then null else . end;
def words_of_datadog: {success: "ok", triggered: "major", alert: "major", "no data": "warning", recovered: "ok", p1: "critical", p2: "major", p3: "minor", p4: "warning", p5: "ok"};

def monitor: ((.tags | tags) + (.scopes // .scope // .alert_scope | tags)) as $tags
  | (.alert_transition // .transition // "" | ascii_downcase) as $transition
  | (($transition | test("recover")) or ($transition == "" and .alert_type == "success")) as $recovered
  | event({key: (.aggreg_key // "\(.monitor_id // .alert_id // .title)/\([.scopes // .scope // .alert_scope | if type == "array" then .[] else . end | strings] | sort | join(","))"),
      condition: (.alert_title // .title // "monitor \(.monitor_id)"), subject: ((.hostname // .host // $tags.host // "" | machine) + {service: $tags.service, labels: ($tags + {monitor: .monitor_id, query: .query} | only_labels)}),
      at: first_time(.date, .last_updated, .timestamp), summary: (.message // .body // .text_only_msg // .description // .title), link: ([.link, .url] | web_link), id: (.id | if_text)} )
  + ((priority // .alert_type // $transition) | severity(words_of_datadog)) + state_of($recovered)
  + (if $transition | test("no data") then {unknown: true} else {} end) + (.title | direction);

def change: (.data.attributes // .) as $given | ($given.attributes // $given) as $change
  | done_change({key: "\($given.aggregation_key // .data.id // $given.id // "\($given.timestamp // "")/\($given.title)")", title: $given.title, state: "completed",
      subjects: ([$change.impacted_resources[]? | {service: .name, labels: {type}}]
        + (if ($change.impacted_resources // []) == [] then [{service: $change.changed_resource.name, labels: ($change.changed_resource | {type} | only_labels)}] else [] end)),
      actual_start: first_time($given.timestamp), actual_end: first_time($given.timestamp), implementer: $change.author.name,
      description: ([$given.message, ($change.prev_value // empty | "before: \(tojson)"), ($change.new_value // empty | "after: \(tojson)"), ($change.change_metadata // empty | "details: \(tojson)")] | map(strings) | join("\n") | .[:4000])});

if type != "object" then error("this is neither a monitor's message nor a change event of Datadog")
elif .data.attributes?.category? == "change" or .category == "change" then change
elif has("title") or has("monitor_id") then monitor
else error("this is neither a monitor's message nor a change event of Datadog") end
