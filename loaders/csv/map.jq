# One row becomes one CI and a dependency for each provider in `depends_on`. Empty cells say nothing.

def fields: ["class", "key", "name", "description", "retired", "depends_on"];
def parts: split(";") | map(trim) | map(select(. != ""));

def truth:
  ascii_downcase as $word
  | if $word == ("true", "yes", "1") then true elif $word == ("false", "no", "0") then false else . end;

# A cell is text; the attribute's declared type says what it stands for. What does not fit stays text and is refused
# later with its field.
def typed($type):
  if $type == "list" then parts
  elif $type == "boolean" then truth
  elif $type == "integer" or $type == "number" then . as $cell | try tonumber catch $cell
  else . end;

with_entries(.key |= trim | .value |= trim)
| with_entries(select(.value != ""))
| . as $row
| ($row.key // $row.name) as $key
| ($attribute_types[$row.class // ""] // {}) as $types
| {
    kind: "item",
    class: $row.class,
    key: $key,
    name: ($row.name // $row.key),
    description: $row.description,
    retired: (($row.retired // "false") | truth),
    attributes: (
      with_entries(select(.key as $column | fields | index($column) | not))
      | with_entries(.key as $column | .value |= typed($types[$column]))
    )
  }
| with_entries(select(.value != null and .value != false and .value != {})),
  (
    ($row.depends_on // "" | parts[])
    | (capture("^(?<verb>[A-Z][A-Z0-9_]*):(?<provider>.+)$") // {verb: "DEPENDS_ON", provider: .})
    | {kind: "dependency", consumer: $key, verb, provider: (.provider | trim)}
  )
