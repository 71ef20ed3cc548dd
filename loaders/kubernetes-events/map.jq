# Warnings are events, rollouts of workloads are changes; the rest tells of normal life.
def words: {FailedScheduling: "major", Failed: "major", BackOff: "major", CrashLoopBackOff: "critical", FailedMount: "major", FailedAttachVolume: "major", OOMKilling: "critical", NodeNotReady: "critical", Unhealthy: "minor", Evicted: "major", FailedCreate: "major", NodeHasDiskPressure: "major", NodeHasMemoryPressure: "major"};
def about: (.involvedObject // .regarding) as $of
  | {reference: "\($arguments.cluster)/\($of.namespace // null | if . then . + "/" else "" end)\($of.kind | ascii_downcase)/\($of.name)", host: (if $of.kind == "Node" then $of.name else null end), labels: ({cluster: $arguments.cluster, namespace: $of.namespace, ($of.kind | ascii_downcase): $of.name} | only_labels)};
def when: first_time(.series.lastObservedTime, .lastTimestamp, .deprecatedLastTimestamp, .eventTime, .firstTimestamp, .metadata.creationTimestamp);
(if .items? then .items[] else . end)
| if type != "object" or .kind != "Event" then error("this is no event of Kubernetes") else . end
| (.involvedObject // .regarding) as $of | (.message // .note // "") as $text
| if .reason == "ScalingReplicaSet" and ($text | test("to [1-9]")) and ($text | test("Scaled up"; "i")) then
    done_change({key: "\($arguments.cluster)/\(.metadata.uid // .metadata.name)", title: "rollout of \($of.namespace)/\($of.name)", change_kind: "standard", state: "completed", subjects: [about], actual_start: when, actual_end: when, description: $text})
  elif .type == "Warning" then
    event({key: "\($arguments.cluster)/\($of.namespace // "")/\($of.kind)/\($of.name)/\(.reason)", condition: .reason, subject: about, at: when, summary: $text, id: (.metadata.uid | if_text)}
      + {severity: (words[.reason] // "warning"), state: "open"})
  else empty end
