# An alarm by itself, in an SNS envelope, or as an event of EventBridge.
def named: [.InstanceId, .DBInstanceIdentifier, .DBClusterIdentifier, .LoadBalancer, .TargetGroup, .FunctionName, .BucketName, .QueueName, .TableName, .CacheClusterId, .AutoScalingGroupName, .VolumeId, .ServiceName, .ClusterName, .TopicName, .NatGatewayId, .ApiName] | map(values)[0];
def alarm: (.NewStateValue // "ALARM") as $state
  | ([.Trigger.Dimensions // .Dimensions // [] | .[]? | {(.name // .Name): (.value // .Value)}] | add // {}) as $dimensions
  | event({key: (.AlarmArn // ([.AWSAccountId, .Region, .AlarmName] | map(values) | join("/"))), condition: .AlarmName,
      subject: {reference: ($dimensions | named), service: $dimensions.ServiceName, labels: ($dimensions + {account: .AWSAccountId, region: .Region, namespace: (.Trigger.Namespace // .Namespace)} | only_labels)},
      at: first_time(.StateChangeTime, .sent), summary: (.AlarmDescription // .NewStateReason // .AlarmName),
      link: ([.AlarmArn | strings | split(":") | "https://console.aws.amazon.com/cloudwatch/home?region=\(.[3])#alarmsV2:alarm/\(.[6] | @uri)"] | web_link)}
    + (.Priority // .Severity // $arguments.severity | severity) + state_of($state == "OK")
    + (if $state == "INSUFFICIENT_DATA" then {unknown: true} else {} end) + (.AlarmName | direction));
def bridged: .time as $sent | .detail | {AlarmName: .alarmName, NewStateValue: .state.value, NewStateReason: .state.reason, StateChangeTime: .state.timestamp, $sent,
  Dimensions: [.configuration.metrics[]?.metricStat.metric.dimensions // {} | to_entries[] | {name: .key, value}]};

if type != "object" then error("this is no alarm of CloudWatch")
elif .Type == "SubscriptionConfirmation" then remark("the topic \(.TopicArn) asks to be confirmed: open the SubscribeURL of its message once, after checking that the topic is yours")
elif .Type == "UnsubscribeConfirmation" then remark("the topic \(.TopicArn) will send nothing more")
elif has("AlarmName") then alarm
elif .source == "aws.cloudwatch" then . as $event | (bridged | .AlarmArn = $event.resources[0]? | .AWSAccountId = $event.account | .Region = $event.region) | alarm
elif has("Message") then .Timestamp as $sent | (.Message | if type == "string" then (fromjson? // {}) else . end)
  | if type == "object" and has("AlarmName") then .sent = $sent | alarm else remark("a message of the topic that is no alarm was passed over") end
else error("this is no alarm of CloudWatch: it has neither AlarmName nor Message") end
