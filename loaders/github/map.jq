# Deployments and published releases; what only touches code changes no CI.
def about($environment): .repository | [{service: .name, labels: ({repository: .full_name, environment: $environment} | only_labels)}];
def states: {queued: "planned", pending: "planned", waiting: "planned", in_progress: "running", success: "completed", failure: "failed", error: "failed", inactive: "completed"};
def deployment: .deployment as $of | .deployment_status as $step | ($step.environment // $of.environment) as $environment
  | (states[$step.state // "queued"] // "planned") as $state | ($state | IN("completed", "failed")) as $ended
  | done_change({key: "\(.repository.full_name)/deployment/\($of.id)", title: "deploy \(.repository.name) \($of.ref) to \($environment)", state: $state, subjects: about($environment),
      planned_start: first_time($of.created_at), actual_start: (if $state == "planned" then null else first_time($of.created_at) end), actual_end: (if $ended then first_time($step.created_at, $step.updated_at) else null end),
      implementer: ($of.creator.login // .sender.login), description: ([$of.description, $step.description, "commit \($of.sha)"] | map(strings | select(. != "")) | join("\n")),
      link: ([$step.log_url, $step.target_url, $of.url] | web_link)});
def release: .release as $of | done_change({key: "\(.repository.full_name)/release/\($of.id)", title: "release \(.repository.name) \($of.tag_name)", change_kind: "standard", state: "completed", subjects: about(null),
    actual_start: first_time($of.published_at), actual_end: first_time($of.published_at), implementer: $of.author.login, description: ($of.body // "" | .[:4000]), link: ([$of.html_url] | web_link)});
def is_live: .deployment_status.state == "inactive" | not;

if type != "object" or ((.repository | type) != "object") then error("this is no message of GitHub: it names no repository")
elif has("deployment") and is_live then deployment
elif has("deployment") then remark("an older deployment of \(.repository.full_name) became inactive")
elif has("release") and .action == "published" then release
elif has("release") then remark("release \(.action): only published ones count")
elif has("workflow_run") then remark("a workflow run changes no CI: send deployments")
else remark("a message of \(.repository.full_name) that is no deployment was passed over") end
