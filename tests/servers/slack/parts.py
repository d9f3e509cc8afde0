"""Rules for what sits inside blocks: text, options, confirm dialogs and the interactive elements.

Every rule yields sentences that begin with the place of the fault. Numbers: the references of docs.slack.dev and the
validators of slack_sdk.models.blocks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

Payload = dict[str, Any]

_TEXTS = ("plain_text", "mrkdwn")
_SHARED = {"type", "action_id"}
_FIELD = _SHARED | {"placeholder", "focus_on_load"}
_SELECT = _FIELD | {"confirm"}
_STATIC = {"options", "option_groups"}
_MULTI = _SELECT | {"max_selected_items"}
_CONVERSATIONS = {"default_to_current_conversation", "filter"}

# What Slack knows in an element of this type; anything else is "invalid additional property".
ELEMENT_KEYS: Mapping[str, set[str]] = {
    "button": _SHARED
    | {"text", "url", "value", "style", "confirm", "accessibility_label"}
    | {"agent_prompt", "agent_prompt_display", "visible_to_user_ids"},
    "checkboxes": _SHARED | {"options", "initial_options", "confirm", "focus_on_load"},
    "radio_buttons": _SHARED | {"options", "initial_option", "confirm", "focus_on_load"},
    "overflow": _SHARED | {"options", "confirm"},
    "datepicker": _SELECT | {"initial_date"},
    "timepicker": _SELECT | {"initial_time", "timezone"},
    "datetimepicker": _SHARED | {"initial_date_time", "confirm", "focus_on_load"},
    "static_select": _SELECT | _STATIC | {"initial_option"},
    "external_select": _SELECT | {"initial_option", "min_query_length"},
    "users_select": _SELECT | {"initial_user"},
    "conversations_select": _SELECT | _CONVERSATIONS | {"initial_conversation", "response_url_enabled"},
    "channels_select": _SELECT | {"initial_channel", "response_url_enabled"},
    "multi_static_select": _MULTI | _STATIC | {"initial_options"},
    "multi_external_select": _MULTI | {"initial_options", "min_query_length"},
    "multi_users_select": _MULTI | {"initial_users"},
    "multi_conversations_select": _MULTI | _CONVERSATIONS | {"initial_conversations"},
    "multi_channels_select": _MULTI | {"initial_channels"},
    "plain_text_input": _FIELD | {"initial_value", "multiline", "min_length", "max_length", "dispatch_action_config"},
    "email_text_input": _FIELD | {"initial_value", "dispatch_action_config"},
    "url_text_input": _FIELD | {"initial_value", "dispatch_action_config"},
    "number_input": _FIELD
    | {"is_decimal_allowed", "initial_value", "min_value", "max_value", "dispatch_action_config"},
    "rich_text_input": _FIELD | {"initial_value", "dispatch_action_config"},
    "file_input": _SHARED | {"filetypes", "max_files"},
    "feedback_buttons": _SHARED | {"positive_button", "negative_button"},
    "icon_button": _SHARED | {"icon", "text", "accessibility_label", "value", "visible_to_user_ids", "confirm"},
    "image": {"type", "image_url", "alt_text", "slack_file"},
}
_SINGLE = {name for name in ELEMENT_KEYS if name.endswith("_select") and not name.startswith("multi_")}
_MULTIPLE = {name for name in ELEMENT_KEYS if name.startswith("multi_")}
_PICKERS = {"datepicker", "timepicker", "datetimepicker"}
_CHOICES = {"checkboxes", "radio_buttons"}
_TYPED = {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input"}
IN_ACTIONS = {"button", "overflow"} | _SINGLE | _PICKERS | _CHOICES
IN_SECTION = (IN_ACTIONS | _MULTIPLE | {"image"}) - {"datetimepicker"}
IN_INPUT = _SINGLE | _MULTIPLE | _PICKERS | _CHOICES | _TYPED | {"file_input"}
IN_CONTEXT_ACTIONS = {"feedback_buttons", "icon_button"}


def additional(place: str, found: Payload, known: Iterable[str]) -> Iterator[str]:
    """Refuse keys that Slack does not know here."""
    for key in sorted(set(found) - set(known)):
        yield f"{place}: invalid additional property: {key}"


def length(place: str, found: object, most: int, least: int = 1) -> Iterator[str]:
    """Refuse anything but a string within these lengths, in characters."""
    if not isinstance(found, str):
        yield f"{place}: must be a string"
    elif len(found) > most:
        yield f"{place}: must be less than {most + 1} characters"
    elif len(found) < least:
        yield f"{place}: must be more than {least - 1} characters"


def optional(place: str, found: Payload, limits: Mapping[str, int]) -> Iterator[str]:
    """Check the lengths of those strings that are there."""
    for key, most in limits.items():
        if key in found:
            yield from length(f"{place}/{key}", found[key], most)


def items(place: str, found: object, most: int, least: int = 1) -> Iterator[str]:
    """Refuse anything but a list of so many items."""
    if not isinstance(found, list):
        yield f"{place}: must be an array"
    elif len(found) > most:
        yield f"{place}: no more than {most} items allowed"
    elif len(found) < least:
        yield f"{place}: must have at least {least} items"


def objects(found: object) -> list[Payload]:
    """Return the objects of a list; what is none is somebody else's fault to report."""
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def text(place: str, found: object, most: int, kinds: Collection[str] = _TEXTS) -> Iterator[str]:
    """Check a text object."""
    if not isinstance(found, dict):
        yield f"{place}: missing required field: text object"
        return
    kind = str(found.get("type"))
    if kind not in kinds:
        yield f"{place}: unsupported type: {kind}"
        return
    yield from additional(
        place, found, {"type", "text", "emoji"} if kind == "plain_text" else {"type", "text", "verbatim"}
    )
    yield from length(f"{place}/text", found.get("text"), most)


