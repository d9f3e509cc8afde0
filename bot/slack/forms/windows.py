"""The calls of Slack that open and change forms, and what their refusals mean."""

from __future__ import annotations

import logging

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.delivery.carrier import Limited, Unknown, Unreachable
from bot.slack.carrier import LATE, outcome
from bot.slack.surfaces import loading_modal
from runner.errors import WrongState
from runner.model import Json, value
from runner.ports import Clock

_PAST = frozenset({"not_found", "hash_conflict"})  # closed meanwhile, or newer than what we know
_TRIES = 3  # of an update: more than one where Slack asks to wait, or cannot be reached
_PAUSE = 0.5  # seconds before the next one then

log = logging.getLogger(__name__)


@value
class Shown:
    """A form that stands before somebody, as Slack knows it."""

    id: str
    hash: str
    blocks: tuple[Json, ...] = ()


class Windows:
    """Opens forms and changes them. The client must retry nothing by itself."""

    def __init__(self, web: AsyncWebClient, clock: Clock) -> None:
        self._web = web
        self._clock = clock

    async def open(self, trigger: str, title: str) -> Shown:
        """Open an empty form. Raises WrongState with what to do where Slack does not."""
        try:
            answer = await self._web.views_open(trigger_id=trigger, view=dict(loading_modal(title)))
        except SlackApiError as error:
            code = str(error.response.get("error", ""))
            if code in LATE:
                raise WrongState("That took too long for Slack to open a form.", hint="Do it again.") from error
            raise WrongState(
                f"Slack did not open the form: {code}.", hint="Do it again, or say it in words."
            ) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise WrongState("Slack could not be reached to open the form.", hint="Do it again.") from error
        return _shown(answer)

    async def update(self, shown: Shown, view: Json) -> Shown | None:
        """Change a form, if it is still as we know it; None if it is not, or Slack does not do it."""
        for _ in range(_TRIES):
            try:
                answer = await self._web.views_update(view_id=shown.id, hash=shown.hash, view=dict(view))
                return _shown(answer)
            except SlackApiError as error:
                came = outcome(error)
                if isinstance(came, Limited):
                    await self._clock.sleep(came.retry_after)
                    continue
                if str(came) in _PAST:
                    return None
                log.warning("slack.form %s was not changed: %s", view.get("callback_id"), came)
                if not isinstance(came, Unknown | Unreachable):
                    return None
            except (aiohttp.ClientError, TimeoutError) as error:
                log.warning("slack.form %s was not changed: %s", view.get("callback_id"), error)
            await self._clock.sleep(_PAUSE)
        return None


def _shown(answer: AsyncSlackResponse) -> Shown:
    view = answer["view"]
    return Shown(id=str(view["id"]), hash=str(view["hash"]), blocks=tuple(view["blocks"]))
