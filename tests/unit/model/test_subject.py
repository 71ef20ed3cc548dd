"""A subject as one line: the same for equal subjects, another for others."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cmdb.model.subject import Subject

WORDS = st.text(st.characters(categories=["L", "N"]), max_size=4)
LABELS = st.dictionaries(WORDS.filter(bool).map("x_{}".format), WORDS.filter(bool), max_size=4)
SUBJECTS = st.builds(
    Subject, reference=WORDS, host=WORDS, address=WORDS, part=WORDS, service=WORDS, labels=LABELS
)


@settings(max_examples=50)
@given(LABELS, st.randoms(use_true_random=False))
def test_the_order_of_labels_changes_nothing(labels: dict[str, str], chance: object) -> None:
    names = list(labels)
    chance.shuffle(names)  # type: ignore[attr-defined]
    shuffled = Subject(host="h", labels={name: labels[name] for name in names})
    assert shuffled.text == Subject(host="h", labels=labels).text


@settings(max_examples=80)
@given(SUBJECTS, SUBJECTS)
def test_subjects_of_plain_words_share_a_line_only_when_they_are_equal(one: Subject, other: Subject) -> None:
    assert (one.text == other.text) is (one == other)


@settings(max_examples=80)
@given(SUBJECTS)
def test_a_part_is_another_subject_than_its_host_and_one_line_says_it(subject: Subject) -> None:
    moved = Subject(
        reference=subject.reference,
        host=subject.part,
        part=subject.host,
        address=subject.address,
        service=subject.service,
        labels=subject.labels,
    )
    assert (moved.text == subject.text) is (subject.host == subject.part)
    assert "\n" not in subject.text


TRICKY = st.text(st.sampled_from(',="ax'), max_size=5)
AWKWARD = st.builds(
    Subject,
    reference=TRICKY,
    host=TRICKY,
    service=TRICKY,
    labels=st.dictionaries(TRICKY.map("x_{}".format), TRICKY.filter(bool), max_size=2),
)


@settings(max_examples=300)
@given(AWKWARD, AWKWARD)
def test_no_mark_within_a_word_makes_two_subjects_one(one: Subject, other: Subject) -> None:
    assert (one.text == other.text) is (one == other)


def test_words_that_look_like_other_parts_are_told_apart() -> None:
    assert Subject(reference="host=a").text != Subject(host="a").text
    assert Subject(host="a,part=b").text != Subject(host="a", part="b").text
    assert Subject(host="db-1.example.org", part="eth0").text == "host=db-1.example.org,part=eth0"
