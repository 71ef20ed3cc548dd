# The envelope tells source, subject and time; the data what is wrong, in the words that most tools use.
def is_event: type == "object" and has("specversion") and has("type") and has("source") and has("id");
def state: (.data.state? // .data.status? // .type | tostring | ascii_downcase);
def list: if type == "array" then .[] else . end;
list | if is_event | not then error("this is no CloudEvent: specversion, id, source and type are needed") else . end
| if .type | test("^dev[.]cdevents[.]") then remark("\(.type): send CDEvents to the loader cdevents") else
  (.data | if type == "object" then . else {} end) as $data
  | event({key: ($data.key // $data.fingerprint // "\(.source)/\(.subject // "")/\($data.condition // $data.alert // $data.name // (.type | sub("[.](raised|opened|fired|triggered|created|resolved|recovered|cleared|closed)$"; "")))"),
      id: "\(.source)/\(.id)", condition: ($data.condition // $data.alert // $data.name // .type | tostring),
      subject: (($data.host // $data.hostname // $data.instance // "" | machine) + {reference: ($data.item // .subject), part: $data.part, address: ($data.address // null), service: ($data.service // null), labels: (($data.labels // {} | objects) + {type, source} | only_labels)} | drop_empty),
      at: first_time(.time), summary: ($data.summary // $data.message // $data.description // .type), link: ([$data.link, $data.url, .source] | web_link), sequence: (.sequence | if type == "string" then tonumber? else . end // null)}
    + ($data.severity // $data.level // $data.priority | severity) + state_of(state | test("(resolved|recovered|cleared|closed|^ok|[.]ok)$")) + ("\(.type) \($data.condition // "")" | direction)) end
