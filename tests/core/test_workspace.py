"""What a task says reaches the agent that is started for it."""

from __future__ import annotations

from pathlib import Path

from runner.demo.repository import git
from runner.model import Limits
from runner.ports import McpServer
from runner.runs import RunOptions
from runner.tasks import TaskDraft
from tests.core.stage import settings_in, stage
from tests.fakes import ActingAgent, Turn


async def done(turn: Turn) -> str:
    return "done"


async def test_a_task_gives_its_agent_model_tools_limits_servers_and_the_words_of_the_repository(
    tmp_path: Path,
) -> None:
    """A person's own server goes before the one of everybody, and secrets are put in only here."""
    (tmp_path / "token").write_text("sesame\n", "utf-8")
    settings = settings_in(
        tmp_path,
        mcp={
            "tickets": {"command": "everybodys", "env": {"TOKEN": f"file:{tmp_path}/token", "MODE": "plain"}},
            "wiki": {"url": "http://127.0.0.1:1/", "headers": {"Authorization": f"file:{tmp_path}/token"}},
            "unnamed": {"command": "unnamed"},
        },
        users={"ada": {"mcp": {"tickets": {"command": "adas-own"}}}},
    )
    agent = ActingAgent(done)
    draft = TaskDraft(
        name="rich",
        prompt="Go.",
        model="opus",
        tools=("Read", "Bash"),
        disallowed=("WebFetch",),
        mcp=("tickets", "wiki"),
        turns=3,
        cost=0.5,
        goal="It works.",
        test="true",
    )
    async with stage(tmp_path, settings, agent) as scene:
        await scene.project()
        (scene.repository / "CLAUDE.md").write_text("Speak softly.", "utf-8")
        git(scene.repository, "add", "CLAUDE.md")
        git(scene.repository, "commit", "--quiet", "--message", "Say how")
        await scene.core.tasks.define(scene.actor, draft)
        run = await scene.end(await scene.core.runs.run(scene.actor, "rich", {}, RunOptions()))
        stored = await scene.core.tasks.show("rich")
    (spec,) = agent.opened
    assert spec.mcp == (
        McpServer(name="tickets", command="adas-own"),
        McpServer(name="wiki", url="http://127.0.0.1:1/", headers={"Authorization": "sesame"}),
    )
    assert (spec.options.model, spec.options.tools, spec.options.disallowed_tools) == (
        "opus",
        ("Read", "Bash"),
        ("WebFetch",),
    )
    assert spec.options.limits == Limits(turns=3, cost_usd=0.5)
    for words in ("Speak softly.", "It works.", "`true`"):
        assert words in spec.instructions
    assert "sesame" not in repr(stored) + repr(run)
