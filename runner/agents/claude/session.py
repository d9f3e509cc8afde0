"""One living Claude Code process with one conversation."""

from __future__ import annotations

import asyncio
import base64
import logging
import uuid
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, cast

from claude_agent_sdk import ClaudeSDKClient, ClaudeSDKError, Message, ResultMessage, UserMessage

from runner.agents import environment, process
from runner.agents.claude import events, start
from runner.agents.claude.config import ClaudeConfig, agent_folder, plans_folder, secrets, variables
from runner.agents.claude.gate import Gate
from runner.errors import AgentError, AgentUnavailable, SessionLost
from runner.model import ToolCall, Usage
from runner.ports import (
    AgentHost,
    AgentResult,
    AgentSpec,
    Prompt,
    PromptTaken,
    StepBegan,
    StepEnded,
    UsageGrew,
)

_log = logging.getLogger(__name__)
logging.getLogger("claude_agent_sdk").setLevel(logging.CRITICAL)  # every kill is an error to it; our results tell
_STDERR_LINES = 20
_PATIENCE = 2.0  # seconds for an answer that takes the CLI a millisecond
_BACKGROUND = 600.0  # seconds; CLAUDE_CODE_PRINT_BG_WAIT_CEILING_MS, what the CLI itself waits for background work
_WAKING = 10.0  # seconds from the end of background work, or from a prompt, to the turn it causes; measured 0.02
_SILENCE = 3.0  # seconds to the first sign of a turn that is taken up; measured 0.1. Asking too early does no harm
_FLUSH = 0.15  # seconds; the CLI writes its transcript in batches of about 0.1
_NO_SANDBOX = "sandbox required but unavailable"
_TAKE_UP = (
    "Signoff was restarted. Continue from where you left off; work in the background was ended and may be begun anew."
)
_LOST = "No conversation found"  # what the CLI says when it cannot resume


