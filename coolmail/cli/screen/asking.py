"""Questions in front of the screen: yes or no, a typed word, a line of text, a choice, a page to read. None is answered by accident."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from coolmail.cli.screen.rows import Rows


class Sure(ModalScreen[bool]):
    """A question that only `y` says yes to; Enter and everything else leave things as they are."""

    BINDINGS: ClassVar[list[BindingType]] = [("y", "answer(True)", "yes"), ("n,escape,enter,q", "answer(False)", "no")]

    def __init__(self, question: str, details: str = "") -> None:
        super().__init__()
        self._question, self._details = question, details

    def compose(self) -> ComposeResult:
        """Show the question and its two keys."""
        with Vertical(classes="box"):
            yield Static(Text(self._question), classes="title")
            if self._details:
                yield Static(Text(self._details), classes="details")
            yield Static(
                Text.assemble(("y", "bold"), " yes    ", ("n", "bold"), " no, leave it as it is"), classes="ask"
            )

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)


class TypedWord(ModalScreen[str | None]):
    """The hot sentences once more, and a word that has to be typed; closes with the reason that was given, None for no."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "no", "no")]

    def __init__(self, title: str, hot: Sequence[tuple[str, str]], word: str) -> None:
        super().__init__()
        self._title, self._hot, self._word = title, hot, word

    def compose(self) -> ComposeResult:
        """Show what the client will read, then ask."""
        with Vertical(classes="box tall"):
            yield Static(Text(self._title), classes="title")
            with VerticalScroll(classes="hot", can_focus=True):
                for sentence, kinds in self._hot:
                    yield Static(
                        Text.assemble((sentence, "bold underline"), (f"  [{kinds}]", "italic")),
                        classes="sentence hotline",
                    )
                if not self._hot:
                    yield Static(Text("It reads hot as a whole, though no single sentence stands out."))
            yield Static(Text("Why now? (kept in its log; may stay empty)"), classes="ask")
            yield Input(id="reason", max_length=300, compact=True)
            yield Static(
                Text.assemble("To send it now, type ", (self._word, "bold"), " and Enter. Esc lets it wait."),
                id="wanted",
            )
            yield Input(id="word", max_length=20, compact=True)

    def on_mount(self) -> None:
        """Begin at the word."""
        self.query_one("#word", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Send only for the word itself."""
        if event.input.id == "reason":
            self.query_one("#word", Input).focus()
        elif event.value.strip().casefold() == self._word:
            self.dismiss(self.query_one("#reason", Input).value.strip())
        else:
            event.input.value = ""
            self.query_one("#wanted", Static).update(
                Text(f"That was not the word. Nothing was sent. Type {self._word} to send, or Esc to let it wait.")
            )

    def action_no(self) -> None:
        """Leave it as it is."""
        self.dismiss(None)


class Line(ModalScreen[str | None]):
    """A line of text; closes with it, None for nothing, which an empty line may or may not be."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "no", "no")]

    def __init__(self, title: str, hint: str, value: str = "", *, may_be_empty: bool = False) -> None:
        super().__init__()
        self._title, self._hint, self._value, self._may_be_empty = title, hint, value, may_be_empty

    def compose(self) -> ComposeResult:
        """Show the question and a place to write."""
        with Vertical(classes="box"):
            yield Static(Text(self._title), classes="title")
            yield Static(Text(self._hint), classes="details")
            yield Input(self._value, id="line", max_length=300, compact=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close with what was written."""
        text = event.value.strip()
        self.dismiss(text if text or self._may_be_empty else None)

    def action_no(self) -> None:
        """Leave it as it is."""
        self.dismiss(None)


class Choice(ModalScreen[str | None]):
    """One of several; closes with its name, None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q", "no", "no")]

    def __init__(self, title: str, choices: Sequence[tuple[str, str]], above: Text | None = None) -> None:
        super().__init__()
        self._title, self._choices, self._above = title, choices, above

    def compose(self) -> ComposeResult:
        """Show the choices."""
        with Vertical(classes="box"):
            yield Static(Text(self._title), classes="title")
            if self._above is not None:
                with VerticalScroll(classes="details"):
                    yield Static(self._above)
            yield Rows(*(Option(Text(words), id=name) for name, words in self._choices), id="choices")
            yield Static(Text("Enter chooses, Esc leaves it as it is."), classes="ask")

    def on_mount(self) -> None:
        """Begin at the choices."""
        self.query_one("#choices").focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Close with the choice."""
        self.dismiss(event.option_id)

    def action_no(self) -> None:
        """Choose nothing."""
        self.dismiss(None)


class Page(ModalScreen[None]):
    """Something to read."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,enter,question_mark", "close", "close")]

    def __init__(self, title: str, text: Text) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """Show it, to be scrolled."""
        with Vertical(classes="box tall page"):
            yield Static(Text(self._title), classes="title")
            with VerticalScroll(can_focus=True):
                yield Static(self._text)
            yield Static(Text("Esc closes."), classes="ask")

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)
