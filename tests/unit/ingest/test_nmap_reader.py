from io import BytesIO

import pytest

from cmdb.errors import ErrorCode, InvalidInput
from cmdb.ingest.nmap_reader import read_nmap

HOST = (
    '<host><status state="up"/><address addr="192.0.2.1" addrtype="ipv4"/>'
    '<hostnames><hostname name="h" type="PTR"/></hostnames>'
    '<ports><port protocol="tcp" portid="80"><state state="open"/><service name="http"/></port></ports>'
    '<os><osmatch name="Linux" accuracy="99"/></os></host>'
)
END = '<runstats><finished exit="success"/></runstats></nmaprun>'


def read(content: str) -> tuple[object, list[str]]:
    remarks: list[str] = []
    (document,) = read_nmap(BytesIO(content.encode()), "s.xml", remarks.append)
    return document.value, remarks


def test_a_host_keeps_what_identifies_it_and_its_ports() -> None:
    value, remarks = read(f"<nmaprun>{HOST}{END}")
    assert value == {
        "hosts": [
            {
                "status": {"state": "up"},
                "addresses": [{"addr": "192.0.2.1", "addrtype": "ipv4"}],
                "hostnames": [{"name": "h", "type": "PTR"}],
                "ports": [
                    {
                        "protocol": "tcp",
                        "portid": "80",
                        "state": {"state": "open"},
                        "service": {"name": "http"},
                    }
                ],
                "os": [{"name": "Linux", "accuracy": "99"}],
            }
        ]
    }
    assert remarks == []


def test_a_scan_without_hosts_is_no_fault() -> None:
    assert read(f"<nmaprun>{END}") == ({"hosts": []}, [])


@pytest.mark.parametrize(
    "content",
    [
        f"<nmaprun>{HOST}<host><status",
        f"<nmaprun>{HOST}<host><address addr='192.0.2.2'/>",
        f"<nmaprun>{HOST}</nmaprun>",
        f'<nmaprun>{HOST}<runstats><finished exit="error"/></runstats></nmaprun>',
    ],
)
def test_a_scan_that_was_broken_off_gives_its_complete_hosts_and_says_so(content: str) -> None:
    value, remarks = read(content)
    assert isinstance(value, dict)
    assert len(value["hosts"]) == 1
    assert len(remarks) == 1
    assert "did not finish" in remarks[0]


@pytest.mark.parametrize("content", ["<root/>", "<nmaprun>", "", "<nmaprun><host></nmaprun>"])
def test_what_is_no_scan_is_refused(content: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(content)
    assert caught.value.code is ErrorCode.SYNTAX
