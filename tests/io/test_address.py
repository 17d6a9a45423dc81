"""The guard decides on the dialled address: no spelling, redirect, name or proxy gets around it."""

import asyncio
import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_network

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from ai_catalyst.engine.retry import Retry
from ai_catalyst.errors import UnsafeAddress, UserError
from ai_catalyst.io.address import (
    AddressRefused,
    address_class,
    is_private,
    is_public,
    literal_address,
    named_socket,
    private_socket,
    public_socket,
    resolve,
    resolves_to_private,
    was_refused,
)
from ai_catalyst.io.hop import Allowed
from ai_catalyst.io.http import HttpClient
from ai_catalyst.io.sessions import model_session

ONCE = Retry(attempts=1)
V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6)


def row(host, port=80):
    """A getaddrinfo row for a literal address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    address = (host, port, 0, 0) if ":" in host else (host, port)
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address


class Names(AbstractResolver):
    """A resolver that answers from a table; a list of answers is used up one by one."""

    def __init__(self, **table):
        self.table = table
        self.asked = 0

    async def resolve(self, host, port=0, family=socket.AF_UNSPEC):
        self.asked += 1
        answers = self.table[host.replace(".", "_")]
        hosts = answers.pop(0) if isinstance(answers[0], list) else answers
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
            for address in hosts
        ]

    async def close(self):
        pass


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("1.1.1.1", "public"),
        ("2606:4700:4700::1111", "public"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("::", "unspecified"),
        ("0.1.2.3", "reserved"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("172.32.0.1", "public"),
        ("192.168.1.1", "private"),
        ("fd12:3456::1", "private"),
        ("100.64.0.1", "shared"),
        ("100.128.0.1", "public"),
        ("169.254.1.1", "link_local"),
        ("fe80::1", "link_local"),
        ("fe80::1%eth0", "link_local"),
        ("169.254.169.254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("192.0.2.1", "reserved"),
        ("2001:db8::1", "reserved"),
        ("4000::1", "reserved"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:8.8.8.8", "public"),
        ("::ffff:169.254.169.254", "metadata"),
        ("::127.0.0.1", "reserved"),
        ("2002:7f00:1::", "reserved"),
        ("2002:a9fe:a9fe::", "metadata"),
        ("2002:808:808::", "public"),
        ("64:ff9b::7f00:1", "reserved"),
        ("64:ff9b::a9fe:a9fe", "metadata"),
        ("64:ff9b::808:808", "public"),
        ("64:ff9b:1::808:808", "reserved"),
        ("2001:0:7f00:1::", "reserved"),
        ("2606:4700::5efe:7f00:1", "reserved"),
        ("2606:4700::5efe:808:808", "public"),
    ],
)
def test_each_kind_of_address_is_known(address, kind):
    assert address_class(address) == kind


@given(V4)
def test_an_ipv4_address_means_the_same_mapped_and_is_never_better_when_carried(address):
    kind = address_class(address)
    number = int(address)
    assert address_class(IPv6Address(0xFFFF << 32 | number)) == kind
    for carrier in (0x2002 << 112 | number << 80, int(IPv6Address("64:ff9b::")) | number):
        carried = IPv6Address(carrier)
        assert is_public(carried) == (kind == "public")
        assert not is_private(carried)


@given(V4)
def test_our_public_is_never_wider_than_the_standard_librarys(address):
    if is_public(address):
        assert address.is_global
        assert not address.is_multicast


@given(V6)
def test_our_public_ipv6_is_never_wider_than_the_standard_librarys(address):
    if is_public(address):
        nat64 = address in ip_network("64:ff9b::/96")
        assert address.is_global or address.ipv4_mapped or nat64
        assert not address.is_multicast


@given(V4 | V6)
def test_no_address_is_both_public_and_private(address):
    assert not (is_public(address) and is_private(address))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0X7F.1", "0177.0.0.1", "127.0.0.1."],
)
def test_every_spelling_of_a_number_is_read_as_the_c_library_reads_it(host):
    assert literal_address(host) == IPv4Address("127.0.0.1")


@pytest.mark.parametrize("host", ["localhost", "example.com", "1.2.3.4.5", "999.1", "", "0xg", "."])
def test_a_name_is_no_number(host):
    assert literal_address(host) is None
    assert not is_public(host)
    assert not is_private(host)


def test_a_bracketed_address_is_read():
    assert literal_address("[::1]") == IPv6Address("::1")
    assert is_private("[::1]")


@pytest.mark.parametrize(
    ("factory", "passes", "refused"),
    [
        (
            public_socket,
            ["1.1.1.1", "2606:4700::1"],
            ["127.0.0.1", "10.0.0.1", "::1", "::ffff:10.0.0.1", "127.1", "localhost", ""],
        ),
        (
            private_socket,
            ["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "0.0.0.0", "fe80::1"],
            ["1.1.1.1", "100.64.0.1", "169.254.169.254", "2606:4700::1", "64:ff9b::a00:1"],
        ),
        (
            named_socket(["169.254.170.2", "intranet"]),
            ["127.0.0.1", "10.0.0.1", "1.1.1.1", "100.64.0.1", "169.254.170.2"],
            ["169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255"],
        ),
    ],
)
def test_a_socket_is_made_only_where_it_may_go(factory, passes, refused):
    for host in passes:
        factory(row(host)).close()
    for host in refused:
        with pytest.raises(AddressRefused):
            factory(row(host))


def test_a_socket_that_is_no_internet_socket_is_refused():
    for factory in (public_socket, private_socket, named_socket([])):
        with pytest.raises(AddressRefused):
            factory((socket.AF_UNIX, socket.SOCK_STREAM, 0, "", ("/run/docker.sock",)))
        with pytest.raises(AddressRefused):
            factory((socket.AF_UNIX, socket.SOCK_STREAM, 0, "", ()))


async def test_a_host_is_private_when_every_address_it_has_is():
    assert await resolves_to_private("localhost")
    assert await resolves_to_private("127.1")
    assert await resolves_to_private("192.168.1.20")
    assert not await resolves_to_private("1.1.1.1")
    assert not await resolves_to_private("name.invalid")
    assert not await resolves_to_private("x" * 70 + ".example")


async def test_a_name_with_one_public_address_is_not_private(monkeypatch):
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *asked: [row("10.0.0.1"), row("1.1.1.1"), row("10.0.0.1")]
    )
    assert await resolve("mixed.example") == ["10.0.0.1", "1.1.1.1"]
    assert not await resolves_to_private("mixed.example")


LOOPBACKS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "localhost",
    "0.0.0.0",
    "[::]",
    "[2002:7f00:1::]",
    "[64:ff9b::7f00:1]",
    "127.0.0.1.",
    "localhost.",
    "①②⑦.⓪.⓪.①",
]


@pytest.fixture
async def canary(raw):
    """A server on every loopback address that nobody may reach; gives its port and its count."""
    v4 = await raw(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
    listeners = [v4]

    async def count(reader, writer):
        listeners.append(None)
        writer.close()

    with suppress(OSError):  # a machine without IPv6
        listeners.append(await asyncio.start_server(count, "::1", v4.port))
    yield v4.port, lambda: v4.connections + listeners.count(None)
    for server in listeners:
        if isinstance(server, asyncio.Server):
            server.close()


@pytest.fixture(params=["plain", "proxies set"])
def proxies(request, monkeypatch, canary):
    """The environment with and without proxy variables that point at the canary."""
    if request.param != "plain":
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{canary[0]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)


@pytest.mark.usefixtures("proxies")
@pytest.mark.parametrize("host", LOOPBACKS)
async def test_no_spelling_of_loopback_is_dialled_directly(canary, host):
    port, reached = canary
    async with HttpClient(retry=ONCE) as client:
        with pytest.raises(aiohttp.ClientError) as caught:
            await client.get(f"http://{host}:{port}/")
    if host not in {"localhost.", "①②⑦.⓪.⓪.①"}:  # which not every machine can resolve
        assert isinstance(caught.value, UnsafeAddress)
    assert reached() == 0


@pytest.mark.usefixtures("proxies")
@pytest.mark.parametrize("host", LOOPBACKS)
async def test_no_spelling_of_loopback_is_reached_by_a_redirect(
    canary, host, serve, public_by_decree
):
    port, reached = canary
    seen = []

    async def lure(request):
        seen.append(1)
        raise web.HTTPFound(f"http://{host}:{port}/")

    url = await serve({"/": lure}, host=public_by_decree)
    async with HttpClient(retry=ONCE) as client:
        with pytest.raises(aiohttp.ClientError):
            await client.get(url)
    assert reached() == 0
    assert seen


@pytest.mark.usefixtures("proxies")
@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "127.1"]
)
async def test_no_name_that_means_loopback_is_dialled(canary, address):
    port, reached = canary
    async with HttpClient(resolver=Names(evil_example=[address]), retry=ONCE) as client:
        with pytest.raises(aiohttp.ClientError):
            await client.get(f"http://evil.example:{port}/")
    assert reached() == 0


@pytest.mark.usefixtures("proxies")
async def test_a_name_that_turns_to_loopback_between_two_requests_is_refused(
    canary, serve, public_by_decree, monkeypatch
):
    port, reached = canary

    async def page(request):
        return web.Response(text="fine", headers={"Connection": "close"})

    url = await serve({"/": page}, host=public_by_decree)
    resolver = Names(evil_example=[[public_by_decree], ["127.0.0.1"]])
    async with HttpClient(resolver=resolver, retry=ONCE) as client:
        host = url.replace(public_by_decree, "evil.example")
        assert (await client.get(host)).text == "fine"
        with pytest.raises(UnsafeAddress):
            await client.get(f"http://evil.example:{port}/")
    assert resolver.asked == 2
    assert reached() == 0


async def test_of_a_names_addresses_only_the_public_ones_are_dialled(
    canary, serve, public_by_decree
):
    async def page(request):
        return web.Response(text="fine")

    url = await serve({"/": page}, host=public_by_decree)
    resolver = Names(mixed_example=["127.0.0.1", "::1", public_by_decree])
    async with HttpClient(resolver=resolver, retry=ONCE) as client:
        answer = await client.get(url.replace(public_by_decree, "mixed.example"))
    assert answer.text == "fine"


async def test_a_host_allowed_by_name_is_reached_and_no_other(raw):
    server = await raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    resolver = Names(intranet=["127.0.0.1"], other=["127.0.0.1"])
    async with HttpClient(resolver=resolver, allow_hosts=["Intranet"], retry=ONCE) as client:
        assert (await client.get(f"http://intranet:{server.port}/")).text == "hi"
        for host in ("other", "127.0.0.1"):
            with pytest.raises(UnsafeAddress):
                await client.get(f"http://{host}:{server.port}/")
    assert server.connections == 1


async def test_a_host_allowed_for_one_port_is_not_for_another(raw):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    one, other = await raw(answer), await raw(answer)
    async with HttpClient(allow_hosts=[f"127.0.0.1:{one.port}"], retry=ONCE) as client:
        assert (await client.get(one.url)).text == "hi"
        with pytest.raises(UnsafeAddress):
            await client.get(other.url)
    assert other.connections == 0


@pytest.mark.parametrize(
    ("name", "allowed", "not_allowed"),
    [
        ("Intranet", "http://intranet:99/x", "http://intranet.example.com/"),
        (" intranet:80 ", "http://intranet/", "https://intranet/"),
        ("intranet:443", "https://intranet/", "http://intranet/"),
        ("::1", "http://[::1]:99/", "http://[::2]/"),
        ("[::1]:8080", "http://[::1]:8080/", "http://[::1]/"),
        ("bücher.example", "http://xn--bcher-kva.example/", "http://bucher.example/"),
    ],
)
def test_a_host_is_allowed_as_it_is_written(name, allowed, not_allowed):
    hosts = Allowed([name])
    assert URL(allowed) in hosts
    assert URL(not_allowed) not in hosts


@pytest.mark.parametrize("name", ["", "http://intranet", "intranet/x", "*.corp", "a b", "x:y:z"])
def test_what_is_no_host_cannot_be_allowed(name):
    with pytest.raises(UserError, match="not a host"):
        HttpClient(allow_hosts=[name])


async def test_a_link_in_a_file_leads_to_no_private_address(raw):
    server = await raw()
    async with HttpClient(allow_hosts=["127.0.0.1"], retry=ONCE) as client:
        for origin in ("/home/jane/page.html", "page.html", "http://[", "file:///page.html"):
            with pytest.raises(UnsafeAddress):
                await client.get(server.url, origin=origin)
    assert server.connections == 0


async def test_an_allowed_host_may_not_mean_cloud_metadata():
    resolver = Names(intranet=["169.254.169.254"])
    async with HttpClient(resolver=resolver, allow_hosts=["intranet"], retry=ONCE) as client:
        with pytest.raises(UnsafeAddress):
            await client.get("http://intranet/latest/meta-data/")


async def test_a_redirect_or_link_from_another_host_never_leads_to_an_allowed_one(
    raw, serve, public_by_decree
):
    inside = await raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    async def lure(request):
        raise web.HTTPFound(f"{inside.url}/admin")

    outside = await serve({"/": lure}, host=public_by_decree)
    async with HttpClient(allow_hosts=["127.0.0.1"], retry=ONCE) as client:
        # A pooled connection to the allowed host must not be found by the redirect either.
        assert (await client.get(inside.url)).text == "hi"
        with pytest.raises(UnsafeAddress):
            await client.get(outside)
        with pytest.raises(UnsafeAddress):
            await client.get(f"{inside.url}/admin", origin=f"{outside}/page")
        assert len(inside.requests) == 1
        assert (await client.get(f"{inside.url}/b", origin=inside.url)).text == "hi"


async def test_an_allowed_host_may_redirect_to_itself_and_to_the_public(serve, public_by_decree):
    async def page(request):
        return web.Response(text="fine")

    outside = await serve({"/": page}, host=public_by_decree)

    async def away(request):
        raise web.HTTPFound(outside)

    async def around(request):
        raise web.HTTPFound("/away")

    inside = await serve({"/away": away, "/around": around})
    async with HttpClient(allow_hosts=["127.0.0.1"], retry=ONCE) as client:
        answer = await client.get(f"{inside}/around")
    assert answer.text == "fine"
    assert [status for status, _ in answer.redirects] == [302, 302]


async def test_a_private_endpoint_that_turns_public_is_refused_before_a_byte_is_sent(raw):
    server = await raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    session = model_session(private=True)
    async with session:
        async with session.post(server.url, data=b"private text") as answer:
            assert await answer.read() == b"hi"
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.post("http://192.0.2.1/", data=b"private text")
        assert was_refused(caught.value)
    assert not was_refused(ValueError("another reason"))
