# One host becomes a server, each name in `uses` something that it needs and another file describes.
# `item`, `mention`, `need` and `drop_empty` come from loaders/prelude.jq.

def key: "host:" + ascii_downcase;

.hosts[]
| (.name | key) as $key
| item("server"; $key; .name; {
    fqdn: (.fqdn // "" | ascii_downcase),
    ip_addresses: (.addresses // []),
    environment: $arguments.environment
  }),
  (.uses[]? | mention("server"; key; .; {}), need($key; "USES"; key))
