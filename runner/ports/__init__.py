"""What the core asks of the world. Each docstring states duties and the errors raised.

Two takers each: the store has SQLite and PostgreSQL, an agent is claude or a scripted one in tests of the core, the
clock is the machine's or a test's.
"""

from __future__ import annotations

from runner.ports.agent import (
    Agent,
    AgentEvent,
    AgentHost,
    AgentResult,
    AgentSession,
    AgentSpec,
    McpServer,
    Prompt,
    PromptTaken,
    Retrying,
    SessionBegan,
    StepBegan,
    StepEnded,
    TextSaid,
    UsageGrew,
)
from runner.ports.batch import Batch
from runner.ports.chat import ArrivalStore, DraftStore
from runner.ports.deliveries import DeliveryStore
from runner.ports.people import PeopleStore
from runner.ports.store import (
    ApprovalStore,
    ExecutionQuery,
    ExecutionStore,
    FeedStore,
    Page,
    Store,
    TaskQuery,
    TaskStore,
)
from runner.ports.world import Changes, Clock, Dispatcher, Files

__all__ = [
    "Agent",
    "AgentEvent",
    "AgentHost",
    "AgentResult",
    "AgentSession",
    "AgentSpec",
    "ApprovalStore",
    "ArrivalStore",
    "Batch",
    "Changes",
    "Clock",
    "DeliveryStore",
    "Dispatcher",
    "DraftStore",
    "ExecutionQuery",
    "ExecutionStore",
    "FeedStore",
    "Files",
    "McpServer",
    "Page",
    "PeopleStore",
    "Prompt",
    "PromptTaken",
    "Retrying",
    "SessionBegan",
    "StepBegan",
    "StepEnded",
    "Store",
    "TaskQuery",
    "TaskStore",
    "TextSaid",
    "UsageGrew",
]
