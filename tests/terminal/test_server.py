"""The server on a real socket, with real clients."""

from __future__ import annotations

import asyncio
import getpass
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from bot.messenger import Card
from bot.terminal import wire
from bot.terminal.client import connect
from bot.terminal.outbox import MOST_FRAMES, Outbox, Overflow
from runner.errors import NoDaemon, StorageError
from runner.model import Image
from tests.terminal.cards import DECIDED, QUESTION
from tests.terminal.daemon import NAMES, serving


async def test_a_command_is_answered_by_its_number() -> None:
    async with serving() as daemon, connect(daemon.path, watch=False) as client:
        number = await client.say("echo hello", (Image(media_type="image/png", data=b"\x89PNG"),))
        reply = await client.receive()
    assert isinstance(reply, wire.Reply)
    assert (reply.re, reply.cards[0].title, reply.cards[0].data) == (number, "hello", {"images": [4]})


async def test_the_person_is_the_user_of_the_operating_system() -> None:
    async with serving() as daemon, connect(daemon.path, watch=False) as client:
        assert client.welcome.channel == getpass.getuser()
        assert client.welcome.version == "1.2.3"
    assert daemon.people.asked[0][:2] == ("terminal", getpass.getuser())


async def test_only_the_owner_can_reach_the_socket_and_it_goes_with_the_daemon() -> None:
    """TERM-4: by the mode of the file."""
    async with serving() as daemon:
        assert stat.S_IMODE(daemon.path.stat().st_mode) == 0o600
    assert not daemon.path.exists()


async def test_a_socket_left_by_a_crash_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    path.touch()
    async with serving(path), connect(path, watch=False) as client:
        await client.say("echo again")
        assert isinstance(await client.receive(), wire.Reply)


async def test_a_path_longer_than_the_kernel_takes_still_works(tmp_path: Path) -> None:
    path = tmp_path / ("long" * 40) / "s.sock"
    async with serving(path), connect(path, watch=False) as client:
        await client.say("echo far")
        assert isinstance(await client.receive(), wire.Reply)


async def test_where_no_socket_can_be_made_the_daemon_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExceptionGroup) as caught:
        async with serving(tmp_path / "file" / "s.sock"):
            pytest.fail("served without a socket")
    assert caught.group_contains(StorageError)


async def test_without_a_daemon_the_client_says_what_to_start(tmp_path: Path) -> None:
    with pytest.raises(NoDaemon, match="signoff up"):
        async with connect(tmp_path / "none.sock", watch=False):
            pass


async def test_errors_of_a_request_come_back_and_the_connection_lives_on() -> None:
    async with serving() as daemon, connect(daemon.path, watch=False) as client:
        await client.say("fail")
        assert await client.receive() == wire.Refused(re=1, message="There is no such thing.", hint="Make one.")
        await client.say("crash")
        refused = await client.receive()
        assert isinstance(refused, wire.Refused)
        assert refused.re == 2
        assert "ZeroDivision" not in refused.message
        await client.say("echo still here")
        assert isinstance(await client.receive(), wire.Reply)


async def test_a_question_is_rewritten_where_somebody_looked_it_up_and_nowhere_else() -> None:
    """TERM-12: whichever channel its run was begun in, and once it is decided no longer."""
    async with serving() as daemon, connect(daemon.path, watch=True) as looks:
        daemon.desk.answers["view 0002"] = lambda: (QUESTION,)
        async with connect(daemon.path, watch=True) as other:
            await looks.say("view 0002")
            assert isinstance(await looks.receive(), wire.Reply)
            await daemon.server.rewrite(replace(QUESTION, title="1 of 2"))
            await daemon.server.rewrite(DECIDED)
            await daemon.server.rewrite(replace(DECIDED, title="noted"))
            for client in (looks, other):
                await client.say("echo end")
            seen = [await looks.receive() for _ in range(3)]
            assert [f.card.title for f in seen if isinstance(f, wire.Shown)] == ["1 of 2", DECIDED.title]
            assert isinstance(await other.receive(), wire.Reply)


async def test_a_slow_request_holds_up_no_other() -> None:
    """TERM-3: of the same terminal or another."""
    async with serving() as daemon, connect(daemon.path, watch=False) as client:
        await client.say("wait")
        await client.say("echo quick")
        reply = await client.receive()
        assert isinstance(reply, wire.Reply)
        assert reply.re == 2
        daemon.desk.let_go.set()
        reply = await client.receive()
        assert isinstance(reply, wire.Reply)
        assert reply.re == 1


async def test_what_was_asked_for_is_carried_out_when_the_terminal_leaves() -> None:
    async with serving() as daemon:
        async with connect(daemon.path, watch=False) as client:
            await client.say("wait")
            await client.say("echo")
            await client.receive()
        daemon.desk.let_go.set()
        await asyncio.wait_for(daemon.desk.waited.wait(), 5)


async def test_cards_go_to_every_terminal_that_watches_and_to_no_other() -> None:
    async with (
        serving() as daemon,
        connect(daemon.path, watch=True) as one,
        connect(daemon.path, watch=True) as two,
        connect(daemon.path, watch=False) as other,
    ):
        for client in (one, two):
            await client.say("echo")
            await client.receive()
        card = Card(title="news", key="run:1")
        await daemon.server.show(daemon.origin(), card)
        assert await one.receive() == wire.Shown(card=card)
        assert await two.receive() == wire.Shown(card=card)
        await other.say("echo nothing else")
        assert isinstance(await other.receive(), wire.Reply)


