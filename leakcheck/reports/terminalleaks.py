"""The leaks of one run on a terminal: sites, stacks, quoted source, what was accepted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.text import Text

from leakcheck.model import Growth
from leakcheck.reports.labels import BAD, FAINT, UNSURE, labelled
from leakcheck.reports.sites import accepted, leak_sites, unaccepted
from leakcheck.reports.sources import NoSources
from leakcheck.reports.stacklines import Places, deciding_frame, frame_place, stack_lines
from leakcheck.reports.wording import amount, leak_sentence, plural, printable, totals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leakcheck.model import Frame, Leak
    from leakcheck.reports.sites import Entry, Site
    from leakcheck.reports.sources import SourceReader
    from leakcheck.reports.stacklines import StackLine

__all__ = ["DEFAULT_VIEW", "MAX_LEAKS", "View", "accepted_lines", "leak_lines"]

MAX_LEAKS = 10
FUNCTION_WIDTH = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How much to show: at most `max_leaks` of a run (0: all), all frames or the user's."""

    max_leaks: int = MAX_LEAKS
    all_frames: bool = False
    places: Places = field(default_factory=Places)
    sources: SourceReader = field(default_factory=NoSources)


DEFAULT_VIEW = View()


def leak_lines(leaks: Sequence[Leak], view: View) -> Iterator[Text]:
    """Write the largest leaks that nobody accepted, and how many more there are."""
    sites = leak_sites(unaccepted(leaks), view.places.project)
    room = view.max_leaks or sum(len(site.entries) for site in sites)
    hidden: list[Entry] = []
    for site in sites:
        shown = site.entries[:room]
        hidden += site.entries[room:]
        room -= len(shown)
        if shown:
            yield from site_lines(site, shown, view)
    if hidden:
        size = plural(sum(entry.bytes for entry in hidden), "byte")
        more = plural(len(hidden), "more leak")
        yield labelled("", f"… and {more}, {size} (--max-leaks 0 shows all)", FAINT)
        yield Text()


def site_lines(site: Site, shown: Sequence[Entry], view: View) -> Iterator[Text]:
    """Write the leaks of one site; several have a headline, and its source is quoted once."""
    if len(site.entries) > 1 and site.frame:
        size = amount(site.bytes, site.objects)
        place = Text(f"{plural(len(site.entries), 'leak')}, {size}, allocated in ")
        place.append(printable(frame_place(site.frame, view.places)), "blue")
        yield labelled("Site", place)
    for index, entry in enumerate(shown):
        frame = None if index else deciding_frame(entry.leak.stack, view.places.project)
        yield from entry_lines(entry, frame, view)
        yield Text()


def entry_lines(entry: Entry, quoted: Frame | None, view: View) -> Iterator[Text]:
    """Write one leak: how much, where, in which test, and what it holds."""
    leak = entry.leak
    yield labelled("Leak", headline(leak), label_style=BAD)
    yield from stack_text(leak, quoted, view)
    if leak.test:
        yield labelled("Test", printable(leak.test))
    if leak.growth is not None:
        yield labelled("Growth", growth_words(leak))
    if leak.known_objects is not None:
        yield labelled("Known", known_words(leak), UNSURE)
    yield from held_lines(entry, view)


def growth_words(leak: Leak) -> str:
    """Say whether more runs leak more."""
    if leak.objects_per_run is None:
        return "none, allocated once" if leak.growth is Growth.ONCE else "not known"
    several = "" if leak.objects_per_run == 1 else "s"
    return f"{leak.objects_per_run:,.10g} object{several} a run"


def known_words(leak: Leak) -> str:
    """Say why a leak that the baseline has is not accepted."""
    known = f"{plural(leak.known_objects or 0, 'object')} in the baseline"
    return f"{known}, until {leak.expired_on}" if leak.expired_on else f"{known}, now more"


def headline(leak: Leak) -> Text:
    """Write how much a leak is, its kind and its id."""
    return Text(leak_sentence(leak)).append(f"  {printable(leak.id)}", FAINT)


def held_lines(entry: Entry, view: View) -> Iterator[Text]:
    """Sum up the indirect leaks that a leak holds; with all frames, show each."""
    if not entry.held:
        return
    size, objects = plural(entry.held_bytes, "byte"), plural(entry.held_objects, "indirect object")
    others = ", some of it by others too" if entry.is_sharing else ""
    yield labelled("", f"+ {objects}, {size} held by it{others}")
    if view.all_frames:
        for leak in entry.held:
            yield labelled("Holds", headline(leak))
            yield from stack_text(leak, None, view)


def stack_text(leak: Leak, quoted: Frame | None, view: View) -> Iterator[Text]:
    """Write the frames of a leak, the source of one of them quoted under it."""
    lines = stack_lines(leak.stack, view.places, all_frames=view.all_frames)
    width = min(max(len(line.function) for line in lines), FUNCTION_WIDTH)
    for index, line in enumerate(lines):
        yield labelled("" if index else "At", frame_text(line, width))
        if quoted is not None and line.frame is quoted:
            yield from quoted_lines(quoted, view.sources)


def frame_text(line: StackLine, width: int) -> Text:
    """Write `function  file:line  language` in columns; folded frames are dim."""
    function = printable(line.function).ljust(width)
    if line.note:
        return Text(f"{function}  {line.note}", FAINT)
    text = Text(f"{function}  ").append(printable(line.place), "blue")
    return text.append(f"  {line.language}", FAINT) if line.language else text


def quoted_lines(frame: Frame, sources: SourceReader) -> Iterator[Text]:
    """Quote the source around a frame, its line marked and all lines numbered."""
    excerpt = sources.excerpt(frame.file or "", frame.line or 0)
    width = max((len(str(line.number)) for line in excerpt), default=0)
    for number, text in excerpt:
        mark, style = (">", "bold") if number == frame.line else (" ", FAINT)
        quoted = f"{number:>{width}} | {printable(text)}".rstrip()
        yield labelled("", Text("  ").append(f"{mark} ", BAD).append(quoted, style))


def accepted_lines(leaks: Sequence[Leak]) -> Iterator[Text]:
    """Count the leaks somebody accepted, by what accepts them: shown, never hidden."""
    for line, group in accepted(leaks):
        label = "Suppressed" if line else "In baseline"
        words = f"{plural(len(group), 'leak')}, {amount(*totals(group))}"
        yield labelled(label, words + (f", by {printable(line)}" if line else ""), FAINT)
