"""Lets documents in: bounded parsing, cost, validation with coded errors, and a bounded cache of the sound ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from graphql import (
    ArgumentNode,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import (
    ASTValidationRule,
    FieldsOnCorrectTypeRule,
    ProvidedRequiredArgumentsRule,
    ValuesOfCorrectTypeRule,
    VariablesInAllowedPositionRule,
    recommended_rules,
)
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

from cmdb.api.document_cost import check_cost
from cmdb.errors import ErrorCode, InvalidInput, NotFound, Place

LONGEST_DOCUMENT = 64_000
MOST_TOKENS = 4_000
MOST_COMMENTS = 200
MOST_ERRORS = 10
MOST_COMPARISONS = 20_000
KEPT_DOCUMENTS = 128

# graphql-core's own budget lets one document burn more than half a second; this attribute is its setting.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = MOST_COMPARISONS

_CODES: dict[type[ASTValidationRule], ErrorCode] = {
    FieldsOnCorrectTypeRule: ErrorCode.UNKNOWN_FIELD,
    ProvidedRequiredArgumentsRule: ErrorCode.MISSING_FIELD,
    ValuesOfCorrectTypeRule: ErrorCode.WRONG_TYPE,
    VariablesInAllowedPositionRule: ErrorCode.WRONG_TYPE,
}


class DocumentRefused(Exception):
    """A document that is not executed; `errors` carry a code each."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        """Keep the errors."""
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A document that may be executed; `choices` are its Boolean variables, which alone can choose fields."""

    document: DocumentNode
    operations: tuple[OperationDefinitionNode, ...]
    choices: tuple[str, ...]

    def choose(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation of that name, or the only one; BAD_ARGUMENT when there is no such one."""
        fitting = [
            node
            for node in self.operations
            if name is None or (node.name is not None and node.name.value == name)
        ]
        if len(fitting) != 1:
            raise InvalidInput(
                ErrorCode.BAD_ARGUMENT,
                f"The document has {len(fitting)} operations that 'operationName' fits, not one.",
                hint="Give the name of one of its operations.",
                place=Place("request", field="operationName"),
            )
        return fitting[0]

    def require_single(self, name: str | None) -> None:
        """Let only operations pass that have one answer."""
        if self.choose(name).operation is OperationType.SUBSCRIPTION:
            raise InvalidInput(
                ErrorCode.BAD_ARGUMENT,
                "A subscription has more than one answer.",
                hint="Subscribe over a WebSocket at the same path, with the protocol graphql-transport-ws.",
            )

    def require_subscription(self, name: str | None) -> None:
        """Let only subscriptions pass."""
        if self.choose(name).operation is not OperationType.SUBSCRIPTION:
            raise InvalidInput(
                ErrorCode.BAD_ARGUMENT,
                "Only subscriptions are served over a WebSocket or as a stream of events.",
                hint="Send queries and mutations as POST to the same path.",
            )


class DocumentGate:
    """Prepares document texts, and trusted documents by their ids, against one schema."""

    def __init__(self, schema: GraphQLSchema, trusted: Mapping[str, str] | None = None) -> None:
        """Keep sound documents; refused ones are looked at anew, so that they cannot crowd out the sound."""
        self._schema = schema
        self._texts = trusted or {}
        self._trusted: dict[str, Prepared] = {}
        self._rules = [_coded(rule) for rule in dict.fromkeys((*specified_rules, *recommended_rules))]
        self.prepare = lru_cache(maxsize=KEPT_DOCUMENTS)(self._prepare)

    def trusted(self, document_id: str) -> Prepared:
        """Return the trusted document, prepared once and never put out by others; NOT_FOUND when there is none."""
        known = self._trusted.get(document_id)
        if known is None:
            text = self._texts.get(document_id)
            if text is None:
                raise NotFound(
                    ErrorCode.NOT_FOUND,
                    f"There is no trusted document '{document_id[:80]}'.",
                    hint="Give the name of a file in graphql/operations, without its ending, or send 'query'.",
                    place=Place("request", field="documentId"),
                )
            known = self._trusted[document_id] = self._prepare(text)
        return known

    def _prepare(self, text: str) -> Prepared:
        document = _parse(text)
        check_cost(self._schema, document)
        errors = validate(self._schema, document, self._rules, max_errors=MOST_ERRORS, hide_suggestions=True)
        if errors:
            raise DocumentRefused([_with_code(error, _code_of(error)) for error in errors])
        nodes = document.definitions
        operations = tuple(node for node in nodes if isinstance(node, OperationDefinitionNode))
        return Prepared(document, operations, _choices(operations))


def _choices(operations: tuple[OperationDefinitionNode, ...]) -> tuple[str, ...]:
    """Return the names of Boolean variables: `@skip` and `@include` take no others."""
    names: dict[str, None] = {}
    for operation in operations:
        for declared in operation.variable_definitions or ():
            kind = declared.type.type if isinstance(declared.type, NonNullTypeNode) else declared.type
            if isinstance(kind, NamedTypeNode) and kind.name.value == "Boolean":
                names[declared.variable.name.value] = None
    return tuple(names)


def _parse(text: str) -> DocumentNode:
    try:
        return parse(
            text,
            max_lexical_tokens=MOST_TOKENS,
            max_comments=MOST_COMMENTS,
            max_source_length=LONGEST_DOCUMENT,
        )
    except GraphQLSyntaxError as error:
        stopped = error.message.endswith("Parsing aborted.")
        code = ErrorCode.TOO_COSTLY if stopped else ErrorCode.SYNTAX
        raise DocumentRefused([_with_code(error, code)]) from None


def _coded(rule: type[ASTValidationRule]) -> type[ASTValidationRule]:
    """Return the rule with a code on each of its errors."""
    code = _CODES.get(rule, ErrorCode.SYNTAX)

    def report_error(self: ASTValidationRule, error: GraphQLError) -> None:
        rule.report_error(self, _with_code(error, code))

    return type(rule.__name__, (rule,), {"report_error": report_error})


def _with_code(error: GraphQLError, code: ErrorCode) -> GraphQLError:
    """Put the code on an error that has none."""
    error.extensions = {"code": code.value, **(error.extensions or {})}
    return error


def _code_of(error: GraphQLError) -> ErrorCode:
    """Tell the errors apart that come without a code: validation giving up, and rules that report past theirs."""
    if isinstance(error, ValidationAbortedError):
        return ErrorCode.TOO_COSTLY
    node = error.nodes[0] if error.nodes else None
    return ErrorCode.BAD_ARGUMENT if isinstance(node, ArgumentNode) else ErrorCode.SYNTAX