def plain(place: str, found: object, most: int) -> Iterator[str]:
    """Check a text object that must be plain."""
    yield from text(place, found, most, ("plain_text",))


def confirm(place: str, found: object) -> Iterator[str]:
    """Check a confirm dialog."""
    if not isinstance(found, dict):
        yield f"{place}: must be an object"
        return
    yield from additional(place, found, {"title", "text", "confirm", "deny", "style"})
    yield from plain(f"{place}/title", found.get("title"), 100)
    yield from text(f"{place}/text", found.get("text"), 300)
    for button in ("confirm", "deny"):
        if button in found:
            yield from plain(f"{place}/{button}", found[button], 30)
    yield from style(place, found)


def style(place: str, found: Payload) -> Iterator[str]:
    """Check the colour of a button."""
    if found.get("style", "primary") not in ("primary", "danger"):
        yield f"{place}/style: must be primary or danger"


def option(place: str, found: object, kinds: Collection[str] = ("plain_text",)) -> Iterator[str]:
    """Check one option of a menu."""
    if not isinstance(found, dict):
        yield f"{place}: must be an object"
        return
    yield from additional(place, found, {"text", "value", "description", "url"})
    yield from text(f"{place}/text", found.get("text"), 75, kinds)
    yield from length(f"{place}/value", found.get("value"), 150)
    if "description" in found:
        yield from text(f"{place}/description", found["description"], 75, kinds)
    yield from optional(place, found, {"url": 3000})


def options(place: str, found: object, most: int, kinds: Collection[str] = ("plain_text",)) -> Iterator[str]:
    """Check the options of a menu; values must differ."""
    yield from items(place, found, most)
    for index, each in enumerate(objects(found)):
        yield from option(f"{place}/{index}", each, kinds)
    values = [each.get("value") for each in objects(found)]
    if len({str(each) for each in values}) < len(values):
        yield f"{place}: values of options must be unique"


def _menu(place: str, found: Payload) -> Iterator[str]:
    if ("options" in found) == ("option_groups" in found):
        yield f"{place}: needs either options or option_groups"
    if "options" in found:
        yield from options(f"{place}/options", found["options"], 100)
    if "option_groups" in found:
        yield from items(f"{place}/option_groups", found["option_groups"], 100)
    for index, group in enumerate(objects(found.get("option_groups"))):
        yield from plain(f"{place}/option_groups/{index}/label", group.get("label"), 75)
        yield from options(f"{place}/option_groups/{index}/options", group.get("options"), 100)
    yield from _initial(place, found)


