"""The questions `ciClasses` and `relationshipTypes`: what may exist."""

import strawberry

from cmdb.api.context import Info
from cmdb.api.declaring import answered, derived
from cmdb.api.vocabulary import AttributeType, Domain, Strength
from cmdb.model import metamodel


@strawberry.type(description="One attribute that a class declares.")
class AttributeDeclaration:
    """Mirrors `cmdb.model.metamodel.Attribute`."""

    name: str = strawberry.field(description="Its name.")
    type: AttributeType = strawberry.field(description="The type of its values.")
    description: str = strawberry.field(description="What it says.")
    required: bool = strawberry.field(description="Whether every item of the class has it.")
    secret: bool = strawberry.field(description="Whether only some roles may read it.")
    choices: list[str] = strawberry.field(
        description="The closed set of its values; empty allows every value."
    )


def _attributes(root: strawberry.Parent[metamodel.CiClass]) -> list[metamodel.Attribute]:
    return list(root.attributes.values())


@strawberry.type(description="A class of configuration items, with everything that it inherits.")
class CiClass:
    """Mirrors `cmdb.model.metamodel.CiClass`."""

    name: str = strawberry.field(description="The name that items carry as their class.")
    title: str = strawberry.field(description="The name for people.")
    description: str = strawberry.field(description="What items of it are.")
    domain: Domain = strawberry.field(description="Where it belongs.")
    abstract: bool = strawberry.field(description="Whether only its subclasses have items.")
    is_service: bool = strawberry.field(name="service", description="Whether its items are services.")
    ancestors: list[str] = strawberry.field(description="The classes it inherits from, parent first.")
    attributes: list[AttributeDeclaration] = derived(_attributes, "Its attributes.")
    identity: list[list[str]] = strawberry.field(
        description="Ordered rules: sets of attributes that tell one item from another."
    )


def _consumers(root: strawberry.Parent[metamodel.RelationshipType]) -> list[str]:
    return sorted(root.consumers)


def _providers(root: strawberry.Parent[metamodel.RelationshipType]) -> list[str]:
    return sorted(root.providers)


@strawberry.type(description="A verb that reads from the consumer to the provider.")
class RelationshipType:
    """Mirrors `cmdb.model.metamodel.RelationshipType`."""

    verb: str = strawberry.field(description="The verb that dependencies carry.")
    title: str = strawberry.field(description="The verb for people.")
    inverse: str = strawberry.field(description="How it reads from the provider to the consumer.")
    description: str = strawberry.field(description="What it says.")
    strength: Strength = strawberry.field(description="The strength of a dependency that states none.")
    consumers: list[str] = derived(_consumers, "Classes that may consume; empty allows every class.")
    providers: list[str] = derived(_providers, "Classes that may provide; empty allows every class.")


@strawberry.type
class MetamodelQuestions:
    """Root fields that describe what may exist."""

    @answered(list[CiClass] | None, "All classes of configuration items, by name.")
    def ci_classes(self, info: Info) -> list[metamodel.CiClass]:
        """List the classes."""
        declared = info.context.application.metamodel.classes
        return [declared[name] for name in sorted(declared)]

    @answered(list[RelationshipType] | None, "All relationship types, by verb.")
    def relationship_types(self, info: Info) -> list[metamodel.RelationshipType]:
        """List the verbs."""
        declared = info.context.application.metamodel.relationships
        return [declared[verb] for verb in sorted(declared)]
