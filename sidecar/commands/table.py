"""The table of commands: a name, a method with typed arguments, and who may give it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast, get_type_hints

from pydantic import ConfigDict, JsonValue, TypeAdapter, ValidationError, create_model

from sidecar.caller import Caller, CommandRefused
from sidecar.gateway import EffectFailed
from sidecar.registry import NoSuchSkill, NoSuchVersion

F = TypeVar("F", bound=Callable[..., Any])


def command(name: str, *, agent: bool = False, files: bool = False, stores: bool = False) -> Callable[[F], F]:
    """Offer a method as the command `name`; with `agent`, to the agent too. With `files` it needs the workspace's
    files: of many hosts, the one that leads has them. With `stores`, what a person or a door says with it is stored: it
    gets that with names in the place of secrets. It takes `caller` and keyword arguments; what it returns is sent as
    JSON."""

    def mark(method: F) -> F:
        method.__dict__["command"] = (name, agent, files, stores)
        return method

    return mark


@dataclass(frozen=True)
class _Command:
    method: Callable[..., Any]
    arguments: type[Any]
    answer: TypeAdapter[Any]
    for_agent: bool
    needs_files: bool
    stores: bool


class CommandTable:
    """All commands. `perform` parses the arguments, checks who asks, and renders the answer."""

    def __init__(
        self, leads: Callable[[], bool] = lambda: True, redact: Callable[[JsonValue], JsonValue] = lambda given: given
    ) -> None:
        self._leads = leads
        self._redact = redact
        self._commands: dict[str, _Command] = {}

    def add(self, part: object) -> None:
        """Offer every method of `part` that is marked as a command."""
        for _, method in inspect.getmembers(part, inspect.ismethod):
            if marked := getattr(method, "command", None):
                name, *properties = marked
                self._commands[name] = _read(method, *properties)

    def names(self) -> list[str]:
        return sorted(self._commands)

    def perform(self, name: str, arguments: dict[str, JsonValue], caller: Caller) -> JsonValue:
        """Raises CommandRefused, with a type and a message fit for whoever asked."""
        found = self._commands.get(name)
        if found is None:
            raise CommandRefused("unknown", f"there is no command {name!r}; there are: {', '.join(self.names())}")
        if caller.is_agent and not found.for_agent:
            raise CommandRefused("not_allowed", f"{name} is for people; ask the person to do it")
        if found.needs_files and not self._leads():
            said = f"{name} needs the workspace's files, and another host leads, or just did. Which one: tend status"
            raise CommandRefused("not_leading", said)
        if found.stores and not caller.is_agent:  # what the agent says, it has not read either
            arguments = self._without_secrets(arguments)
        try:
            given = found.arguments.model_validate(arguments)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
            raise CommandRefused("usage", f"{name}: {wrong}") from error
        try:
            answer = found.method(caller, **{field: getattr(given, field) for field in found.arguments.model_fields})
        except (NoSuchSkill, NoSuchVersion) as error:
            raise CommandRefused("not_found", str(error)) from error
        rendered: JsonValue = found.answer.dump_python(answer, mode="json")
        return rendered

    def _without_secrets(self, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """What a person pastes would be stored, and shown to whoever looks."""
        try:
            return cast("dict[str, JsonValue]", self._redact(arguments))
        except EffectFailed as error:
            message = f"it could not be looked through for secrets, and is not stored: {error}"
            raise CommandRefused(error.type, message) from error


def _read(method: Callable[..., Any], *properties: bool) -> _Command:
    hints = get_type_hints(method)
    fields: dict[str, Any] = {
        parameter.name: (hints[parameter.name], ... if parameter.default is parameter.empty else parameter.default)
        for parameter in inspect.signature(method).parameters.values()
        if parameter.name != "caller"
    }
    arguments = create_model(method.__name__, __config__=ConfigDict(extra="ignore"), **fields)
    return _Command(method, arguments, TypeAdapter(hints["return"]), *properties)
