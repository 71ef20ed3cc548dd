from cmdb.metamodel import read_metamodel
from cmdb.resources import folder
from tests.support.api_client import ApiClient

DECLARED = read_metamodel(folder("schema"))


async def test_every_declared_class_and_verb_is_described(client: ApiClient) -> None:
    shown = await client.ask(
        "{ ciClasses { name service attributes { name } } relationshipTypes { verb consumers providers } }"
    )
    assert [kind["name"] for kind in shown["ciClasses"]] == sorted(DECLARED.classes)
    assert {kind["name"] for kind in shown["ciClasses"] if kind["service"]} == DECLARED.service_classes()
    assert [kind["verb"] for kind in shown["relationshipTypes"]] == sorted(DECLARED.relationships)
    for kind in shown["ciClasses"]:
        assert [row["name"] for row in kind["attributes"]] == list(DECLARED.classes[kind["name"]].attributes)