async def test_a_terminal_that_comes_late_is_told_what_is_live() -> None:
    """TERM-10: once it watches."""
    async with serving() as daemon:
        daemon.live = [Card(title="running", key="run:1", live=True)]
        async with connect(daemon.path, watch=True) as client:
            assert await client.receive() == wire.Shown(card=daemon.live[0])


async def test_names_for_completion_can_be_asked_for() -> None:
    async with serving() as daemon, connect(daemon.path, watch=False) as client:
        number = await client.ask_names()
        assert await client.receive() == wire.Known(re=number, names=NAMES)


async def test_a_reply_too_large_for_a_line_is_refused_with_a_way_out() -> None:
    async with serving() as daemon, connect(daemon.path, watch=False) as client:
        daemon.desk.answers["big"] = lambda: (Card(title="x" * wire.FRAME_LIMIT),)
        await client.say("big")
        refused = await client.receive()
        assert isinstance(refused, wire.Refused)
        assert refused.re == 1


class TestGarbage:
    """Whatever comes, the daemon answers clearly and serves the next terminal."""

    async def test_a_line_that_is_no_frame_is_refused_and_the_next_one_served(self) -> None:
        """TERM-2: whatever bytes it holds."""
        async with serving() as daemon:
            reader, writer = await asyncio.open_unix_connection(str(daemon.path))
            writer.write(wire.encode(wire.Hello()) + b'nonsense\n{"kind": "request", "id": 5}\n')
            writer.write(wire.encode(wire.Request(id=6, text="echo fine")))
            frames = [wire.decode_server(await reader.readline()) for _ in range(4)]
            writer.close()
        assert isinstance(frames[1], wire.Refused)
        assert isinstance(frames[2], wire.Refused)
        assert (frames[1].re, frames[2].re) == (None, 5)
        assert isinstance(frames[3], wire.Reply)

    @pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\n", b"\x00\xff\n", b'{"kind": "ask_names", "id": 1}\n'])
    async def test_who_does_not_greet_is_sent_away(self, first: bytes) -> None:
        async with serving() as daemon:
            reader, writer = await asyncio.open_unix_connection(str(daemon.path))
            writer.write(first)
            assert isinstance(wire.decode_server(await reader.readline()), wire.Refused)
            assert await reader.read() == b""
            writer.close()

    async def test_another_protocol_is_told_what_to_restart(self) -> None:
        async with serving() as daemon:
            reader, writer = await asyncio.open_unix_connection(str(daemon.path))
            writer.write(wire.encode(wire.Hello(protocol=99)))
            refused = wire.decode_server(await reader.readline())
            writer.close()
        assert isinstance(refused, wire.Refused)
        assert "restart" in refused.hint.lower()

    async def test_a_line_above_the_limit_is_skipped_and_refused(self) -> None:
        async with serving() as daemon:
            reader, writer = await asyncio.open_unix_connection(str(daemon.path))
            writer.write(wire.encode(wire.Hello()))
            await reader.readline()
            for _ in range(64):
                writer.write(b"x" * 1_000_000)
                await writer.drain()
            writer.write(b"\n" + wire.encode(wire.Request(id=3, text="echo alive")))
            refused = wire.decode_server(await reader.readline())
            reply = wire.decode_server(await reader.readline())
            writer.close()
        assert isinstance(refused, wire.Refused)
        assert "8,388,608" in refused.message
        assert isinstance(reply, wire.Reply)


class TestSlowTerminals:
    """A terminal that does not read costs the daemon nothing."""

    async def test_live_cards_take_the_place_of_their_older_selves(self) -> None:
        outbox = Outbox(most=3)
        for step in range(1000):
            outbox.put(wire.Shown(card=Card(title=str(step), key="run:1", live=True)))
        outbox.put(wire.Shown(card=Card(title="done", key="run:1")))
        outbox.put(wire.Shown(card=Card(title="asked", key="ask:1")))
        outbox.close()
        frames = [await outbox.get() for _ in range(3)]
        assert [frame.card.title for frame in frames if isinstance(frame, wire.Shown)] == ["done", "asked"]

    async def test_other_cards_are_all_kept_in_order_until_it_is_too_much(self) -> None:
        outbox = Outbox(most=3)
        for title in ("a", "b", "c"):
            outbox.put(wire.Shown(card=Card(title=title, key="same")))
        with pytest.raises(Overflow):
            outbox.put(wire.Reply(re=1, cards=()))
        frames = [await outbox.get() for _ in range(3)]
        assert [frame.card.title for frame in frames if isinstance(frame, wire.Shown)] == ["a", "b", "c"]

    async def test_the_daemon_never_waits_and_disconnects_who_is_too_far_behind(self) -> None:
        """TERM-3: a terminal that does not read."""
        async with serving() as daemon:
            slow = socket.socket(socket.AF_UNIX)
            slow.connect(str(daemon.path))
            slow.sendall(wire.encode(wire.Hello(watch=True)))
            async with connect(daemon.path, watch=True) as quick, asyncio.timeout(20):
                await quick.say("echo")
                await quick.receive()
                for number in range(MOST_FRAMES + 1000):
                    await daemon.server.show(daemon.origin(), Card(title=f"{number} " + "x" * 2000))
                    shown = await quick.receive()
                    assert isinstance(shown, wire.Shown)
                    assert shown.card.title.startswith(f"{number} ")
            received = b"".join(iter(lambda: slow.recv(1_000_000), b""))  # ends: the daemon has hung up on it
            slow.close()
        assert received.count(b"\n") < MOST_FRAMES
