"""Home: what is protected and how well, what is open, what was done, what can be practised.

What makes the rows, and what they open, is imported where it is used: the first frame shows none of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from amlrunbook.model.mode import Mode
from screens.home_data import HomeData
from screens.keyed import KeyedScreen
from screens.keys import HELP, LEAVE, MENU, Key, bindings
from screens.moments import counted
from screens.told import words_of
from screens.widgets.line_view import LineView, ListRows, Row, Rows
from screens.widgets.lines import Span
from screens.widgets.mode_header import HeaderFacts
from screens.widgets.notice import Notice
from screens.widgets.tones import Tone

if TYPE_CHECKING:
    from screens.results import AppResult

_KEYS = (
    Key("open", ("enter",), "open", "Open what is under the cursor: assess a workspace, resume a run, show a journal, start a runbook or a drill."),
    Key("assess", ("a",), "assess", "Assess the workspace under the cursor; it only reads."),
    Key("drill", ("d",), "drill", "Go to the drills: practice against a simulated Azure."),
    Key("resume", ("r",), "resume", "Resume the run under the cursor, or the only open one."),
    HELP,
    MENU,
    Key("back", ("escape",), "back", "Home is the outermost screen; q leaves.", bar=False),
    LEAVE,
)  # fmt: skip

UNSIGNED = (
    "It asks Azure and changes nothing. Its journal is signed with a key that is thrown away: whole, "
    "and nobody's; verifying it will say UNATTRIBUTED."
)


_LOOKING = "looking at what is on this machine…"
"""What is said until the disk was looked at."""


class HomeScreen(KeyedScreen[None]):
    """Everything the program knows on this machine, without asking Azure."""

    CSS_PATH = "home.tcss"
    TITLE_HERE = "Home"
    DECIDES = (
        "Here you choose what to do. Nothing on this screen asks Azure: it shows what was known when each "
        "thing was last looked at. Everything that starts here only reads, or is a drill against a simulated "
        "Azure; real Azure is changed only by a run that was started with --live."
    )
    KEYS_HERE = _KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(_KEYS)

    @dataclass
    class Gathered(Message):
        """What is on the disk was gathered."""

        data: HomeData

    def __init__(
        self, data: HomeData | Callable[[], HomeData], *, clock: Callable[[], datetime]
    ) -> None:
        """Show ``data``; a function is called on a thread of its own, after the first frame."""
        super().__init__(clock=clock)
        self._gather = data if callable(data) else None
        self.data = data if isinstance(data, HomeData) else HomeData(operator="", taken=clock())

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield self.header()
        yield LineView(self._rows(), id="list")
        yield Notice()
        yield self.status_rule()
        yield self.key_bar()

    def _rows(self) -> Rows:
        if self._gather is not None:
            return ListRows((Row("", (Span("   "), Span(_LOOKING, Tone.DIM))),))
        from screens.home_rows import home_rows

        return home_rows(self.data)

    def begin(self) -> None:
        """Begin on the first row: an open run where there is one."""
        self.view.focus()
        if self._gather is not None:
            self.call_after_refresh(self._begin_gathering, self._gather)

    def _begin_gathering(self, gather: Callable[[], HomeData]) -> None:
        threading.Thread(target=self._gathering, args=(gather,), daemon=True).start()

    def _gathering(self, gather: Callable[[], HomeData]) -> None:
        """Gather, on a thread of its own; a defect there is told, and leaves an empty screen."""
        try:
            data = gather()
        except Exception as error:  # noqa: BLE001 - the worker boundary: whoever looks must hear of it
            data = HomeData(operator="", taken=self.now(), problems=(words_of(error),))
        with suppress(RuntimeError):  # the program was left meanwhile, and its loop is closed
            self.post_message(self.Gathered(data))

    @on(Gathered)
    def gathered(self, event: Gathered) -> None:
        """Show what was gathered."""
        event.stop()
        self._gather = None
        self.data = event.data
        self.view.show(self._rows())
        self.redraw()

    @property
    def view(self) -> LineView:
        """The one list."""
        return self.query_one("#list", LineView)

    def facts(self) -> HeaderFacts:
        """Return what the header tells: no workspace is chosen yet."""
        return HeaderFacts(
            mode=Mode.READ_ONLY, profile="amlrunbook", operator=self.data.operator, knows_data=False
        )

    def status(self) -> str:
        """Return the workspace under the cursor in full; else what could not be read, or what there is."""
        if self._gather is not None:
            return _LOOKING
        data = self.data
        chosen = self.view.cursor_key if self.is_mounted else ""
        profile = next((each for each in data.profiles if f"profile:{each.name}" == chosen), None)
        if profile is not None:
            from screens.home_rows import pair_words

            return f"{profile.name} · {pair_words(profile)} · {profile.posture_text or 'never assessed'}"
        if data.problems:
            return f"! {data.problems[0]}"
        counts = (
            counted(len(data.profiles), "workspace"),
            counted(len(data.open_runs), "open run"),
            counted(len(data.journals), "journal"),
        )
        return " · ".join(counts)

    def label(self, key: Key) -> str:
        """Return what ``key`` does; enter says what it opens."""
        if key.id != "open":
            return key.label
        kind = self.view.cursor_key.partition(":")[0] if self.is_mounted else ""
        return {
            "profile": "assess",
            "run": "resume",
            "journal": "show",
            "runbook": "run, read-only…",
            "drill": "start drill",
        }.get(kind, key.label)

    def refusal(self, key: Key) -> str:
        """Return why ``key`` has nothing to act on."""
        kind = self.view.cursor_key.partition(":")[0] if self.is_mounted else ""
        if key.id == "assess" and kind != "profile":
            return "Put the cursor on a workspace first."
        if key.id == "resume" and not self.data.open_runs:
            return "No run is open."
        if key.id == "drill" and not self.data.scenarios:
            return "There is no drill."
        return ""

    @on(LineView.Moved)
    def moved(self, event: LineView.Moved) -> None:
        """Say what enter does on this row."""
        event.stop()
        self.redraw()

    def do_open(self) -> None:
        """Open what is under the cursor."""
        from screens.home_rows import result_of
        from screens.results import StartRun

        result = result_of(self.view.cursor_key)
        if result is None:
            self.say("There is nothing to open here.")
        elif isinstance(result, StartRun):
            self._choose_profile(result.runbook)
        else:
            self._carry_out(result)

    def _carry_out(self, result: AppResult) -> None:
        from screens.results import Assess

        if isinstance(result, Assess):
            self._ask([(f"Assess {result.profile}", "only reads", result)])
        else:
            self.app.exit(result)

    def _ask(self, answers: Sequence[tuple[str, str, AppResult]]) -> None:
        from screens.question import Option, QuestionScreen
        from screens.widgets.page_view import Paragraph

        options: list[Option[AppResult | None]] = [Option("Not now", "nothing happens", None)]
        options += [Option(*answer) for answer in answers]
        question = QuestionScreen("Run, read-only?", [Paragraph(UNSIGNED)], options)
        self.open_screen(question, self._chosen)

    def do_assess(self) -> None:
        """Assess the workspace under the cursor."""
        from screens.results import Assess

        self._carry_out(Assess(self.view.cursor_key.partition(":")[2]))

    def do_resume(self) -> None:
        """Resume the run under the cursor, or go to the first open one."""
        if self.view.cursor_key.startswith("run:"):
            self.do_open()
        else:
            self.view.go_to(f"run:{self.data.open_runs[0].path}")

    def do_drill(self) -> None:
        """Start the drill under the cursor, or go to the first one."""
        from screens.results import StartDrill

        if self.view.cursor_key.startswith("drill:"):
            self.app.exit(StartDrill(self.view.cursor_key.partition(":")[2]))
        else:
            self.view.go_to(f"drill:{self.data.scenarios[0].id}")

    def _choose_profile(self, runbook: str) -> None:
        if not self.data.profiles:
            self.say(
                "No workspace is protected yet, so there is nothing to run it for. Start with a drill (d)."
            )
            return
        from screens.home_rows import pair_words
        from screens.results import StartRun

        self._ask(
            [
                (each.name, pair_words(each), StartRun(runbook, each.name))
                for each in self.data.profiles
            ]
        )

    def _chosen(self, result: AppResult | None) -> None:
        if result is not None:
            self.app.exit(result)

    def do_back(self) -> None:
        """Stay: this is the outermost screen."""

    def do_leave(self) -> None:
        """Leave: nothing is running here."""
        from screens.leave import ask_to_leave

        ask_to_leave(self.app, None)