class ClaudeSession:
    """A conversation with a living process. Made by `open`."""

    def __init__(
        self, client: ClaudeSDKClient, leash: process.Leash, gate: Gate, *, session: str, resumed: bool, folder: Path
    ) -> None:
        self._client = client
        self._leash = leash
        self._gate = gate
        self._session = session
        self._resumed = resumed
        self._folder = folder
        self._turn = events.Turn()
        self._messages = client.receive_messages()  # one for all turns: an iterator that is dropped may lose some
        self._meter = events.Meter()
        self._untaken: set[str] = set()
        self._introduced: set[str] = set()
        self._interrupted = False
        self._deferred = asyncio.Event()
        self._ended = False
        self._busy = False
        self._dying = asyncio.Lock()
        self._errors: deque[str] = deque(maxlen=_STDERR_LINES)
        client.options.stderr = self._errors.append
        gate.before_asking = self._count
        gate.before_step = self._introduce

    @classmethod
    async def open(cls, config: ClaudeConfig, program: Path, spec: AgentSpec) -> Self:
        """Start the program for `spec`. Raises AgentError, SessionLost."""
        session = spec.session or str(uuid.uuid4())
        gate = Gate(plans_folder(config))
        options = await asyncio.to_thread(start.options, config, spec, session, gate)
        leash = process.Leash(
            [str(program)],
            {**variables(config, resume_turn=spec.interrupted), "PWD": str(spec.cwd)},
            secrets=secrets(config),
            files=start.files(spec),
        )
        options.cli_path = process.install_launcher(config.home)
        options.env = environment.blanked() | leash.variables
        client = ClaudeSDKClient(options)
        opened = cls(
            client, leash, gate, session=session, resumed=spec.session is not None, folder=agent_folder(config)
        )
        try:
            await client.connect()
        except (ClaudeSDKError, OSError) as error:
            leash.drop()
            raise opened._translated(error) from error
        except BaseException:
            leash.drop()
            raise
        if spec.session:
            await opened._count(None)  # what was consumed before is counted already
        return opened

    @property
    def session(self) -> str | None:
        """Return the conversation's id."""
        return self._session

    @property
    def alive(self) -> bool:
        """Whether the process is there for another prompt, as far as is known, and does nothing by itself."""
        return not self._ended and not self._busy

    async def holds(self, prompt_id: str) -> bool:
        """Whether what was said under this id is in the conversation, for one that is resumed: as it is on disk."""
        return not self._resumed or await asyncio.to_thread(start.holds, self._folder, self._session, prompt_id)

    async def run(self, prompt: Prompt | None, host: AgentHost) -> AgentResult:
        """Say the prompt (None: take up the interrupted turn) and return when the agent is really idle.

        A run that is cancelled, or whose host fails, ends the process: nobody would know what it does next.
        """
        self._gate.seat(host)
        self._interrupted = False
        self._untaken.clear()
        try:
            if prompt:
                await self._send(prompt)
            return await self._follow(host, taking_up=prompt is None)
        except (ClaudeSDKError, OSError) as error:
            failure = self._translated(error)
            if isinstance(failure, SessionLost):
                raise failure from error
            return self._failed(failure.message)
        except BaseException:
            await asyncio.shield(self._abandon())
            raise
        finally:
            self._resumed = False
            self._gate.withdraw()
            self._gate.seat(None)

    async def say(self, prompt: Prompt) -> None:
        """Say something; while a turn goes on, the agent reads it after its current step. Raises AgentError."""
        try:
            await self._send(prompt)
        except (ClaudeSDKError, OSError) as error:
            raise self._translated(error) from error

    async def _send(self, prompt: Prompt) -> None:
        async def once() -> AsyncIterator[dict[str, Any]]:
            yield _spoken(prompt)

        self._untaken.add(prompt.id)
        await self._client.query(once())

    async def interrupt(self) -> None:
        """End the current turn; open asks are cancelled without an answer."""
        self._interrupted = True
        self._gate.withdraw()
        try:
            await self._client.interrupt()
        except Exception as error:  # noqa: BLE001 - the SDK raises just that when the CLI does not answer
            _log.warning("Claude Code does not take the interrupt and is killed: %s", error)
            await self.kill()

    async def park(self) -> None:
        """End the process while a person is being asked; the call is asked again on resumption.

        If possible the CLI is told to keep that very call. Then it writes it down and ends its turn. Else it is killed
        with the question open: on resumption the model is heard again from before the question.
        """
        self._interrupted = True
        self._ended = True
        if self._gate.park():
            await self._put_away()
        await self.kill()

    async def _put_away(self) -> None:
        """Wait until the CLI has put the open call away, and end it when that is written to disk."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._deferred.wait()
                if self._turn.background:  # it would wait for that
                    await asyncio.sleep(_FLUSH)
                else:
                    await self.close()
        except TimeoutError:
            _log.warning("Claude Code does not let itself be parked and is killed.")

    async def _abandon(self) -> None:
        """Park when nobody reads any more what the CLI says."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read_on())
            await self.park()

    async def _read_on(self) -> None:
        with suppress(ClaudeSDKError):
            async for message in self._client.receive_messages():
                if isinstance(message, ResultMessage) and message.deferred_tool_use:
                    self._deferred.set()

    async def kill(self) -> None:
        """End the whole process tree at once, and only then let go of it.

        The order matters: a CLI that lives on while we disconnect tells its model that a person refused. While a
        person is being asked, the CLI first gets the moment it needs to write the question to disk.
        """
        self._interrupted = True
        self._ended = True
        asked = self._gate.withdraw()
        async with self._dying:
            await asyncio.sleep(max(0.0, _FLUSH - asked))
            await self._leash.gone()
            await self._client.disconnect()

    async def close(self) -> None:
        """End an idle process politely: it writes the conversation to disk. Then surely."""
        self._ended = True
        self._leash.release()
        try:
            await self._client.disconnect()
        finally:
            self._leash.drop()

    async def _follow(self, host: AgentHost, *, taking_up: bool) -> AgentResult:
        """Read until a turn has ended, the agent is idle and nothing that was said is still on its way.

        What the agent left running in the background wakes it again when it ends; that too is waited for, up to a
        limit, because a server in the background never ends. A turn to be taken up may be over already, or may have
        been work in the background, which the CLI does not take up: then the agent is told to.
        """
        turn = self._turn = events.Turn()
        while True:
            message = await self._next(turn, unsure=taking_up and not turn.begun)
            if message:
                await self._tell(message, host)
                if refused := events.refusal(message):
                    await self.kill()
                    return AgentResult(status="refused", error=refused)
                turn.note(message)
                if not self._over(turn):
                    continue
            if not taking_up or turn.spoken or self._interrupted or (turn.result and turn.result.status != "ok"):
                break
            taking_up = False
            await self._send(Prompt(id=str(uuid.uuid4()), text=_TAKE_UP))
        self._busy = bool(turn.background)
        if self._interrupted:
            return AgentResult(status="interrupted", error=self._last_words() if self._ended else "")
        return turn.result or self._failed(self._last_words())

    def _over(self, turn: events.Turn) -> bool:
        """Say whether the run is over; that of a process that is being ended lasts until it has nothing more to say."""
        if self._ended or not turn.settled:
            return False
        failed = turn.result is not None and turn.result.status != "ok"
        return failed or self._interrupted or (turn.at_rest and not self._untaken)

    async def _next(self, turn: events.Turn, *, unsure: bool) -> Message | None:
        """Return the next message; None when there will be none, or none for too long while only waiting.

        `unsure` says that there may be nothing to wait for.
        """
        waking = _BACKGROUND if turn.background else _WAKING
        patience = waking if turn.settled else _SILENCE if unsure else None
        try:
            async with asyncio.timeout(patience):
                return await anext(self._messages, None)
        except TimeoutError:
            self._messages = self._client.receive_messages()  # the old iterator ended with the wait
            return None

    async def _tell(self, message: Message, host: AgentHost) -> None:
        for event in events.events_of(message):
            match event:
                case StepBegan(call=call) if call.tool_use_id in self._introduced:
                    continue
                case StepEnded(tool_use_id=ended, ok=ok):
                    self._gate.ended(ended)
                    await host.saw(replace(event, interrupted=self._interrupted and not ok))
                case _:
                    await host.saw(event)
        for taken in self._untaken.intersection(events.prompts_in(message)):
            self._untaken.discard(taken)
            await host.saw(PromptTaken(prompt_id=taken))
        match message:
            case ResultMessage(model_usage=models, total_cost_usd=cost, num_turns=turns, deferred_tool_use=deferred):
                grown = self._meter.grown(models, cost)
                await host.saw(UsageGrew(usage=replace(grown, turns=turns)))
                if deferred:
                    self._deferred.set()
            case UserMessage(tool_use_result=result) if result is not None:
                await self._count(host)
            case _:
                pass

    async def _introduce(self, host: AgentHost, call: ToolCall) -> None:
        """Tell of a step that the CLI does not announce: one that it kept when it was parked."""
        if not self._resumed or self._turn.spoken or call.tool_use_id in self._introduced:
            return
        self._introduced.add(call.tool_use_id)
        await host.saw(StepBegan(call=call))

    async def _count(self, host: AgentHost | None) -> None:
        """Ask for the totals in the middle of a turn: a session that is killed while it asks reports no result."""
        totals = await _totals(self._client)
        grown = self._meter.grown(totals.get("model_usage"), totals.get("total_cost_usd")) if totals else Usage()
        if host and grown.tokens:
            await host.saw(UsageGrew(usage=grown))

    def _failed(self, why: str) -> AgentResult:
        self._ended = True
        return AgentResult(status="interrupted" if self._interrupted else "failed", error=why)

    def _translated(self, error: Exception) -> AgentError:
        """Say what an error of the SDK means to people."""
        self._ended = True
        said = f"{error} {self._last_words()}"
        if _LOST in said:
            return SessionLost("The agent's conversation is gone.", hint="It begins anew from the prompt.")
        if _NO_SANDBOX in said:
            return AgentUnavailable("There is no sandbox on this machine.", hint="Install bubblewrap and socat.")
        return AgentError(f"Claude Code ended unexpectedly: {self._last_words() or error}")

    def _last_words(self) -> str:
        return " ".join(self._errors)[-1000:]


async def _totals(client: ClaudeSDKClient) -> dict[str, Any]:
    """Return the running totals of the process, empty if it does not tell.

    The CLI knows the request, the SDK has no name for it yet: the one place that reaches behind the SDK's front.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            answer = await cast("Any", client)._query._send_control_request({"subtype": "get_usage"})
    except Exception as error:  # noqa: BLE001 - the SDK raises just that; a run does not fail for want of a figure
        _log.debug("The totals of the session are not known: %s", error)
        return {}
    session: dict[str, Any] = answer.get("session") or {}
    return session


def _spoken(prompt: Prompt) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": prompt.text}]
    for image in prompt.images:
        data = base64.b64encode(image.data).decode()
        content.append({"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": data}})
    return {
        "type": "user",
        "uuid": prompt.id,
        "message": {"role": "user", "content": content},
        "parent_tool_use_id": None,
    }
