"""The settings of the sink for Azure Key Vault: nobody is asked for anything here."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.stores.azure_keyvaults import Offline
from voxmint.testing.sink_contract import errors_of

HOSTS = [
    ("clinic-speech", "clinic-speech.vault.azure.net"),
    ("Clinic-Speech", "clinic-speech.vault.azure.net"),
    ("https://clinic-speech.vault.azure.cn", "clinic-speech.vault.azure.cn"),
    ("https://clinic-speech.vault.usgovcloudapi.net/", "clinic-speech.vault.usgovcloudapi.net"),
]


@pytest.mark.parametrize(("vault", "host"), HOSTS)
def test_a_vault_in_the_project_counts_where_the_operator_allows_it(
    tmp_path: Path, vault: str, host: str
) -> None:
    offline = Offline(tmp_path, vault=vault)
    [problem] = offline.sink("clinic").settled()
    assert (problem.code, str(problem.facts["host"])) == ("store-host-refused", host)
    assert errors_of(offline.sink("clinic")) == [problem]
    offline.around["allow_hosts"] = (host,)
    assert list(offline.sink("clinic").settled()) == []
    offline.around["allow_hosts"] = ()
    offline.environ["AZURE_KEYVAULT_URL"] = f"https://{host}/"
    assert list(offline.sink("clinic").settled()) == []
    assert offline.sink("clinic").address.startswith(f"{host} ")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "no vault is named: AZURE_KEYVAULT_URL"),
        ("http://clinic.vault.azure.net", "not https://"),
        ("https://clinic.vault.azure.net/secrets", "not https://"),
        ("clinic", "not https://"),
    ],
)
def test_without_a_vault_it_says_which_variable_is_missing(
    tmp_path: Path, url: str | None, said: str
) -> None:
    offline = Offline(tmp_path)
    offline.environ |= {"AZURE_KEYVAULT_URL": url} if url else {}
    [problem] = errors_of(offline.sink("clinic"))
    assert problem.code == "store-unreachable"
    assert said in problem.message


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"vault": "https://user@clinic.vault.azure.net"}, "store-url-malformed"),
        ({"name": "tokens/{profile}"}, "store-name-invalid"),
        ({"name": "{profile}-VOXMINT-staged"}, "store-name-invalid"),
        ({"name": "t" * 107 + "{profile}"}, "store-name-invalid"),
        ({"names": {"profiles": {"clinic": "WARD-7"}}}, "store-name-clash"),
    ],
)
def test_wrong_settings_are_told_from_files_alone(
    tmp_path: Path, settings: dict[str, Any], code: str
) -> None:
    found = Offline(tmp_path, **settings).sink("clinic", "ward/7").flaws()
    assert {one.code for one in found} == {code}


@pytest.mark.parametrize(("lifetime", "codes"), [(600, ["store-often"]), (7200, []), (None, [])])
def test_a_secret_written_too_often_is_told_before_it_is_night(
    tmp_path: Path, lifetime: int | None, codes: list[str]
) -> None:
    offline = Offline(tmp_path)
    offline.around["lifetimes"] = {"clinic": lifetime} if lifetime else {}
    assert [one.code for one in offline.sink("clinic").settled()] == codes


@pytest.mark.parametrize(("profiles", "tags"), [(220, 1), (220, 2), (243, 0)])
def test_too_many_profiles_for_the_tags_of_one_secret_are_told_before_it_is_night(
    tmp_path: Path, profiles: int, tags: int
) -> None:
    settings = {"name": "v-{environment}", "tags": {f"t{number}": "x" for number in range(tags)}}
    names = [f"ward/{number}" for number in range(profiles)]
    found = list(Offline(tmp_path, **settings).sink(*names).flaws())
    told = [problem for problem in found if "16 tags" in problem.message]
    assert len(told) == ((profiles, tags) != (220, 1))


@pytest.mark.parametrize(
    "settings",
    [
        {"vault": "no"},
        {"vault": "evil.example"},
        {"vault": "1clinic"},
        {"vault": "clinic--speech"},
        {"vault": "http://clinic.vault.azure.net"},
        {"vault": "https://clinic.vault.azure.net/secrets"},
        {"payload": "token", "name": "voxmint"},
        {"tags": {"managed-by": "me"}},
        {"tags": {"voxmint-profile": "me"}},
        {"tags": {"t": "x" * 257}},
        {"tags": {f"t{number}": "x" for number in range(9)}},
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Offline(tmp_path, **settings).sink("clinic")
