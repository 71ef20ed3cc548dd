"""What a class is, by inheritance and by domain."""

from cmdb.model.metamodel import CiClass, Domain, Metamodel


def declared(name: str, *ancestors: str, domain: Domain = Domain.NETWORK) -> CiClass:
    return CiClass(
        name=name, title=name, description="", domain=domain, abstract=False, ancestors=ancestors, attributes={},
        identity=(),
    )  # fmt: skip


MODEL = Metamodel(
    classes={
        row.name: row
        for row in (
            declared("device"),
            declared("router", "device"),
            declared("edge_router", "router", "device"),
            declared("portal", domain=Domain.SERVICE),
        )
    },
    relationships={},
)


def test_a_class_is_itself_and_all_that_it_extends() -> None:
    assert MODEL.is_a("edge_router", "device")
    assert MODEL.is_a("router", "router")
    assert not MODEL.is_a("device", "router")
    assert not MODEL.is_a("portal", "device")


def test_a_class_that_is_not_declared_is_nothing() -> None:
    assert not MODEL.is_a("unknown", "unknown")
    assert not MODEL.is_a("router", "unknown")


def test_services_are_known_by_their_domain() -> None:
    assert MODEL.service_classes() == {"portal"}
