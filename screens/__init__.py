"""The Textual screens: they show the fold of a run and send commands; they hold no truth."""
