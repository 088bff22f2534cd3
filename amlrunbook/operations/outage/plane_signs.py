"""What the planes' signs mean: is it the region? Pure, and never more certain than the signs are.

Planes: https://learn.microsoft.com/azure/azure-resource-manager/management/control-plane-and-data-plane
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from amlrunbook.model.finding import Verdict
from amlrunbook.operations.outage.scope import Side


class Plane(StrEnum):
    """A part of Azure that may be dark by itself."""

    CONTROL = "control plane"
    DATA = "data plane"
    IDENTITY = "identity"
    PROBES = "probes"
    """The profile's health probes: the service as its callers see it."""


class Answered(StrEnum):
    """What became of one question."""

    YES = "answers"
    """Somebody answered, be it with a refusal."""
    SLOW = "answers slowly"
    THROTTLED = "throttles"
    FAILING = "fails"
    """An error of the server: there, and not well."""
    DARK = "no answer"
    UNASKED = "not asked"

    @property
    def up(self) -> bool:
        """Whether somebody is there."""
        return self in (Answered.YES, Answered.SLOW, Answered.THROTTLED)

    @property
    def down(self) -> bool:
        """Whether nobody is there, or nobody who is well."""
        return self in (Answered.DARK, Answered.FAILING)


class Belief(StrEnum):
    """What the signs add up to."""

    WELL = "looks well"
    REGION_DARK = "region dark"
    CONTROL_DARK = "control plane dark"
    DATA_DARK = "data plane dark"
    IDENTITY_DARK = "identity dark"
    PARTLY = "partly dark"
    ONE_SERVICE = "one service dark"
    BOTH_DARK = "both regions dark"
    OUR_NETWORK = "our own network"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Sign:
    """One question, and what became of it."""

    plane: Plane
    side: Side | None
    """``None`` for what no single region serves."""
    service: str
    """``Storage``, ``Machine Learning``, …: what would be dark if only this were."""
    what: str
    """Whom was asked, for a human."""
    answered: Answered
    text: str
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the signs say, and what of them speaks against that."""

    belief: Belief
    verdict: Verdict
    text: str
    against: tuple[str, ...] = ()


def judge(signs: tuple[Sign, ...], primary: str, secondary: str) -> Judgement:
    """Return what is most likely, in one sentence, and every sign that does not fit it."""
    asked = [s for s in signs if s.answered is not Answered.UNASKED]
    if not asked:
        return Judgement(Belief.CANNOT_TELL, Verdict.UNKNOWN, "Nothing could be asked.")
    if not any(s.answered.up for s in asked):
        return _nothing_answers(asked)
    view = _View(tuple(asked), primary, secondary)
    return view.judged()


def _nothing_answers(asked: list[Sign]) -> Judgement:
    elsewhere = [s for s in asked if s.side is not Side.PRIMARY]
    if not elsewhere:
        return Judgement(
            Belief.CANNOT_TELL,
            Verdict.UNKNOWN,
            "Nothing of the primary answers, and nothing else was asked: whether it is the region cannot be told.",
        )
    return Judgement(
        Belief.OUR_NETWORK,
        Verdict.UNKNOWN,
        "Nothing answers at all, not even what lies in other regions: look at this machine's "
        "network, DNS and proxy before you blame a region.",
    )


@dataclass(frozen=True, slots=True)
class _View:
    """The signs, by plane and side."""

    signs: tuple[Sign, ...]
    primary: str
    secondary: str

    def of(self, *planes: Plane, side: Side | None) -> tuple[Sign, ...]:
        return tuple(s for s in self.signs if s.plane in planes and s.side is side)

    def judged(self) -> Judgement:
        identity = self.of(Plane.IDENTITY, side=None)
        here = self.of(Plane.CONTROL, Plane.DATA, side=Side.PRIMARY)
        if identity and all(s.answered.down for s in identity):
            return self._identity_dark(here)
        if not here:
            return Judgement(
                Belief.CANNOT_TELL, Verdict.UNKNOWN, f"Nothing in {self.primary} could be asked."
            )
        if not any(s.answered.down for s in here):
            return self._well()
        return self._something_dark(here)

    def _well(self) -> Judgement:
        red = [s for s in self.of(Plane.PROBES, side=None) if s.answered.down]
        if red:
            return Judgement(
                Belief.WELL,
                Verdict.WARN,
                f"{self.primary} answers on every plane, yet {_and(s.what for s in red)} "
                f"{'is' if len(red) == 1 else 'are'} red: look at the service itself (deployment, traffic, certificates) "
                "before you blame the region.",
                self._against(Belief.WELL),
            )
        return Judgement(
            Belief.WELL,
            Verdict.PASS,
            f"{self.primary} looks well from here: every plane answers. A false alarm, unless others see more.",
            self._against(Belief.WELL),
        )

    def _identity_dark(self, here: tuple[Sign, ...]) -> Judgement:
        both = [s for s in self.signs if s.plane is Plane.DATA]
        if {s.side for s in both} == set(Side) and all(s.answered.down for s in both):
            return Judgement(
                Belief.OUR_NETWORK,
                Verdict.UNKNOWN,
                "Neither sign-in nor any data plane answers, in either region: a proxy or a firewall between "
                "here and Azure is likelier than two dark regions.",
                self._against(Belief.IDENTITY_DARK),
            )
        data = [s for s in here if s.plane is Plane.DATA]
        if data and all(s.answered.down for s in data):
            more = f"The data plane of {self.primary} does not answer either: it may be both."
        elif data:
            more = f"The data plane of {self.primary} answers: the region is not what is dark."
        else:
            more = f"Whether {self.primary} is well cannot be told by this."
        return Judgement(
            Belief.IDENTITY_DARK,
            Verdict.FAIL,
            f"Identity is dark: nobody can sign in anew, so nothing can be changed either. {more}",
            self._against(Belief.IDENTITY_DARK),
        )

    def _something_dark(self, here: tuple[Sign, ...]) -> Judgement:
        control = _share([s for s in here if s.plane is Plane.CONTROL])
        data = _share([s for s in here if s.plane is Plane.DATA])
        there = self.of(Plane.CONTROL, Plane.DATA, side=Side.SECONDARY)
        if there and all(s.answered.down for s in there):
            return self._both(Belief.BOTH_DARK)
        services = sorted({s.service for s in here if s.answered.down})
        answering = sorted({s.service for s in here if s.answered.up})
        if data == "all" and control in {"all", "none asked"}:
            return self._said(
                Belief.REGION_DARK, f"{self.primary} is dark: neither its control plane nor its data "
                "plane answers." if control == "all" else f"The data plane of {self.primary} is dark."
            )  # fmt: skip
        if data == "all":
            return self._said(Belief.REGION_DARK, self._region_words(here))
        if control == "all" and data == "none":
            return self._said(
                Belief.CONTROL_DARK,
                f"The control plane of {self.primary} is dark, its data plane answers: nothing can be "
                "changed there, and what runs goes on.",
            )
        if len(services) == 1 and answering and set(answering) - set(services):
            return Judgement(
                Belief.ONE_SERVICE,
                Verdict.WARN,
                f"Only {services[0]} is dark in {self.primary}; {_and(answering)} answer there. "
                "It does not look like the region.",
                self._against(Belief.ONE_SERVICE),
            )
        down = _labels(s for s in here if s.answered.down)
        up = [label for label in _labels(s for s in here if s.answered.up) if label not in down]
        text = f"{self.primary} is partly dark: no answer, or not everywhere, of {_and(down)}"
        return self._said(Belief.PARTLY, f"{text}; {_and(up) or 'nothing else'} as before.")

    def _region_words(self, here: tuple[Sign, ...]) -> str:
        control = [s for s in here if s.plane is Plane.CONTROL]
        down = sorted({s.service for s in control if s.answered.down})
        up = sorted({s.service for s in control if s.answered.up} - set(down))
        text = f"{self.primary} is dark: its data plane does not answer"
        if down:
            text += f", nor does the provider of {_and(down)}"
        if "Storage" in up:
            return f"{text}. Its storage provider does: a failover can be asked for."
        return f"{text}; of its control plane {_and(up) or 'nothing'} answers."

    def _said(self, belief: Belief, text: str) -> Judgement:
        if self.secondary and self.of(Plane.CONTROL, Plane.DATA, side=Side.SECONDARY):
            text += f" {self.secondary} answers."
        return Judgement(belief, Verdict.FAIL, text, self._against(belief))

    def _both(self, belief: Belief) -> Judgement:
        return Judgement(
            belief,
            Verdict.UNKNOWN,
            f"{self.primary} does not answer, and {self.secondary} does not either: moving there "
            "helps nobody. It is more than one region, or the network between.",
            self._against(belief),
        )

    def _against(self, belief: Belief) -> tuple[str, ...]:
        """Return what does not fit, in the order of the signs."""
        found = [words for s in self.signs if (words := self._contradicts(s, belief))]
        data = self.of(Plane.DATA, side=Side.PRIMARY)
        if belief is Belief.REGION_DARK and len(data) == 1:
            found.append(f"Only one address of its data plane was asked: {data[0].what}.")
        return tuple(found)

    def _contradicts(self, sign: Sign, belief: Belief) -> str:
        said = f"{sign.what}: {sign.answered.value} ({sign.text})."
        match belief:
            case Belief.WELL:
                fits = sign.answered is Answered.YES
            case Belief.REGION_DARK | Belief.PARTLY | Belief.CONTROL_DARK | Belief.DATA_DARK:
                dark_planes = (
                    {Plane.CONTROL}
                    if belief is Belief.CONTROL_DARK
                    else {Plane.CONTROL, Plane.DATA}
                )
                if sign.plane is Plane.PROBES:
                    fits = not sign.answered.up
                elif sign.side is Side.PRIMARY and sign.plane in dark_planes:
                    fits = sign.answered.down
                else:
                    fits = not sign.answered.down
            case Belief.IDENTITY_DARK:
                fits = sign.plane is Plane.IDENTITY or not sign.answered.down
            case _:
                fits = True
        return "" if fits else said


def _share(signs: list[Sign]) -> str:
    """Return how many of the signs are down: ``all``, ``some``, ``none``, or ``none asked``."""
    if not signs:
        return "none asked"
    down = [s.answered.down for s in signs]
    return "all" if all(down) else "some" if any(down) else "none"


def _labels(signs: Iterable[Sign]) -> list[str]:
    return sorted({f"{s.service} ({s.plane.value})" for s in signs})


def _and(words: Iterable[str]) -> str:
    listed = list(words)
    if len(listed) < 2:  # noqa: PLR2004 - nothing to join
        return "".join(listed)
    return f"{', '.join(listed[:-1])} and {listed[-1]}"
