"""What trying a loader found: counted as a whole, shown in part."""

from typing import Any

from rich.console import Console

from cmdb.cli.loader_trial import Trial, show_trial
from cmdb.errors import ErrorCode, InvalidInput, Place
from cmdb.ingest.records import encode
from cmdb.ingest.trial import Made, Tried
from cmdb.metamodel import read_metamodel
from cmdb.model.records import Dependency, EntryRecord, Item
from cmdb.model.redundancy import RedundancyGroup
from cmdb.resources import folder

METAMODEL = read_metamodel(folder("schema"))
PLACE = Place("in.json", 3)
REMARK = Made(value={"kind": "remark", "text": "Odd."}, place=PLACE)


def made(record: EntryRecord) -> Made:
    return Made(value=encode(record), place=PLACE, record=record)


def server(key: str, **fields: Any) -> Item:
    return Item(key=key, ci_class="server", name=key, **fields)


def report(*documents: Tried, limit: int = 10) -> dict[str, Any]:
    trial = Trial("mine", ["mine", "other"], limit, METAMODEL)
    for document in documents:
        trial.add(document)
    return trial.report()


def tried(*rows: Made, document: object = None, fault: InvalidInput | None = None) -> Tried:
    return Tried(document=document, place=PLACE, made=rows, fault=fault)


def needs(provider: str, **fields: Any) -> Dependency:
    return Dependency(consumer="a", verb="USES", provider=provider, **fields)


def test_all_is_counted_and_the_first_few_are_kept() -> None:
    documents = [tried(made(server(f"s{n}")), document={"n": n}) for n in range(5)]
    told = report(*documents, limit=2)
    assert told["counts"] == {"documents": 5, "item": 5}
    assert [row["key"] for row in told["records"]] == ["s0", "s1"]
    assert [row["document"] for row in told["documents"]] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert (told["loader"], told["recognised"], told["faults"]) == ("mine", ["mine", "other"], [])


def test_mentions_are_counted_apart_and_take_nothing_from_a_description() -> None:
    groups = (RedundancyGroup(name="wan", need_up=1),)
    mention = Item(key="a", ci_class="server", name="a", mention=True)
    rows = [made(server("a", groups=groups)), made(mention), made(server("b")), made(needs("b", group="wan"))]
    told = report(tried(*rows))
    assert told["counts"] == {"documents": 1, "item": 2, "mention": 1, "dependency": 1}
    assert told["faults"] == []


def test_a_reference_to_another_input_is_no_fault_and_an_unknown_group_is_one() -> None:
    away = report(tried(made(server("a")), made(needs("elsewhere"))))
    assert away["faults"] == []
    assert away["counts"]["references to other inputs"] == 1
    wrong = report(tried(made(server("a")), made(server("b")), made(needs("b", group="nothing"))))
    (fault,) = wrong["faults"]
    assert (fault["code"], wrong["counts"]["faults"]) == ("UNKNOWN_GROUP", 1)
    assert fault["record"]["group"] == "nothing"


def test_what_the_declarations_refuse_is_a_fault_with_its_place_and_record() -> None:
    (fault,) = report(tried(made(Item(key="a", ci_class="rooter", name="a"))))["faults"]
    assert (fault["code"], fault["record"]["class"]) == ("UNKNOWN_CLASS", "rooter")
    assert fault["place"].startswith("in.json:3, record a")
    assert fault["hint"]


def test_documents_and_rows_that_failed_are_faults_too() -> None:
    failed = InvalidInput(ErrorCode.MAPPING_FAILED, "It failed.", hint="Look.", place=PLACE)
    nameless = InvalidInput(ErrorCode.MISSING_FIELD, "No key.", place=PLACE)
    row = Made(value={"kind": "item"}, place=PLACE, fault=nameless)
    told = report(tried(fault=failed), tried(row))
    assert [fault["code"] for fault in told["faults"]] == ["MAPPING_FAILED", "MISSING_FIELD"]
    assert [fault["record"] for fault in told["faults"]] == [None, {"kind": "item"}]
    assert told["counts"] == {"documents": 2, "faults": 2}


def test_every_fault_is_counted_and_twenty_are_kept() -> None:
    told = report(tried(*[made(Item(key=f"k{n}", ci_class="rooter", name="a")) for n in range(25)]))
    assert (told["counts"]["faults"], len(told["faults"])) == (25, 20)


def test_a_remark_is_told_once() -> None:
    told = report(tried(REMARK, REMARK))
    assert (told["remarks"], told["counts"]) == (["Odd."], {"documents": 1})


def test_a_long_document_is_cut_where_people_read_it() -> None:
    told = report(tried(made(server("a")), REMARK, document="x" * 5000))
    console = Console(width=100, highlight=False, markup=False)
    with console.capture() as shown:
        for part in show_trial(told):
            console.print(part)
    lines = shown.get()
    assert "loader mine, recognised among mine, other" in lines
    assert "… 5002 characters" in lines
    assert lines.count("x") < 2100
    assert "note: Odd." in lines
    assert "document at in.json:3" in lines
