# A build, the builds of a job, a message of the notification plugin, or a row with the build as text in the column `data`.
def states: {SUCCESS: "completed", UNSTABLE: "completed", FAILURE: "failed", ABORTED: "cancelled", NOT_BUILT: "cancelled", NOT_BUILD: "cancelled"};
def job: (.fullDisplayName // "" | sub(" #[0-9]+$"; "") | gsub(" » "; "/"));
def build: job as $job | ($job | split("/")[-1] // "job") as $name | (states[.result // "RUNNING"] // "running") as $state
  | done_change({key: "\($job)#\(.number)", title: "build \($job) #\(.number)\(.result // null | if . then " \(ascii_downcase)" else "" end)", change_kind: "standard", $state, subjects: [{service: $name, labels: {job: $job}}],
      actual_start: first_time(.timestamp), actual_end: (if $state == "running" then null else first_time(.timestamp + (.duration // 0)) end),
      implementer: ([.actions[]?.causes[]?.userId | strings][0]), description: ([.actions[]?.lastBuiltRevision?.SHA1 | strings][0] // null | if . then "revision \(.)" else "" end), link: ([.url] | web_link)});
def notified: .name as $job | .build | select(.phase | IN("STARTED", "FINALIZED"))
  | {fullDisplayName: $job, number, result: .status, timestamp: (.timestamp // null), duration: (.duration // 0), url: .full_url} | build;
def known: if type != "object" then empty elif has("number") and (has("result") or has("timestamp")) then build
  elif has("build") then notified
  elif has("builds") or has("allBuilds") then (.builds // .allBuilds)[] | known
  elif .data | type == "string" then .data | fromjson? // {} | known
  else empty end;
[known] as $made | if $made == [] and (type != "object" or (has("build") or has("builds") or has("allBuilds") | not)) then error("this is no build of Jenkins: it has neither number nor builds") else $made[] end
