# Deployments; other hooks change no CI.
def states: {created: "planned", blocked: "planned", running: "running", success: "completed", failed: "failed", canceled: "cancelled", skipped: "cancelled"};
if type != "object" or (has("object_kind") | not) then error("this is no message of GitLab: it has no object_kind")
elif .object_kind != "deployment" then remark("a \(.object_kind) hook changes no CI: send deployment events")
else (states[.status] // "planned") as $state
  | done_change({key: "\(.project.path_with_namespace)/deployment/\(.deployment_id)", title: "deploy \(.project.name) \(.ref // .short_sha) to \(.environment)", state: $state,
      subjects: [{service: .project.name, labels: ({repository: .project.path_with_namespace, environment: .environment} | only_labels)}],
      actual_start: (if $state == "planned" then null else first_time(.status_changed_at | if_text | values | sub(" (?<z>[+-][0-9]{4})$"; "\(.z)")) end),
      actual_end: (if $state | IN("completed", "failed") then first_time(.status_changed_at | if_text | values | sub(" (?<z>[+-][0-9]{4})$"; "\(.z)")) else null end),
      implementer: .user.username, description: (.commit_title // ""), link: ([.deployable_url, .commit_url] | web_link)})
end
