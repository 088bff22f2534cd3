"""The app: themes, the one clock, the way from the run's thread to the screens, and nothing of Azure."""

from __future__ import annotations

import gc
import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Event, InputEvent, Key, Paste
from textual.screen import Screen

from amlrunbook.model.mode import Mode
from screens.keyed import KeyedScreen
from screens.look import Look
from screens.marks import mode_look
from screens.theme import THEMES
from screens.told import RunTold
from screens.widgets.mode_header import ModeHeader
from screens.widgets.tones import DEFAULT_VARIABLES

if TYPE_CHECKING:
    from amlrunbook.executor.adopting import Successor
    from amlrunbook.executor.commands import AnyCommand
    from amlrunbook.executor.status_text import Attention
    from amlrunbook.executor.watching import LiveRun
    from screens.feed import RunFeed
    from screens.home_data import HomeData
    from screens.results import AppResult  # noqa: F401 - AmlApp's base names it, quoted

REFRESH_SECONDS = 0.1
"""The least time between two looks at the run."""
TICK_SECONDS = 1.0
"""How often what depends on the time is drawn anew."""
AT_THE_KEYS_SECONDS = 5.0
"""Who touched a key so short a time ago sees what happens, and is not called by a bell."""


class AmlApp(App["AppResult"]):
    """The home screen, or one run."""

    TITLE = "amlrunbook"
    ENABLE_COMMAND_PALETTE = False
    """Each screen has its own menu; textual's palette fails on keys that come faster than it draws."""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - an instance's in textual
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-short"), (32, "-tall")]  # noqa: RUF012 - same
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", "leave", show=False, priority=True),
        Binding("ctrl+c", "leave", "leave", show=False, priority=True),
    ]

    def __init__(
        self,
        *,
        home: HomeData | Callable[[], HomeData] | None = None,
        run: LiveRun | None = None,
        successor: Successor | None = None,
        look: Look | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        refresh_seconds: float = REFRESH_SECONDS,
    ) -> None:
        # A default screen's own styles are not loaded by textual itself.
        super().__init__(css_path=["app.tcss", "home.tcss" if run is None else "run.tcss"])
        if (home is None) == (run is None):
            raise ValueError("the app shows either a home screen or a run")
        self.home = home
        self.clock = clock
        """What time it is, UTC."""
        self.feed = self._feed_of(run)
        """The run, brought to this thread; ``None`` on the home screen."""
        self._successor = successor
        """The plan that may follow the run's own; asked about at the beginning."""
        self._refresh_seconds = refresh_seconds
        self._looked = -refresh_seconds
        self._touched = -AT_THE_KEYS_SECONDS
        self._rings = (look or Look()).bell
        self.mode = run.mode if run is not None else Mode.READ_ONLY
        """What this process may change; everything here that shows it reads it here."""
        self._wear(mode_look(self.mode).theme)
        self.add_class(mode_look(self.mode).css_class)
        self.set_class((look or Look()).ascii_only, "-ascii")

    def _wear(self, theme: str) -> None:
        """Put on ``theme`` for good, before any style was parsed.

        Not by assignment: its watcher has textual parse every style, and then once more for the theme,
        before the first frame.
        """
        for each in THEMES:
            self.register_theme(each)
        self.set_reactive(App.theme, theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def _feed_of(self, run: LiveRun | None) -> RunFeed | None:
        if run is None:
            return None
        from screens.feed import RunFeed

        return RunFeed(
            run,
            post=self.post_message,
            clock=self.clock,
            call_for=self.call_operator,
        )

    def get_default_screen(self) -> Screen[Any]:
        """Return the outermost screen."""
        if self.feed is not None:
            from screens.run import RunScreen

            return RunScreen(self.feed)
        from screens.home import HomeScreen

        if self.home is None:
            raise ValueError("there is neither a home screen nor a run")
        return HomeScreen(self.home, clock=self.clock)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the variables that a theme of others lacks."""
        return dict(DEFAULT_VARIABLES)

    def on_mount(self) -> None:
        """Begin to watch, and let the clock run."""
        self.set_interval(TICK_SECONDS, self._tick)
        if self.feed is not None:
            self.feed.start()
        if self._successor is not None:
            self._ask_about(self._successor)

    def on_ready(self) -> None:
        """Look no more, collecting garbage, through what made the first frame: it stays while the app is shown.

        To look through it stopped every thread for 60 to 90 ms, about once in a hundred keys.
        """
        gc.freeze()

    def _ask_about(self, successor: Successor) -> None:
        """Ask whether the run goes on by another plan."""
        from screens.successor import SuccessorScreen

        _ = self.push_screen(SuccessorScreen(successor), self._adopt)

    def _adopt(self, command: AnyCommand | None) -> None:
        if command is not None and self.feed is not None:
            self.feed.run.submit(command)

    def on_unmount(self) -> None:
        """Watch no more; the run goes on until the process ends."""
        gc.unfreeze()
        if self.feed is not None:
            self.feed.stop()

    def on_run_told(self, event: RunTold) -> None:
        """Look at the run now, or as soon as the last look is old enough."""
        event.stop()
        wait = self._looked + self._refresh_seconds - time.monotonic()
        if wait <= 0:
            self._look()
        else:
            self.set_timer(wait, self._look)

    async def on_event(self, event: Event) -> None:
        """Note that somebody is at the keys. What is typed while the program ends is for nobody."""
        if isinstance(event, (InputEvent, Paste)) and not (self.is_running and self.screen_stack):
            return
        if isinstance(event, (Key, Paste)):
            self._touched = time.monotonic()
        await super().on_event(event)

    def call_operator(self, why: Attention) -> None:
        """Ring, and have the terminal notify, where nobody touched a key just now and it is not switched off.

        OSC 9 carries a fixed sentence, never a name: a screen may be shared.
        Source: https://iterm2.com/documentation-escape-codes.html
        """
        if not self._rings or time.monotonic() - self._touched < AT_THE_KEYS_SECONDS:
            return
        from amlrunbook.executor.status_text import WORDS

        self.bell()
        self._write_escape(f"\x1b]9;amlrunbook: {WORDS[why]}\x07")

    def _look(self) -> None:
        self._looked = time.monotonic()
        if self.feed is not None:
            self.feed.look()

    def _tick(self) -> None:
        if not (self.is_running and self.screen_stack):  # the last tick was on its way
            return
        for screen in self._in_sight():
            for header in screen.query(ModeHeader):
                header.redraw()
        # A screen that was opened just now has no widgets yet.
        if isinstance(self.screen, KeyedScreen) and self.screen.is_there:
            self.screen.tick()
        if self.feed is not None:
            self.feed.tick()

    def _in_sight(self) -> Iterator[Screen[Any]]:
        """Return the screen on top and those that are seen behind it: the clock goes on while a question is asked."""
        for screen in reversed(self.screen_stack):
            yield screen
            if not screen.is_modal:
                return

    def action_leave(self) -> None:
        """Ask to leave, from wherever one is."""
        from screens.leave import ask_to_leave

        ask_to_leave(self, self.feed)

    def send_to_clipboard(self, text: str) -> None:
        """Ask the terminal to take ``text`` into its clipboard; nothing tells whether it did.

        OSC 52, and inside tmux once more wrapped so that the terminal around it sees it too.
        Source: https://github.com/tmux/tmux/wiki/FAQ#what-is-the-passthrough-escape-sequence-and-how-do-i-use-it
        """
        self._write_escape(f"\x1b]52;c;{b64encode(text.encode()).decode()}\x07")

    def _write_escape(self, plain: str) -> None:
        """Write an escape sequence, and inside tmux once more for the terminal around it."""
        if self._driver is None:
            return
        self._driver.write(plain)
        if os.environ.get("TMUX"):
            doubled = plain.replace("\x1b", "\x1b\x1b")
            self._driver.write(f"\x1bPtmux;{doubled}\x1b\\")
