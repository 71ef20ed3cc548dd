"""What an event remembers of its steps: enough to undo their order, and no more than a bound."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.desk.episode import Step, advance
from cmdb.desk.step_memory import KEPT, TEXTS, StepMemory, read_memory

STEPS = st.builds(
    Step,
    sequence=st.integers(-1, 2),
    at=st.integers(0, 2**52),
    cleared=st.booleans(),
    severity=st.integers(0, 4),
    mark=st.text("abcdef0123456789~", min_size=1, max_size=6),
    name=st.text("abcdef0123456789", min_size=1, max_size=6),
    direction=st.sampled_from(["error", "starvation", "local"]),
    unknown=st.booleans(),
    repeat_seconds=st.none() | st.integers(1, 600),
)
UNIQUE = st.lists(STEPS, min_size=1, max_size=2 * KEPT, unique_by=(lambda s: s.order, lambda s: s.name))


def plain(at: int, **fields: object) -> Step:
    made = Step(
        sequence=-1,
        at=at,
        cleared=False,
        severity=2,
        mark=f"{at:04d}",
        name=f"{at:04d}",
        direction="error",
        unknown=False,
        repeat_seconds=None,
    )
    return made._replace(**fields)  # type: ignore[arg-type]


def remembered(*steps: Step) -> StepMemory:
    memory = StepMemory()
    for step in steps:
        memory.take(step)
    return memory


@settings(max_examples=40)
@given(UNIQUE, st.data())
def test_what_is_written_is_read_again_and_goes_on_alike(steps: list[Step], data: st.DataObject) -> None:
    memory = StepMemory()
    said = data.draw(st.lists(st.sets(st.sampled_from(TEXTS)), min_size=len(steps), max_size=len(steps)))
    for step, names in zip(steps, said, strict=True):
        memory.take(step)
        for name in sorted(names):
            memory.says(name, step.order)
    again = read_memory(memory.write())
    assert again == memory
    assert (again.write(), again.episode()) == (memory.write(), memory.episode())
    later = data.draw(STEPS)
    assert again.take(later) is memory.take(later)
    assert again == memory


@settings(max_examples=40)
@given(UNIQUE.filter(lambda steps: len(steps) <= KEPT), st.randoms(use_true_random=False))
def test_order_and_repeats_decide_nothing_while_all_steps_are_kept(
    steps: list[Step], chance: random.Random
) -> None:
    arriving = [*steps, *chance.sample(steps, len(steps) // 2)]
    chance.shuffle(arriving)
    memory = remembered(*arriving)
    assert memory == remembered(*sorted(steps, key=lambda step: step.order))
    expected = None
    for step in sorted(steps, key=lambda step: step.order):
        expected = advance(expected, step)
    assert memory.episode() == expected


def test_the_oldest_step_becomes_part_of_the_base_and_is_not_taken_again() -> None:
    memory = remembered(*(plain(at) for at in range(KEPT + 3)))
    assert [step.at for step in memory.steps] == list(range(3, KEPT + 3))
    assert memory.floor == plain(2).order
    assert memory.base is not None
    assert memory.base.told == 3
    before = memory.write()
    assert not memory.take(plain(2))
    assert not memory.take(plain(1, mark="zzzz", name="new"))
    assert memory.write() == before
    assert memory.take(plain(2, mark="zzzz", name="just above the floor"))


def test_one_step_under_one_name_the_later_content_stands() -> None:
    first, second = plain(1, name="id"), plain(4, name="id", severity=4)
    for arriving in ((first, second), (second, first)):
        memory = remembered(*arriving)
        assert memory.steps == [second]
    memory = remembered(second)
    assert (memory.take(second), memory.take(first)) == (False, False)


def test_the_latest_step_that_says_anything_has_the_last_word_on_a_text() -> None:
    memory = remembered(plain(1), plain(5))
    assert memory.says("summary", plain(1).order)
    assert memory.says("summary", plain(5).order)
    assert not memory.says("summary", plain(5).order)
    assert not memory.says("summary", plain(3).order)
    assert memory.says("link", plain(3).order)


def test_no_step_is_no_episode() -> None:
    with pytest.raises(ValueError, match="without a step"):
        StepMemory().episode()
