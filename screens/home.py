"""Home: what is protected and how well, what is open, what was done, what can be practised."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from amlrunbook.model.mode import Mode
from screens.home_data import HomeData
from screens.home_rows import home_rows, pair_words, result_of
from screens.keyed import KeyedScreen
from screens.keys import HELP, LEAVE, MENU, Key, bindings
from screens.question import Option, QuestionScreen
from screens.results import Assess, StartDrill, StartRun
from screens.widgets.line_view import LineView, Paragraph
from screens.widgets.mode_header import HeaderFacts
from screens.widgets.notice import Notice

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

    def __init__(self, data: HomeData, *, clock: Callable[[], datetime]) -> None:
        super().__init__(clock=clock)
        self.data = data

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield self.header()
        yield LineView(home_rows(self.data), id="list")
        yield Notice()
        yield self.status_rule()
        yield self.key_bar()

    def on_mount(self) -> None:
        """Begin where something waits: an open run, else the first row."""
        self.list.focus()
        if self.data.open_runs:
            self.list.go_to(f"run:{self.data.open_runs[0].path}")

    @property
    def list(self) -> LineView:
        """The one list."""
        return self.query_one("#list", LineView)

    def facts(self) -> HeaderFacts:
        """Return what the header tells: no workspace is chosen yet."""
        return HeaderFacts(
            mode=Mode.READ_ONLY, profile="amlrunbook", operator=self.data.operator, knows_data=False
        )

    def status(self) -> str:
        """Return the workspace under the cursor in full; else what could not be read, or what there is."""
        data = self.data
        chosen = self.list.cursor_key if self.is_mounted else ""
        profile = next((each for each in data.profiles if f"profile:{each.name}" == chosen), None)
        if profile is not None:
            return f"{profile.name} · {pair_words(profile)} · {profile.posture_text or 'never assessed'}"
        if data.problems:
            return f"! {data.problems[0]}"
        return f"{len(data.profiles)} workspaces · {len(data.open_runs)} open runs · {len(data.journals)} journals"

    def label(self, key: Key) -> str:
        """Return what ``key`` does; enter says what it opens."""
        if key.id != "open":
            return key.label
        kind = self.list.cursor_key.partition(":")[0] if self.is_mounted else ""
        return {
            "profile": "assess",
            "run": "resume",
            "journal": "show",
            "runbook": "run, read-only…",
            "drill": "start drill",
        }.get(kind, key.label)

    def refusal(self, key: Key) -> str:
        """Return why ``key`` has nothing to act on."""
        kind = self.list.cursor_key.partition(":")[0] if self.is_mounted else ""
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
        result = result_of(self.list.cursor_key)
        if result is None:
            self.say("There is nothing to open here.")
        elif isinstance(result, StartRun):
            self._choose_profile(result.runbook)
        else:
            self.app.exit(result)

    def do_assess(self) -> None:
        """Assess the workspace under the cursor."""
        self.app.exit(Assess(self.list.cursor_key.partition(":")[2]))

    def do_resume(self) -> None:
        """Resume the run under the cursor, or go to the first open one."""
        if self.list.cursor_key.startswith("run:"):
            self.do_open()
        else:
            self.list.go_to(f"run:{self.data.open_runs[0].path}")

    def do_drill(self) -> None:
        """Start the drill under the cursor, or go to the first one."""
        if self.list.cursor_key.startswith("drill:"):
            self.app.exit(StartDrill(self.list.cursor_key.partition(":")[2]))
        else:
            self.list.go_to(f"drill:{self.data.scenarios[0].id}")

    def _choose_profile(self, runbook: str) -> None:
        if not self.data.profiles:
            self.say(
                "No workspace is protected yet, so there is nothing to run it for. Start with a drill (d)."
            )
            return
        options = [Option[StartRun | None]("Not now", "nothing happens", None)]
        options += [
            Option[StartRun | None](
                each.name,
                f"{each.source} → {each.target or '(none)'}",
                StartRun(runbook, each.name),
            )
            for each in self.data.profiles
        ]
        question = QuestionScreen(
            "For which workspace?", [Paragraph("The run only reads.")], options
        )
        self.open_screen(question, self._chosen)

    def _chosen(self, result: StartRun | None) -> None:
        if result is not None:
            self.app.exit(result)

    def do_back(self) -> None:
        """Stay: this is the outermost screen."""

    def do_leave(self) -> None:
        """Leave: nothing is running here."""
        from screens.leave import ask_to_leave

        ask_to_leave(self.app, None)
