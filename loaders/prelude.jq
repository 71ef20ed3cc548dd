# What every loader's program may use; `$arguments` and `$attribute_types` are there too.

# Fields that say nothing are left out.
def drop_empty: with_entries(select(.value | . != null and . != "" and . != [] and . != {}));
def texts: [.[]? | select(. != null and . != "") | tostring] | unique;

def item($class; $key; $name; attributes): {kind: "item", class: $class, key: $key, name: $name, attributes: (attributes | drop_empty)};
# Names a CI that is described elsewhere.
def mention($class; $key; $name; attributes): item($class; $key; $name; attributes) + {mention: true};
def need($consumer; $verb; $provider): {kind: "dependency", consumer: $consumer, verb: $verb, provider: $provider};
def inferred($confidence): . + {evidence: "inferred", confidence: $confidence};
# One of the providers is enough.
def any_of($name): {name: $name, need_up: 1};
# A sentence for the person who loads; no record.
def remark($text): {kind: "remark", text: $text};

def domain_name: ascii_downcase | rtrimstr(".");
# An address without prefix length or zone.
def address: tostring | split("/")[0] | split("%")[0] | ascii_downcase;
def mac: ascii_downcase | gsub("[^0-9a-f]"; "") | if length == 12 then [scan("..")] | join(":") else empty end;
def words: split("[,; ]+"; null) | map(select(. != ""));
# Attributes that the class declares; a source may know more than fits.
def fit($class; attributes): attributes | with_entries(select($attribute_types[$class][.key]));
