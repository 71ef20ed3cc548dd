"""A stand-in for AWS (moto) answers real calls of boto3: each resource ends as one CI that other sources recognise.

Its AWS Config knows buckets alone. For the other resources the items are made here, as AWS Config documents them: the
answer of the service's own describe call with names that begin with small letters.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cmdb.application.runs import RunRequest
from cmdb.desk.access import SYSTEM
from cmdb.model.records import Item
from tests.support.feeds import living, run, seen
from tests.support.loader_answers import bundled_loaders
from tests.support.small_estate import Bench
from tests.support.tools import tool

REGION, ACCOUNT = "eu-west-1", "123456789012"

CALLS = """
import json, sys
import boto3
from botocore.config import Config

def client(name):
    return boto3.client(name, endpoint_url=sys.argv[1], region_name="eu-west-1", aws_access_key_id="x",
                        aws_secret_access_key="y",
                        config=Config(retries={"mode": "standard", "total_max_attempts": 12}))

ec2, s3, rds, elb, config = map(client, ("ec2", "s3", "rds", "elbv2", "config"))
s3.create_bucket(Bucket="till-logs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
config.put_configuration_recorder(ConfigurationRecorder={"name": "all", "roleARN": "arn:aws:iam::123456789012:role/c",
                                                         "recordingGroup": {"allSupported": True}})
network = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
made = [ec2.create_subnet(VpcId=network, CidrBlock=f"10.9.{n}.0/24", AvailabilityZone=f"eu-west-1{zone}")
        for n, zone in enumerate("ab")]
subnets = [one["Subnet"]["SubnetId"] for one in made]
ec2.run_instances(ImageId=ec2.describe_images()["Images"][0]["ImageId"], MinCount=2, MaxCount=2, SubnetId=subnets[0],
                  InstanceType="t3.small")
rds.create_db_instance(DBInstanceIdentifier="till-db", Engine="postgres", DBInstanceClass="db.t3.small",
                       AllocatedStorage=20, MasterUsername="app", MasterUserPassword="kan4rien-vogel")
elb.create_load_balancer(Name="till", Subnets=subnets)
print(json.dumps({
    "AWS::EC2::Instance": [one for row in ec2.describe_instances()["Reservations"] for one in row["Instances"]],
    "AWS::EC2::Subnet": [one for one in ec2.describe_subnets()["Subnets"] if one["VpcId"] == network],
    "AWS::EC2::VPC": [one for one in ec2.describe_vpcs()["Vpcs"] if one["VpcId"] == network],
    "AWS::RDS::DBInstance": rds.describe_db_instances()["DBInstances"],
    "AWS::ElasticLoadBalancingV2::LoadBalancer": elb.describe_load_balancers()["LoadBalancers"],
    "history": config.get_resource_config_history(resourceType="AWS::S3::Bucket", resourceId="till-logs"),
}, default=str))
"""
IDS = {
    "AWS::EC2::Instance": "InstanceId",
    "AWS::EC2::Subnet": "SubnetId",
    "AWS::EC2::VPC": "VpcId",
    "AWS::RDS::DBInstance": "DbiResourceId",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "LoadBalancerArn",
}
Answers = Mapping[str, Any]


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    """What boto3 was answered."""
    program = tool("moto_server", "answers of AWS", "the Python package moto")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        asked = subprocess.run(
            [sys.executable, "-c", CALLS, f"http://127.0.0.1:{port}"],
            check=True,
            capture_output=True,
            text=True,
            timeout=240,
            env=os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
        )
        yield json.loads(asked.stdout)
    finally:
        server.terminate()
        server.wait()


def small(value: object) -> object:
    """Return a describe answer as AWS Config writes it."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: small(part) for name, part in value.items()}
    return [small(part) for part in value] if isinstance(value, list) else value


def relationships(told: Answers) -> list[dict[str, str]]:
    """Return what the resource says that it lies in."""
    zones = [zone["SubnetId"] for zone in told.get("AvailabilityZones", []) if "SubnetId" in zone]
    subnet = [told["SubnetId"]] if "InstanceId" in told else []
    return [
        {"resourceId": key, "resourceType": "AWS::EC2::Subnet", "name": how}
        for how, keys in (("Is contained in Subnet", subnet), ("Is attached to Subnet", zones))
        for key in keys
    ]


def config_item(kind: str, told: Answers) -> dict[str, object]:
    """Return one configuration item of a resource."""
    return {
        "version": "1.3",
        "accountId": ACCOUNT,
        "awsRegion": REGION,
        "configurationItemStatus": "OK",
        "configurationItemCaptureTime": "2026-03-01T10:00:00Z",
        "resourceType": kind,
        "resourceId": told[IDS[kind]],
        "relationships": relationships(told),
        "configuration": json.dumps(small(told)),
    }


async def loaded(path: Path, answers: Answers) -> tuple[Bench, list[Item]]:
    """Load a snapshot of AWS Config and the real answer of its API; return what was described."""
    items = [config_item(kind, told) for kind in IDS for told in answers[kind]]
    snapshot, history = path / "snapshot.json", path / "history.json"
    snapshot.write_text(json.dumps({"fileVersion": "1.0", "configurationItems": items}), encoding="utf-8")
    history.write_text(json.dumps(answers["history"]), encoding="utf-8")
    located = list(bundled_loaders().records("aws-config", [str(snapshot), str(history)]))
    bench = Bench()
    report = await bench.application.load_run(
        SYSTEM, RunRequest(source="aws-config", located=located, complete=False)
    )
    assert report.problems == ()
    return bench, [row.record for row in located if isinstance(row.record, Item) and not row.record.mention]


async def test_each_resource_ends_as_one_ci_of_its_class(tmp_path: Path, answers: Answers) -> None:
    bench, items = await loaded(tmp_path, answers)
    found = {item.key: item.ci_class for item in items}
    classes = ("virtual_machine", "subnet", "virtual_network", "database_instance", "load_balancer")
    for (kind, field), ci_class in zip(IDS.items(), classes, strict=True):
        assert answers[kind]
        for told in answers[kind]:
            assert found[f"{ACCOUNT}/{REGION}/{kind}/{told[field]}"] == ci_class
    assert found[f"{ACCOUNT}/{REGION}/AWS::S3::Bucket/till-logs"] == "object_store"
    assert set(found) <= living(bench)
    assert "kan4rien-vogel" not in repr(bench.graph.rows)


async def test_other_sources_recognise_an_instance_by_its_id(tmp_path: Path, answers: Answers) -> None:
    bench, _ = await loaded(tmp_path, answers)
    for told in answers["AWS::EC2::Instance"]:
        number = told["InstanceId"]
        report = await run(bench, "inventory", seen(number, "virtual_machine", instance_id=number))
        assert report.counts["items.bound"] == 1
        assert number not in living(bench)
