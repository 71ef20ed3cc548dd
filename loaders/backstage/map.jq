# All entities of a load at once: YAML documents, the API's list, or its pages with `items`.

def entities: if type == "array" then .[] | entities elif type != "object" then empty
  elif (.items | type) == "array" and (has("kind") | not) then .items[] | entities else . end;

# `[kind:][namespace/]name`, in lower case; what is left out is the default of the field that refers.
def ref($kind; $ns): capture("^(?:(?<kind>[^:/]+):)?(?:(?<ns>[^/]+)/)?(?<name>.+)$")
  | {kind: (.kind // $kind | ascii_downcase), ns: (.ns // $ns | ascii_downcase), name: (.name | ascii_downcase)};
def key: "\(.kind):\(.ns)/\(.name)";
def ns: .metadata.namespace // "default";
def own: {kind: (.kind | ascii_downcase), ns: (ns | ascii_downcase), name: (.metadata.name | ascii_downcase)};
def title_of: .metadata.title // .metadata.name;

def class_of_resource: ascii_downcase
  | if test("database|postgres|mysql|sql") then "database_instance" elif test("cache|redis") then "cache"
    elif test("queue|topic|stream") then "message_queue" elif test("kafka|broker|rabbit") then "message_broker"
    elif test("bucket|object|s3") then "object_store" elif test("search|index") then "search_engine"
    elif test("cluster|kubernetes") then "container_cluster" elif test("dataset|data-set|table") then "data_set"
    elif test("file|share|volume|disk") then "file_share"
      elif test("server|vm|instance") then "server" else "cloud_resource" end;
def class_of: .spec.type as $type
  | {component: (if $type == "library" then "software_library" else "application_component" end), api: "api",
     resource: ($type // "" | tostring | class_of_resource), system: "application_service",
       domain: "business_service"}[.kind | ascii_downcase];
def default_class: {component: "application_component", api: "api", resource: "cloud_resource", system: "application_service",
  domain: "business_service"}[.] // "application_component";

def lifecycle: {production: "in_use", experimental: "staged", deprecated: "decommissioning",
  planned: "planned"}[.spec.lifecycle // ""];
def link: ([.metadata.links[]?.url][0]) // (.metadata.annotations["backstage.io/view-url"]?);
def repository: .metadata.annotations | objects | (.["backstage.io/source-location"] // .["github.com/project-slug"])
  | values | ltrimstr("url:");
def attributes($class): fit($class; {
  component_type: (.spec.type | strings) // null, api_type: (.spec.type | strings) // null, resource_type: (.spec.type
    | strings) // null,
  system: (.spec.system | strings) // null, lifecycle: lifecycle, tags: ([.metadata.tags[]?, (.metadata.labels // {}
    | to_entries[] | "\(.key)=\(.value)")]),
  link: link, repository: repository // null, aliases: ([.metadata.title, .metadata.name] | texts | if length > 1 then .
    else [] end)});

def far: mention(.kind | default_class; key; .name; {});
def toward($verb; $of): ., need($of; $verb; .key);
def refers($field; $kind; $ns): .spec[$field]? | if type == "array" then .[] else . end | strings | ref($kind; $ns);

def party_key($kind; $ns): ref($kind; $ns) | key;
def owner($known): own as $of | (.spec.owner | strings | ref("group"; $of.ns)) as $owner | ($owner | key) as $party
  | (if $known[$party] then empty
     else {kind: "party", key: $party, party_kind: (if $owner.kind == "user" then "person" else "support_group" end),
       name: $owner.name} end),
    {kind: "assignment", party: $party, role: "owns", item: ($of | key)};

def person_or_group: own as $of
  | {kind: "party", key: ($of | key), party_kind: (if $of.kind == "user" then "person" else "support_group" end),
     name: (.spec.profile.displayName? // title_of), contact: (.spec.profile.email? // ""),
     member_of: ([(.spec.memberOf? // empty)[]?, (.spec.parent? // empty)] | map(party_key("group"; $of.ns)) | unique)}
       | drop_empty;

def dependencies: own as $of | ($of | key) as $key
  | (refers("dependsOn"; "component"; $of.ns) | far | toward("DEPENDS_ON"; $key)),
    (refers("dependencyOf"; "component"; $of.ns) | far | ., need(.key; "DEPENDS_ON"; $key)),
    (refers("consumesApis"; "api"; $of.ns) | far | toward("CALLS"; $key)),
    # An API is answered by the component that provides it.
    (refers("providesApis"; "api"; $of.ns) | far | ., need(.key; "DEPENDS_ON"; $key)),
    (refers("subcomponentOf"; "component"; $of.ns), refers("system"; "system"; $of.ns), refers("domain"; "domain"; $of.ns),
      refers("subdomainOf"; "domain"; $of.ns)
      | far | ., need(.key; "COMPOSED_OF"; $key));

def checked: .metadata.name as $name
  | if ($name | type) != "string" or ($name | test("^[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*$") | not) or ($name | length) > 63
    then error("the \(.kind) '\($name)' breaks Backstage's rule for names: letters and digits, parted by single -, _ or .") else . end;

def records($known): .kind as $kind
  | if $kind | IN("User", "Group") then checked | person_or_group
    elif $kind == "Location" then remark("the Location '\(.metadata.name)' only lists files: load those")
    elif class_of then checked | class_of as $class
      | item($class; own | key; title_of; attributes($class)) + (if .metadata.description // "" != ""
        then {description: .metadata.description} else {} end),
        owner($known), dependencies
    else remark("entities of the kind \($kind) say nothing about dependencies") end;

# The catalogue gives each entity an id and keeps Locations, which nobody asks for who asks for some kinds only.
def coverage($all):
  (if all($all[]; .metadata.uid) then empty else covers(""; "entities out of the catalogue and no others"; 1; 0) end),
  covers(""; "Locations"; 1; [$all[] | select(.kind == "Location")] | length),
  (.[] | objects | select(.totalItems | numbers) | covers(""; "entities"; .totalItems; .items | length));

[.[] | entities] as $all
| if any($all[]; (.kind | type) != "string" or (.metadata | type) != "object")
  then error("this is no entity of Backstage: it has no kind or no metadata") else . end
| (reduce ($all[] | select(.kind | IN("User", "Group")) | select(.metadata.name | type == "string") | own
  | key) as $party ({}; .[$party] = true)) as $known
| ($all[] | records($known)), coverage($all)