def _initial(place: str, found: Payload) -> Iterator[str]:
    known = choices(found)
    wanted = objects(found.get("initial_options")) + objects([found.get("initial_option")])
    if "initial_options" in found:
        yield from items(f"{place}/initial_options", found["initial_options"], 100)
    for each in wanted:
        if each not in known:
            yield f"{place}: initial option is not one of the options: {each.get('value')}"


def choices(element: Payload) -> list[Payload]:
    """List the options of an element, those in groups too."""
    grouped = [each for group in objects(element.get("option_groups")) for each in objects(group.get("options"))]
    return objects(element.get("options")) + grouped


def _button(place: str, found: Payload) -> Iterator[str]:
    yield from plain(f"{place}/text", found.get("text"), 75)
    yield from optional(place, found, {"url": 3000, "accessibility_label": 75, "agent_prompt": 4000})
    yield from style(place, found)


def _icon_button(place: str, found: Payload) -> Iterator[str]:
    yield from plain(f"{place}/text", found.get("text"), 75)
    if found.get("icon") != "trash":
        yield f"{place}/icon: must be trash"
    yield from optional(place, found, {"accessibility_label": 75})
    if "visible_to_user_ids" in found:
        yield from items(f"{place}/visible_to_user_ids", found["visible_to_user_ids"], 10)


def _feedback(place: str, found: Payload) -> Iterator[str]:
    for name in ("positive_button", "negative_button"):
        button = found.get(name)
        if not isinstance(button, dict):
            yield f"{place}: missing required field: {name}"
            continue
        yield from additional(f"{place}/{name}", button, {"text", "value", "accessibility_label"})
        yield from plain(f"{place}/{name}/text", button.get("text"), 75)
        yield from length(f"{place}/{name}/value", button.get("value"), 2000)


def image(place: str, found: Payload) -> Iterator[str]:
    """Check the picture itself: exactly one source, and words for those who do not see it."""
    if ("image_url" in found) == ("slack_file" in found):
        yield f"{place}: needs either image_url or slack_file"
    yield from optional(place, found, {"image_url": 3000})
    yield from length(f"{place}/alt_text", found.get("alt_text"), 2000)


def _special(place: str, found: Payload) -> Iterator[str]:
    match found["type"]:
        case "button":
            yield from _button(place, found)
        case "icon_button":
            yield from _icon_button(place, found)
        case "feedback_buttons":
            yield from _feedback(place, found)
        case "image":
            yield from image(place, found)
        case "overflow":
            yield from options(f"{place}/options", found.get("options"), 5)
        case "checkboxes" | "radio_buttons":
            yield from options(f"{place}/options", found.get("options"), 10, _TEXTS)
            yield from _initial(place, found)
        case "static_select" | "multi_static_select":
            yield from _menu(place, found)
        case "plain_text_input":
            yield from _limits(place, found)
        case "number_input" if not isinstance(found.get("is_decimal_allowed"), bool):
            yield f"{place}: missing required field: is_decimal_allowed"


def _limits(place: str, found: Payload) -> Iterator[str]:
    for key in ("min_length", "max_length"):
        if key in found and not (isinstance(found[key], int) and 0 <= found[key] <= 3000):
            yield f"{place}/{key}: must be between 0 and 3000"
    if "initial_value" in found:
        most = found.get("max_length")
        yield from length(f"{place}/initial_value", found["initial_value"], most if isinstance(most, int) else 3000, 0)


def element(place: str, found: object, allowed: Collection[str]) -> Iterator[str]:
    """Check an element where only these types may stand."""
    if not isinstance(found, dict):
        yield f"{place}: must be an object"
        return
    kind = str(found.get("type"))
    if kind not in ELEMENT_KEYS or kind not in allowed:
        yield f"{place}: unsupported type: {kind}"
        return
    yield from additional(place, found, ELEMENT_KEYS[kind])
    yield from optional(place, found, {"action_id": 255})
    if "value" in found:
        yield from length(f"{place}/value", found["value"], 2000, 0)
    if "placeholder" in found:
        yield from plain(f"{place}/placeholder", found["placeholder"], 150)
    if "confirm" in found:
        yield from confirm(f"{place}/confirm", found["confirm"])
    yield from _special(place, found)
