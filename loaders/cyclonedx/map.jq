# One bill of material: what it is about, the services it is made of, and, if asked for, what it is built with.

def wants_libraries: $arguments.libraries | ascii_downcase | IN("yes", "true", "1");
def port: [.endpoints[]? | strings | capture("^[a-z][a-z0-9+.-]*://[^/:]+:(?<port>[0-9]+)").port | tonumber][0];
def component_class: {application: "application", framework: "software_library", library: "software_library", platform: "application_component", firmware: "software_library",
  "operating-system": "software_library", container: "container_image", "machine-learning-model": "data_set", data: "data_set"}[. // ""];
# A bom-ref means something within its document only, and may be made up anew each time.
def ref: .["bom-ref"] // "" | if . == "" then null else . end;
def full_name: [.group, .name | values | select(. != "")] | join("/");
def key($subject): (.purl // null) // "\($subject)#\(ref | if . == null or test("^[0-9a-f]{8}-[0-9a-f-]{27}$") then null else . end)" | if endswith("#null") then null else . end;
def licences: [.licenses[]? | .expression // .license.id // .license.name];

def component($subject): . as $component | (.type | component_class) as $class
  | item($class; key($subject) // "\($subject)#\(full_name)@\(.version // "")"; .name // "unnamed"; fit($class; {version, vendor: (.publisher // .supplier.name? // .author // null), purl, licences: licences, supplier: (.supplier.name? // .publisher // null),
      digest: ([.hashes[]? | select(.alg == "SHA-256") | "sha256:\(.content)"][0]), repository: ([.externalReferences[]? | select(.type == "vcs") | .url][0]), application_type: (.type | select($class == "application")) // null}))
    + (if .description // "" != "" then {description} else {} end);
# A service that carries the name of a database product is one.
def service_class: "\(.group // "") \(.name)" | store_class // "application_component";
def service($subject): service_class as $class
  | item($class; key($subject) // "\($subject)#\(full_name)"; .name // "unnamed"; fit($class; {version, vendor: (.provider.name? // null), engine: .name, endpoint: (.endpoints[0]? // null), port: port, component_type: "service", system: .group}))
    + (if .description // "" != "" then {description} else {} end);
def services: .services[]? | ., services;
def components: .components[]? | ., components;

# The same document in XML: lists are elements of their own, and some names differ.
def child($name): [.children[] | select(.name == $name)][0];
def all($name): .children[] | select(.name == $name);
def text($name): child($name).text? // null;
def list($name; $of; f): [child($name) | values | all($of) | f];
def nested: {services: list("services"; "service"; nested), components: list("components"; "component"; nested),
  type: .attributes.type, "bom-ref": .attributes["bom-ref"], group: text("group"), name: text("name"), version: text("version"), description: text("description"),
  publisher: text("publisher"), author: text("author"), purl: text("purl"), supplier: (child("supplier") | values | {name: text("name")}) // null, provider: (child("provider") | values | {name: text("name")}) // null,
  endpoints: list("endpoints"; "endpoint"; .text), hashes: list("hashes"; "hash"; {alg: .attributes.alg, content: .text}),
  licenses: [child("licenses") | values | .children[] | if .name == "expression" then {expression: .text} else {license: {id: text("id"), name: text("name")}} end],
  externalReferences: list("externalReferences"; "reference"; {type: .attributes.type, url: text("url")})};
def from_xml: nested + {bomFormat: "CycloneDX", metadata: {component: (child("metadata") | values | child("component") | values | nested) // null},
  dependencies: list("dependencies"; "dependency"; {ref: .attributes.ref, dependsOn: [all("dependency") | .attributes.ref]})};

if type == "object" and .name == "bom" and (.children | type == "array") then from_xml else . end
| if type != "object" or .bomFormat != "CycloneDX" then error("this is no CycloneDX document") else . end
| (.metadata.component // {}) as $told | ($told | full_name) as $name
# A bill may be of hardware, which is none of the classes that one can tell by it.
| (if $told == {} or ($told.type // "application" | component_class) == null then null else $told end) as $about
| [($about | values | .type //= "application" | {of: ., item: (component($name) + {key: $name})}), (services | {of: ., item: service($name)}),
   (components | select(.type | component_class | . != null and (. != "software_library" or wants_libraries)) | {of: ., item: component($name)})] as $known
| (reduce $known[] as $one ({}; .[$one.of | ref // ""] = $one.item)) as $at
| ([services, components, ($about | values) | ref | values] | unique) as $refs
| [.dependencies[]? | .ref as $consumer | .dependsOn[]? | {$consumer, provider: .}] as $needs
| ([$known[].item] | unique_by(.key)[]),
  # What the document does not tell apart stands or falls together.
  (if $needs == [] then def parts($whole): .services[]? | service($name) as $part | need($whole; "COMPOSED_OF"; $part.key), parts($part.key); select($about) | parts($name) else empty end),
  ($needs | unique[] | $at[.consumer // ""] as $consumer | $at[.provider // ""] as $provider | select($consumer and $provider and $consumer.key != $provider.key)
    | need($consumer.key; if $provider.class | IN("software_library", "container_image", "data_set") then "USES"
        elif $consumer.class | IN("application_component", "application") then "CALLS" else "DEPENDS_ON" end; $provider.key)),
  (if $told.type | . != null and component_class == null then remark("the bill is of a \($told.type), which is left out") else empty end),
  ([.dependencies[]? | .ref, .dependsOn[]? | select(IN($refs[]) | not)] | unique[]
    | remark("a dependency refers to \(if (. // "") == "" then "nothing" else . end), which the document does not hold")),
  (if wants_libraries then empty else [components | select(.type | component_class == "software_library")] | select(. != [])
    | remark("\(length) libraries are left out; --set libraries=yes takes them") end)
