"""The inbox for those who run the service: how it stands, and what could not be applied."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from cmdb.api.arguments import PageSize, check_size
from cmdb.api.context import Info
from cmdb.api.declaring import answered, derived
from cmdb.api.user_errors import EXPECTED, UserError, describe
from cmdb.api.vocabulary import LetterState
from cmdb.ports import intake


@strawberry.type(description="What one source has waiting.")
class Backlog:
    """Mirrors `cmdb.ports.intake.Backlog`."""

    source: str = strawberry.field(description="The source.")
    deliveries: int = strawberry.field(description="How many deliveries wait.")
    size: float = strawberry.field(description="Their bytes.")
    oldest: datetime = strawberry.field(description="When the first of them came.")


@strawberry.type(
    description="How the inbox stands; counts since the server started, but for what waits or is dead."
)
class InboxState:
    """Mirrors `cmdb.ports.intake.InboxState`."""

    waiting: int = strawberry.field(description="Deliveries on disk that are not applied yet.")
    size: float = strawberry.field(description="Their bytes.")
    full: float = strawberry.field(
        description="The used part of its room, 0 to 1; at 1 deliveries are refused."
    )
    accepted: int = strawberry.field(description="Deliveries taken in.")
    duplicates: int = strawberry.field(description="Deliveries that repeated another one.")
    applied: int = strawberry.field(description="Deliveries brought into the graph.")
    dead: int = strawberry.field(description="Dead letters that wait for a decision.")
    backlogs: list[Backlog] = strawberry.field(description="What waits, by source, the longest wait first.")


def _text(root: strawberry.Parent[intake.DeadLetter]) -> str:
    return root.text.decode("utf-8", "replace")


@strawberry.type(description="A record, or a delivery that yields none, that could not be applied.")
class DeadLetter:
    """Mirrors `cmdb.ports.intake.DeadLetter`."""

    number: int = strawberry.field(description="Its number; ask for what follows with `after`.")
    delivery: int = strawberry.field(description="The receipt of the delivery that brought it.")
    loader: str = strawberry.field(description="The loader that reads its text.")
    source: str = strawberry.field(description="Who asserted it.")
    at: datetime = strawberry.field(description="When it was set aside.")
    code: str = strawberry.field(description="Why, as a stable code.")
    message: str = strawberry.field(description="What was found.")
    hint: str = strawberry.field(description="What to do next.")
    place: str = strawberry.field(description="Where in the delivery it stands.")
    state: LetterState = strawberry.field(description="What became of it.")
    text: str = derived(_text, "What to send again once it is mended.")


@strawberry.type(description="What became of a decision on a dead letter.")
class DeadLetterPayload:
    """The receipt of a replay, or why nothing was done."""

    revision: int = strawberry.field(
        default=0, description="0: deciding writes nothing to the graph; a replay does when it is applied."
    )
    receipt: str | None = strawberry.field(
        default=None, description="Number in the inbox, when it was replayed."
    )
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why nothing was done, when nothing was."
    )


@strawberry.input(description="A dead letter to give up.")
class DiscardDeadLetterInput:
    """Which one."""

    number: int = strawberry.field(description="Its number.")


@strawberry.input(description="A dead letter to put back into the inbox.")
class ReplayDeadLetterInput:
    """Which one, and its mended text."""

    number: int = strawberry.field(description="Its number.")
    text: str | None = strawberry.field(default=None, description="Its text, mended; default: as it is.")


Number = Annotated[int, strawberry.argument(description="Number of a dead letter.")]


@strawberry.type
class InboxQuestions:
    """Root fields about the inbox."""

    @answered(InboxState | None, "How does the inbox of this server stand?")
    async def inbox(self, info: Info) -> intake.InboxState:
        """Ask it."""
        return await info.context.application.reception.state(info.context.principal)

    @answered(list[DeadLetter] | None, "What could not be applied, oldest first?")
    async def dead_letters(
        self,
        info: Info,
        *,
        state: Annotated[LetterState, strawberry.argument(description="Which ones.")] = LetterState.DEAD,
        first: PageSize = 20,
        after: Annotated[int, strawberry.argument(description="Only letters with greater numbers.")] = 0,
    ) -> Sequence[intake.DeadLetter]:
        """List letters."""
        reception = info.context.application.reception
        return await reception.letters(info.context.principal, state, after, check_size(first))

    @answered(DeadLetter | None, "What does this dead letter say?")
    async def dead_letter(self, info: Info, number: Number) -> intake.DeadLetter:
        """Show one."""
        return await info.context.application.reception.letter(info.context.principal, number)


@strawberry.type
class InboxMutations:
    """Root fields that decide on dead letters."""

    @answered(DeadLetterPayload, "Put a dead letter back into the inbox.")
    async def replay_dead_letter(
        self,
        info: Info,
        input: Annotated[ReplayDeadLetterInput, strawberry.argument(description="Which one.")],
    ) -> DeadLetterPayload:
        """Replay one."""
        mended = None if input.text is None else input.text.encode()
        reception = info.context.application.reception
        try:
            receipt = await reception.replay(info.context.principal, input.number, mended)
        except EXPECTED as error:
            return DeadLetterPayload(user_errors=[describe(error)])
        return DeadLetterPayload(receipt=str(receipt.number))

    @answered(DeadLetterPayload, "Give a dead letter up.")
    async def discard_dead_letter(
        self,
        info: Info,
        input: Annotated[DiscardDeadLetterInput, strawberry.argument(description="Which one.")],
    ) -> DeadLetterPayload:
        """Discard one."""
        try:
            await info.context.application.reception.discard(info.context.principal, input.number)
        except EXPECTED as error:
            return DeadLetterPayload(user_errors=[describe(error)])
        return DeadLetterPayload()
