"""The keys of the run screen."""

from __future__ import annotations

from screens.keys import BACK, HELP, LEAVE, MENU, Key

RUN_KEYS: tuple[Key, ...] = (
    Key("act", ("enter",), "act", "Do what the step wants next: run the check, preview the action, answer the question. Nothing is sent before you confirm its preview."),
    Key("walk", ("w",), "walk", "Run the checks one after another, until a step wants you; esc ends it after the check that runs."),
    Key("next", ("full_stop",), "next", "Go to the step that the run waits for.", bar=False),
    Key("outside", ("o",), "outside…", "Say that you did the step outside this program, and how that can be seen."),
    Key("skip", ("x",), "skip…", "Leave the step out, with a reason."),
    Key("variant", ("m",), "variant…", "Do the step another way from now on, graceful or ungraceful, with a reason.", bar=False),
    Key("again", ("r",), "try again", "Try the step again: run a check that has run, preview an action that did not come about."),
    Key("note", ("n",), "note…", "Write a note into the journal."),
    Key("view", ("v",), "view", "Show everything about the step on a page of its own, nothing shortened."),
    Key("findings", ("f",), "findings", "Show what the checks found."),
    Key("evidence", ("e",), "evidence", "Show the journal: every entry, and the evidence behind it."),
    Key("copy", ("y",), "copy", "Send the step's az commands to the terminal's clipboard, and show them."),
    Key("calls", ("l",), "calls", "Show the call log: every request to Azure.", bar=False),
    Key("page", ("1",), "page", "Show on one page what is moved, what is not, what is in doubt, and the next safe act."),
    Key("report", ("R",), "report", "Show the report: what was moved, what was not, what is in doubt, what is next.", bar=False),
    Key("status", ("t",), "status text", "Show the words for the incident channel, to copy or bare.", bar=False),
    Key("declare", ("i",), "declare incident…", "Declare the incident: the clock starts.", bar=False),
    Key("probes", ("p",), "ask probes", "Ask the profile's health probes now; all of them green stops the clock.", bar=False),
    Key("hint", ("H",), "hint", "In a drill: ask for the next hint; it costs points.", bar=False),
    Key("hand-over", ("h",), "hand over…", "Hand the run over to another person; this screen changes nothing afterwards.", bar=False),
    Key("close", ("c",), "close…", "End the run and close its journal."),
    HELP,
    MENU,
    Key("back", BACK.keys, "back", "End the walk, or take the notice away; the run is the outermost screen here.", bar=False),
    LEAVE,
)  # fmt: skip
