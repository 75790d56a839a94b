"""Reading the YAML file: structure with line numbers first, then the schema, then one list of everything that is wrong."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from coolmail.config.schema import Config
from coolmail.core.errors import CoolmailError
from coolmail.core.settings import Settings

LARGEST = 1_000_000
"""Bytes; a configuration larger than this is some other file."""

Lines = dict[tuple[str | int, ...], int]


class ConfigError(CoolmailError):
    """The configuration cannot be used. `problems` are sentences, each with the line and the key."""

    def __init__(self, where: str, problems: list[str]) -> None:
        super().__init__("\n".join([f"the configuration {where} cannot be used; nothing was started:", *problems]))
        self.problems = problems


def load(path: Path) -> Settings:
    """Read the configuration file, or raise a `ConfigError` that lists everything wrong with it."""
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError(str(path), ["it is larger than 1 MB; is that the right file?"])
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(
            str(path), ["there is no such file; copy config.example.yaml there, or name another with --config"]
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(str(path), ["it is not UTF-8 text"]) from None
    except OSError as error:
        raise ConfigError(str(path), [f"it cannot be read: {error.strerror}"]) from error
    return loads(text, where=str(path))


def loads(text: str, *, where: str = "text") -> Settings:
    """Read a configuration from text; `where` names it in errors."""
    lines: Lines = {}
    problems: list[str] = []
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = _plain(node, (), lines, problems) if node is not None else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise ConfigError(where, [f"{line}this is not YAML: {error.problem or error.context}"]) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(where, [f"this is not YAML: {error or 'nested too deeply'}"]) from error
    if problems:
        raise ConfigError(where, problems)
    if not isinstance(data, dict):
        raise ConfigError(where, ["it must be a mapping that begins with `accounts:`; see config.example.yaml"])
    try:
        return Config.model_validate(data).settings()
    except ValidationError as error:
        raise ConfigError(where, [_sentence(fault, lines) for fault in error.errors(include_url=False)]) from None


def _plain(node: yaml.Node, path: tuple[str | int, ...], lines: Lines, problems: list[str]) -> Any:
    """Return plain values, remembering the line of every key and noting keys that stand twice."""
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        mapping: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in mapping:
                problems.append(f"line {line}: `{key}` stands twice (first on line {lines[(*path, key)]})")
            mapping[key] = _plain(value_node, (*path, key), lines, problems)
            lines[(*path, key)] = line
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, number), lines, problems) for number, item in enumerate(node.value)]
    constructor = yaml.SafeLoader("")
    try:
        return constructor.construct_object(node)
    finally:
        constructor.dispose()


def _sentence(fault: Any, lines: Lines) -> str:
    """Return one validation fault as a sentence with line and key."""
    path = tuple(fault["loc"])
    near = next(lines[path[:cut]] for cut in range(len(path), -1, -1) if path[:cut] in lines)
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    match fault["type"]:
        case "extra_forbidden":
            said = "there is no such key"
        case "missing":
            said = "this key is missing"
        case "value_error" | "assertion_error":
            said = str(fault["ctx"]["error"])
        case _:
            said = fault["msg"][0].lower() + fault["msg"][1:]
    return f"line {near}: {key}: {said}" if key else f"line {near}: {said}"
