"""The list of what the service is made of is whole, and a check that did not run is never told as passed."""

import json

from tests.audit import LOCKED, NOT_RUN, components, judged, sbom


def test_every_locked_package_is_in_the_list_with_its_hashes() -> None:
    listed = sbom()["components"]
    pinned = [
        line.partition("==")[0] for line in LOCKED.read_text().splitlines() if "==" in line.split(";")[0]
    ]
    assert [each["name"] for each in listed] == pinned
    assert len(listed) > 40
    assert all(each["hashes"] for each in listed)
    assert len({each["bom-ref"] for each in listed}) == len(listed)


def test_a_package_for_some_machines_says_which() -> None:
    [one] = components("pysqlite3==0.6.1 ; sys_platform == 'linux' \\\n    --hash=sha256:" + "a" * 64)
    assert one["purl"] == "pkg:pypi/pysqlite3@0.6.1"
    assert one["properties"] == [{"name": "only where", "value": "sys_platform == 'linux'"}]


def test_an_audit_that_could_not_ask_is_told_as_not_run() -> None:
    for told, code in (("", 1), ("No known vulnerabilities found", 0), ('{"dependencies": []}', 0)):
        assert judged(told, code)[0].startswith(NOT_RUN), told
    skipped = {"dependencies": [{"name": "one", "skip_reason": "unreachable"}]}
    assert judged(json.dumps(skipped), 0) == (f"{NOT_RUN} for one", False)
    whole = {"dependencies": [{"name": "one", "version": "1", "vulns": []}]}
    assert judged(json.dumps(whole), 0) == ("pip-audit: no known fault in 1 packages", False)
    whole["dependencies"][0]["vulns"] = [{"id": "CVE-1"}]
    assert judged(json.dumps(whole), 1) == ("pip-audit: 1 known faults: one 1: CVE-1", True)
