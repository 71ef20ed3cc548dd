# A message as the listener decodes it. Only what tells of a state becomes an event: most of syslog is talk.
# Such a line has no all-clear, so only its silence says that it may be over.
def words: ["critical", "critical", "critical", "major", "warning", "ok", "ok", "ok"];
# Cisco, Juniper and Linux say that a link or a session went down or came up.
def link: capture("%(?:LINK|LINEPROTO|ETHPORT|ETH_PORT_CHANNEL)-[0-9]-[A-Z_0-9]+: .*?[Ii]nterface (?<part>[^ ,]+),? .*(?<state>up|down)"; "")
  // capture("SNMP_TRAP_LINK_(?<state>UP|DOWN): .*ifName (?<part>[^ ,]+)"; "") // capture("(?<part>[a-z][a-z0-9.]{1,14}): [Ll]ink (?:is )?(?<state>[Uu]p|[Dd]own)"; "") // null;
def session: capture("%BGP-[0-9]-ADJCHANGE: neighbor (?<peer>[^ ]+) .*(?<state>Up|Down)"; "") // capture("bgp_.*peer (?<peer>[0-9a-f.:]+) .*(?<state>Established|Idle|down)"; "i") // null;
if type != "object" or (has("message") | not) then error("this is no message of syslog") else . end
| . as $of | (.priority % 8) as $level | (.message | link) as $link | (.message | session) as $session
| ((.host // "" | machine) + {address}) as $machine
| def made($condition; $key; $part; $severity; $cleared): event({key: "\(.host // .address)/\($key)", $condition, subject: ($machine + {part: $part, labels: ({app, facility} | only_labels)}), at: first_time(.time, .received_at), summary: .message} + {severity: $severity} + state_of($cleared) + (.message | direction));
  if $link then made("link down"; "link down/\($link.part)"; $link.part; "major"; $link.state | ascii_downcase == "up")
  elif $session then made("BGP session down"; "BGP session down/\($session.peer)"; null; "major"; $session.state | test("^(up|established)$"; "i"))
  elif $level <= ($arguments.level | tonumber) then made((.mnemonic // .app // "message"); (.mnemonic // "\(.app // "")/\(.message | gsub("[0-9]+"; "#") | .[:80])"); null; words[$level]; false) + {repeat_seconds: ($arguments.silence | tonumber)}
  else empty end
