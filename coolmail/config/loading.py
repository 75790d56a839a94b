"""Reading the YAML file: structure with line numbers first, then the schema, then one list of everything that is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from coolmail.config.schema import Config
from coolmail.core.errors import CoolmailError
from coolmail.core.settings import Settings

LARGEST = 1_000_000
"""Bytes; a configuration larger than this is some other file."""

MOST_NODES = 20_000
"""Values and keys that a configuration may hold once its aliases are filled in."""

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
    return replace(loads(text, where=str(path)), templates=str(path.absolute().parent / "templates"))


def loads(text: str, *, where: str = "text") -> Settings:
    """Read a configuration from text; `where` names it in errors."""
    tree = _Tree()
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = tree.plain(node, ()) if node is not None else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise ConfigError(where, [f"{line}this is not YAML: {_problem(error)}"]) from error
    except yaml.reader.ReaderError as error:
        line_number = text.count("\n", 0, error.position) + 1
        raise ConfigError(where, [f"line {line_number}: this is not YAML: it holds a control character"]) from error
    except RecursionError:
        raise ConfigError(where, ["this is not YAML: nested too deeply"]) from None
    if tree.problems:
        raise ConfigError(where, tree.problems)
    if not isinstance(data, dict):
        raise ConfigError(where, ["line 1: it must be a mapping that begins with `accounts:`; see config.example.yaml"])
    try:
        with _without_plugins():
            return Config.model_validate(data).settings()
    except ValidationError as error:
        raise ConfigError(where, [_sentence(fault, tree.lines) for fault in error.errors(include_url=False)]) from None


@contextmanager
def _without_plugins() -> Iterator[None]:
    """Keep plugins of pydantic away: any package may bring one, it would see passwords, and looking for them takes longer than validating."""
    name = "PYDANTIC_DISABLE_PLUGINS"
    before = os.environ.get(name)
    os.environ[name] = "__all__"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _problem(error: yaml.MarkedYAMLError) -> str:
    """Return YAML's words, but for those that would repeat a value: it may be a password that was not put into quotes."""
    said = error.problem or error.context or "it cannot be read"
    return "a value that begins with * must stand in quotes" if "undefined alias" in said else said


class _TooLargeError(yaml.MarkedYAMLError):
    """Aliases of aliases make more of a file than it is."""


@dataclass
class _Tree:
    """Reads composed nodes into plain values, remembering the line of every key and what is wrong with single values."""

    lines: Lines = field(default_factory=lambda: {(): 1})
    problems: list[str] = field(default_factory=list)
    nodes: int = 0

    def plain(self, node: yaml.Node, path: tuple[str | int, ...]) -> Any:
        """Return a node as plain values."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise _TooLargeError(problem="there is far too much in it, aliases counted", problem_mark=node.start_mark)
        self.lines[path] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, number)) for number, item in enumerate(node.value)]
        constructor = yaml.SafeLoader("")
        try:
            return constructor.construct_object(node)
        except yaml.constructor.ConstructorError:
            said = "a value that begins with ! must stand in quotes"
        except ValueError:
            said = "it looks like a number or a date but is none; put it into quotes"
        finally:
            constructor.dispose()
        self.problems.append(f"line {self.lines[path]}: {_key(path)}: {said}")
        return None

    def _mapping(self, node: yaml.MappingNode, path: tuple[str | int, ...]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(f"line {line}: a key must be a plain word")
                continue
            key = str(key_node.value)
            if key in mapping:
                self.problems.append(f"line {line}: `{key}` stands twice (first on line {self.lines[(*path, key)]})")
            mapping[key] = self.plain(value_node, (*path, key))
            self.lines[(*path, key)] = line
        return mapping


def _key(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _sentence(fault: Any, lines: Lines) -> str:
    """Return one validation fault as a sentence with line and key."""
    path = tuple(fault["loc"])
    near = next(lines[path[:cut]] for cut in range(len(path), -1, -1) if path[:cut] in lines)
    key = _key(path)
    match fault["type"]:
        case "extra_forbidden":
            said = "there is no such key"
        case "missing":
            said = "this key is missing"
        case "model_type":
            said = "it must hold keys of its own; leave it out to have the defaults"
        case "value_error" | "assertion_error":
            said = str(fault["ctx"]["error"])
        case _:
            said = fault["msg"][0].lower() + fault["msg"][1:]
    return f"line {near}: {key}: {said}" if key else f"line {near}: {said}"
