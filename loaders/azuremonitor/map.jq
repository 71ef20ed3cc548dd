# Common alert schema, metric alerts, and classic ones.
def words: {sev0: "critical", sev1: "major", sev2: "minor", sev3: "warning", sev4: "ok", "0": "critical", "1": "major", "2": "minor", "3": "warning", "4": "ok", error: "major", verbose: "ok"};
def resource: strings | ascii_downcase;
def common: .data.essentials as $of | ($of.monitorCondition == "Resolved") as $cleared | ($of.alertTargetIDs[0]? // $of.originAlertId) as $target
  | event({key: ($of.alertId // "\($target)/\($of.alertRule)"), condition: $of.alertRule,
      subject: {reference: ($target | resource), host: ($of.configurationItems[0]? // null | if type == "string" and (startswith("/") | not) then domain_name else null end), labels: ({resource_group: $of.targetResourceGroup, resource_type: $of.targetResourceType, service: $of.monitoringService} | only_labels)},
      at: (if $cleared then first_time($of.resolvedDateTime, $of.firedDateTime) else first_time($of.firedDateTime) end), summary: ($of.description // $of.alertRule | if . == "" then $of.alertRule else . end),
      link: ([$of.investigationLink, ("https://portal.azure.com/#resource" + ($target | strings))] | web_link)}
    + ($of.severity | severity(words)) + state_of($cleared) + ($of.alertRule | direction));
def metric: (.status // .data.status) as $status | (.context // .data.context) as $of
  | event({key: "\($of.id // $of.name)/\($of.resourceId | resource)", condition: $of.name,
      subject: {reference: ($of.resourceId | resource), labels: ({resource: $of.resourceName, resource_group: $of.resourceGroupName, resource_type: $of.resourceType, subscription: $of.subscriptionId} | only_labels)},
      at: first_time($of.timestamp), summary: (if ($of.description // "") != "" then $of.description else $of.name end), link: ([$of.portalLink] | web_link)}
    + ($of.severity // $arguments.severity | severity(words)) + state_of($status | IN("Resolved", "Deactivated")) + ($of.name | direction));

if type != "object" then error("this is no alert of Azure Monitor")
elif .data.essentials? then common
elif (.context // .data?.context? | type) == "object" then metric
else error("this is no alert of Azure Monitor: it has neither essentials nor a context") end
