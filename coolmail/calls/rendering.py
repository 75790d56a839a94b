"""The templates: Jinja2, HTML escaped; the user's own letters in a sandbox, the built-in ones where those fail."""

from __future__ import annotations

import re
import traceback
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import (
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    select_autoescape,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from coolmail.core.clean import clean, shorten

LANGUAGES = ("en", "da")
"""Languages that have built-in letters; mail in another language gets the first, unless the user wrote a letter in it."""

LONGEST = 50_000
"""Characters that a letter may have."""

OPTIONS = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}


class Text(NamedTuple):
    """A rendered letter, and why the user's own template was not used, in words for the user."""

    text: str
    remark: str | None = None


@cache
def environment() -> Environment:
    """Return the environment of the built-in templates."""
    return Environment(
        loader=PackageLoader("coolmail.calls", "templates"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        **OPTIONS,  # type: ignore[arg-type]
    )


def render(template: str, /, **values: object) -> str:
    """Return a rendered built-in template."""
    return environment().get_template(template).render(**values)


def language_for(kind: str, wanted: str | None, folder: Path | None) -> str:
    """Return the language of a letter: the wanted one (ISO 639-1) if there is a letter in it, built in or the user's own, else English."""
    if wanted in LANGUAGES:
        return str(wanted)
    own = (
        wanted is not None and re.fullmatch("[a-z]{2,3}", wanted) and folder is not None and _own(kind, wanted, folder)
    )
    return str(wanted) if own else LANGUAGES[0]


def render_letter(kind: str, language: str, folder: Path | None, /, **values: object) -> Text:
    """Return a letter: by the user's template `KIND.LANGUAGE.txt.j2` in `folder` if there is one that works, else by the built-in one."""
    name = f"{kind}.{language}.txt.j2"
    remark = None
    if folder is not None and _own(kind, language, folder):
        try:
            text = _tidy(_users(folder).get_template(name).render(**values))
        except (
            TemplateError,
            ArithmeticError,
            AttributeError,
            LookupError,
            TypeError,
            ValueError,
            OSError,
            RecursionError,
        ) as error:
            remark = f"your template {_where(error, name)}: {shorten(str(error), 200)}; the built-in one was used"
        else:
            if text.strip() and len(text) <= LONGEST:
                return Text(text)
            what = "makes an empty letter" if not text.strip() else f"makes a letter of more than {LONGEST} characters"
            remark = f"your template {name} {what}; the built-in one was used"
    built_in = language if language in LANGUAGES else LANGUAGES[0]
    return Text(_tidy(render(f"letters/{kind}.{built_in}.txt.j2", **values)), remark)


def _own(kind: str, language: str, folder: Path) -> bool:
    try:
        return (folder / f"{kind}.{language}.txt.j2").is_file()
    except OSError:
        return False


def _users(folder: Path) -> Environment:
    return ImmutableSandboxedEnvironment(loader=FileSystemLoader(folder), autoescape=False, **OPTIONS)


def _where(error: Exception, name: str) -> str:
    """Return the name of the template in which an error is, and its line where it is known."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.name or name}, line {error.lineno}"
    lines = [
        (Path(frame.filename).name, frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.endswith(".j2")
    ]
    return f"{lines[-1][0]}, line {lines[-1][1]}" if lines else name


def _tidy(text: str) -> str:
    """Return a letter without what blocks leave behind: blanks at line ends, more than one empty line."""
    lines = [line.rstrip() for line in clean(text.replace("\r\n", "\n"), lines=True).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"
