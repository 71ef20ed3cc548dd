# A trap as the listener decodes it: sender, trap OID, and variables by OID.
def standard: {"1.3.6.1.6.3.1.1.5.1": ["cold start", "warning"], "1.3.6.1.6.3.1.1.5.2": ["warm start", "warning"], "1.3.6.1.6.3.1.1.5.3": ["link down", "major"], "1.3.6.1.6.3.1.1.5.4": ["link down", "major"],
  "1.3.6.1.6.3.1.1.5.5": ["authentication failure", "warning"], "1.3.6.1.6.3.1.1.5.6": ["neighbour lost", "major"], "1.3.6.1.2.1.15.7.1": ["BGP session down", "major"], "1.3.6.1.2.1.15.7.2": ["BGP session down", "major"], "1.3.6.1.2.1.15.0.1": ["BGP session down", "major"], "1.3.6.1.2.1.15.0.2": ["BGP session down", "major"],
  "1.3.6.1.2.1.33.2.1": ["on battery", "major"], "1.3.6.1.2.1.17.0.2": ["topology change", "ok"]};
def ends: IN("1.3.6.1.6.3.1.1.5.4", "1.3.6.1.2.1.15.7.1", "1.3.6.1.2.1.15.0.1");
# Whether a trap of its own tells the end; of the others only their silence says that it may be over.
def has_end: IN("1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4", "1.3.6.1.2.1.15.7.1", "1.3.6.1.2.1.15.7.2", "1.3.6.1.2.1.15.0.1", "1.3.6.1.2.1.15.0.2");
def variable($oid): [.varbinds | to_entries[] | select(.key == $oid or (.key | startswith($oid + "."))) | .value][0];
def index: [.varbinds | keys[] | select(startswith("1.3.6.1.2.1.2.2.1.")) | split(".")[-1]][0] // (variable("1.3.6.1.2.1.2.2.1.1") | if . == null then null else tostring end);
if type != "object" or (has("trap") | not) then error("this is no trap: it has no trap OID") else . end
| .trap as $trap | (standard[$trap] // ["trap \($trap)", null]) as [$condition, $rung]
| (variable("1.3.6.1.2.1.31.1.1.1.1") // variable("1.3.6.1.2.1.2.2.1.2") // null) as $name | index as $index
| (if $condition | startswith("BGP") then [.varbinds | keys[] | capture("^1[.]3[.]6[.]1[.]2[.]1[.]15[.]3[.]1[.][0-9]+[.](?<a>[0-9.]+)$").a][0] else null end) as $peer
| event({key: "\(.address)/\($condition)/\($peer // $name // $index // "")", $condition,
    subject: {address: (.agent // .address), part: (if $name then "\($name)" elif $index then "ifIndex \($index)" else null end), labels: ({trap: $trap, ifIndex: $index, $peer, enterprise: .enterprise} | only_labels)},
    at: first_time(.received_at), summary: "\($condition)\(if $name then " \($name)" elif $index then " ifIndex \($index)" else "" end)\(if $peer then " to \($peer)" else "" end) on \(.agent // .address)"}
  + (if $rung then {severity: $rung} else {severity: "warning", unknown: true} end) + state_of($trap | ends)
  + (if $trap | has_end then {} else {repeat_seconds: ($arguments.silence | tonumber)} end))
