# What happened to a service or an environment is a change, an incident an event; code and tests touch no CI.
def states: {deployed: "completed", upgraded: "completed", rolledback: "rolled_back", removed: "completed", published: "completed", created: "completed", modified: "completed", deleted: "completed"};
def about($subject): $subject.content as $content
  | [{reference: $subject.id, service: $subject.id, labels: ({environment: $content.environment.id?, source: $subject.source, artifact: $content.artifactId} | only_labels)}];
def change($context; $subject; $what; $deed): done_change({key: $context.id, title: "\($what) \($subject.content.name? // $subject.id) \($deed)\($subject.content.environment.id? // null | if . then " in \(.)" else "" end)",
    change_kind: "standard", state: (states[$deed] // "completed"), subjects: about($subject), actual_start: first_time($context.timestamp), actual_end: first_time($context.timestamp),
    link: ([$subject.content.uri?, $subject.source] | web_link), description: ($subject.content.artifactId? // "")});
def incident($context; $subject; $deed): $subject.content as $content
  | event({key: "\($subject.source // "")/\($subject.id)", id: $context.id, condition: ($content.description // $subject.id), at: first_time($context.timestamp), summary: $content.description, link: ([$content.ticketURI, $subject.source] | web_link),
      subject: {reference: ($content.service.id? // $content.environment.id?), service: $content.service.id?, labels: ({environment: $content.environment.id?, artifact: $content.artifactId} | only_labels)}}
    + {severity: "major"} + state_of($deed == "resolved") + ($content.description | direction));

(if type == "object" and (.data.context? != null) then .data else . end)
| if type != "object" or ((.context.type? // "") | startswith("dev.cdevents.") | not) then error("this is no CDEvent: its context has no type dev.cdevents...") else . end
| .context as $context | .subject as $subject | ($context.type | split(".")) as $type
| if $type[2] == "incident" and ($type[3] | IN("detected", "reported", "resolved")) then incident($context; $subject; $type[3])
  elif $type[2] | IN("service", "environment") then change($context; $subject; $type[2]; $type[3])
  else remark("\($type[2]) \($type[3]) touches no CI") end
