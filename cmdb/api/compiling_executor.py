"""Executes operations as graphql-core does, with the objects below the roots read by compiled functions."""

from asyncio import gather
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from graphql import GraphQLObjectType
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path
from graphql.type import GraphQLResolveInfo

from cmdb.api.document_gate import Prepared
from cmdb.api.selection_compiler import Compiled, Reading, compile_selection

KEPT_PLANS = 256
Position = tuple[str | None, ...]


class Plan:
    """What is compiled of one operation under one choice of `@skip` and `@include`, once it is asked again."""

    def __init__(self) -> None:
        """Start with nothing compiled."""
        self._compiled: dict[tuple[str, Position], Compiled | None] = {}
        self.asked = False

    def find(
        self, executor: Executor[None], kind: GraphQLObjectType, details: FieldDetailsList, path: Path
    ) -> Compiled | None:
        """Return the function for objects at this place; None where there can be none."""
        key = kind.name, _position(path)
        if key not in self._compiled:
            try:
                self._compiled[key] = compile_selection(executor.collect_subfields, kind, details)
            except Exception:  # noqa: BLE001  graphql-core meets it again, and says where
                self._compiled[key] = None
        return self._compiled[key]


class Plans:
    """The plans of the operations asked last."""

    def __init__(self, kept: int = KEPT_PLANS) -> None:
        """Keep that many."""
        self._find = lru_cache(maxsize=kept)(lambda *_key: Plan())

    def find(self, prepared: Prepared, executor: Executor[None]) -> Plan | None:
        """Return the plan for an operation and the values of its choices; None when it is asked for the first time."""
        given, name = executor.variable_values.coerced, executor.operation.name
        plan = self._find(prepared, name and name.value, tuple(map(given.get, prepared.choices)))
        # Compiling costs as much as some answers: a document that is asked once does not pay for it.
        again, plan.asked = plan.asked, True
        return plan if again else None


class CompilingExecutor(Executor[None]):
    """graphql-core's executor, but for objects that a compiled function can read.

    A function that declines has changed nothing: the object is read again by graphql-core, and so is all that
    follows in the request, so that no part is tried more than twice.
    """

    def __init__(self, *given: Any, prepared: Prepared, plans: Plans, **named: Any) -> None:  # noqa: ANN401
        """Find the plan for the operation."""
        super().__init__(*given, **named)
        self._plan = plans.find(prepared, self)

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,  # noqa: ANN401
        position_context: None,
    ) -> Any:  # noqa: ANN401
        """Complete an object, by a compiled function if there is one."""
        plan = self._plan
        compiled = plan.find(self, return_type, field_details_list, path) if plan else None
        plain = partial(
            super().complete_object_value,
            return_type,
            field_details_list,
            info,
            path,
            result,
            position_context,
        )
        if compiled is None:
            return plain()
        reading = Reading(self.context_value)
        try:
            built = compiled(result, reading)
        except Exception:  # noqa: BLE001  whatever it is, graphql-core meets it again and reports it in its place
            return self._decline(reading, plain)
        return self._fill(built, reading, plain) if reading.awaited else built

    async def _fill(self, built: dict[str, Any], reading: Reading, plain: Callable[[], Any]) -> Any:  # noqa: ANN401
        try:
            while reading.awaited:
                awaited, reading.awaited = reading.awaited, []
                values = await gather(*(value for value, *_ in awaited))
                for value, (_, into, name, complete) in zip(values, awaited, strict=True):
                    into[name] = complete(value, reading)
        except Exception:  # noqa: BLE001  as above
            found = self._decline(reading, plain)
            return await found if self.is_awaitable(found) else found
        return built

    def _decline(self, reading: Reading, plain: Callable[[], Any]) -> Any:  # noqa: ANN401
        self._plan = None
        if reading.awaited:
            self.settle_in_background([value for value, *_ in reading.awaited])
        return plain()


def _position(path: Path) -> Position:
    """Return the response names that lead there with the types that have them, without the places in lists."""
    # Below an interface one name stands for different selections, so names alone would mix them up.
    steps: list[str | None] = []
    at: Path | None = path
    while at is not None:
        if isinstance(at.key, str):
            steps += (at.typename, at.key)
        at = at.prev
    return tuple(steps)
