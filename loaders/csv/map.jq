# One row becomes one CI and a dependency for each provider in `depends_on`. Empty cells say nothing.

def fields: {class: 1, key: 1, name: 1, description: 1, retired: 1, depends_on: 1};

def parts: split(";") | map(trim | select(. != ""));

def truth:
  if ascii_downcase | IN("true", "yes", "1") then true elif ascii_downcase | IN("false", "no", "0") then false else . end;

# A cell is text; the attribute's declared type says what it stands for. What does not fit stays text and is refused
# later with its field.
def typed($type):
  if $type == null or $type == "text" then .
  elif $type == "list" then parts
  elif $type == "boolean" then truth
  else . as $cell | try tonumber catch $cell end;

def attributes($types):
  reduce (to_entries[] | select(fields[.key] | not)) as $cell ({};
    .[$cell.key] = ($cell.value | typed($types[$cell.key])));

def dependencies($key):
  .depends_on // "" | parts[]
  | (capture("^(?<verb>[A-Z][A-Z0-9_]*):(?<provider>.+)$") // {verb: "DEPENDS_ON", provider: .})
  | {kind: "dependency", consumer: $key, verb, provider: (.provider | trim)};

(.key // .name) as $key
| ({kind: "item", attributes: attributes($attribute_types[.class // ""] // {})}
    + if $key then {key: $key, name: (.name // $key)} else {} end
    + if .class then {class} else {} end
    + if .description then {description} else {} end
    + if .retired then {retired: (.retired | truth)} else {} end),
  dependencies($key)
