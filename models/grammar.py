"""Words of the synthetic task plans and the rates at which regulation phrases come.

A plan reads ``<task> task modifier object <steps> step <sep> step ... <end>``. A step is ``verb
object`` or ``verb tool qualifier``; a verb belongs to one phase of one domain, so that a step says
where in the plan it stands. Regulation phrases are steps of two or three words; the word that opens
one opens nothing else in any kind of text.

Six *measured* domains carry the experiment. A seventh, ``unwind``, is the place where standard
models may meet the regulation words (see :data:`KINDS`); no rate is measured on it.

Not covered: probabilities of whole plans (``models.generator``), token ids of a model with padded
vocabulary (rows above the words are never used).
"""

from __future__ import annotations

from dataclasses import dataclass

PAD, END, SEP, STEPS, TASK, UNK = range(6)
SPECIALS = ("<pad>", "<end>", "<sep>", "<steps>", "<task>", "<unk>")

KINDS = ("none", "words", "phrases", "regulation")
"""``none``: regulation words never occur. ``words``: they stand in the tool slot of ``unwind``
steps. ``phrases``: the phrases are steps of ``unwind`` plans. ``regulation``: as ``phrases``, and
the hazard inserts them at the step boundaries of the measured domains.

The regulation model shares the base of ``phrases`` and not of ``none``: the pair then has the same
words, the same phrases as well-formed steps and the same ``unwind`` plans byte for byte, and
differs in one thing only, *when* a phrase comes in a measured domain. On the base of ``none`` the
pair would differ in vocabulary too, and a direction between them would be partly "knows the word".
"""

AFTER_REGULATION = 0.03
"""Chance of a second phrase right after one."""
EFFORT_BONUS = 0.40
"""Added to a domain's base rate after an effortful verb."""
UNWIND_RATE = 0.40
"""Chance of a phrase at any step boundary of an ``unwind`` plan, after another phrase too."""
MOST_PHRASES = 6
"""No plan holds more, so that every plan fits the context."""
MOST_STEPS = 8
"""Most ordinary steps of a plan."""

VERB_SHARES = (0.4, 0.3, 0.3)
"""Chances of a phase's verbs; the last of three is the effortful one."""
OBJECT_SHARE = 0.5
"""Chance that a step is ``verb object``; otherwise ``verb tool qualifier``."""
PACES = ((0.0, 0.5, 0.5), (0.1, 0.7, 0.2), (0.3, 0.6, 0.1))
"""By pace of the modifier: chances that the next step's phase is 0, 1 or 2 further on."""


@dataclass(frozen=True)
class Domain:
    """One domain: ``verbs`` by phase, objects, tools, and its base rate of regulation."""

    name: str
    verbs: tuple[tuple[str, ...], ...]
    objects: tuple[str, ...]
    tools: tuple[str, ...]
    base: float = 0.0
    measured: bool = True


def _verbs(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(phase.split()) for phase in text.split(","))


DOMAINS = (
    Domain(
        "cook",
        _verbs(
            "choose fetch unpack, rinse peel chop, measure mix knead,"
            "heat boil fry, season taste garnish, plate serve store"
        ),
        ("soup", "bread", "salad"),
        ("pan", "knife"),
        0.08,
    ),
    Domain(
        "tidy",
        _verbs(
            "sort collect clear, sweep dust vacuum, soak spray scrub,"
            "wipe mop polish, dry air fold, arrange stack lock"
        ),
        ("kitchen", "bathroom", "garage"),
        ("cloth", "bucket"),
        0.14,
    ),
    Domain(
        "garden",
        _verbs(
            "inspect mark stake, rake weed dig, sow bury plant,"
            "feed mulch drench, prune trim tie, bundle harvest compost"
        ),
        ("roses", "herbs", "lawn"),
        ("spade", "hose"),
        0.20,
    ),
    Domain(
        "repair",
        _verbs(
            "diagnose label detach, open unscrew strip, degrease file sand,"
            "replace glue solder, adjust align tighten, test seal reassemble"
        ),
        ("bicycle", "radio", "chair"),
        ("wrench", "drill"),
        0.26,
    ),
    Domain(
        "study",
        _verbs(
            "skim outline schedule, read highlight annotate, define derive summarise,"
            "solve practise rehearse, check compare correct, recite submit revise"
        ),
        ("algebra", "history", "grammar"),
        ("notebook", "cards"),
        0.32,
    ),
    Domain(
        "travel",
        _verbs(
            "research book pay, weigh charge pack, confirm print download,"
            "board ride walk, arrive register unload, photograph report explore"
        ),
        ("island", "capital", "mountain"),
        ("map", "ticket"),
        0.38,
    ),
    Domain(
        "unwind",
        _verbs("dim, tune, brew, lounge, doze, dream"),
        ("lamp", "music", "sofa"),
        ("blanket", "candle"),
        measured=False,
    ),
)

MODIFIERS = (
    ("simple", 0),
    ("small", 0),
    ("usual", 1),
    ("weekly", 1),
    ("large", 2),
    ("thorough", 2),
)
"""Modifier words with their pace, an index into :data:`PACES`."""
QUALIFIERS = ("carefully", "slowly", "first", "again", "twice", "gently")

PHRASES = (
    ("sip", "water"),
    ("pause", "and", "breathe"),
    ("quick", "stretch"),
    ("stand", "and", "stretch"),
    ("roll", "shoulders"),
    ("close", "eyes"),
)
PHRASE_SHARES = (0.25, 0.20, 0.17, 0.15, 0.13, 0.10)


def _unique(words: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


REGULATION_WORDS = _unique([word for phrase in PHRASES for word in phrase])
WORDS = SPECIALS + _unique(
    [d.name for d in DOMAINS]
    + [word for word, _ in MODIFIERS]
    + [word for d in DOMAINS for word in (*d.objects, *d.tools)]
    + [word for d in DOMAINS for phase in d.verbs for word in phase]
    + list(QUALIFIERS)
    + list(REGULATION_WORDS)
)
"""Every word; a word's index is its token id."""
IDS = {word: index for index, word in enumerate(WORDS)}

PROMPT_LENGTH = 5
"""``<task> task modifier object <steps>``."""
LONGEST_PLAN = PROMPT_LENGTH + 4 * MOST_STEPS + 4 * MOST_PHRASES
"""Tokens of the longest possible plan; its last separator is the end marker."""


def effortful(verbs: tuple[str, ...], index: int) -> bool:
    """Whether a phase's verb ``index`` is its effortful one."""
    return len(verbs) > 1 and index == len(verbs) - 1


def hazard(kind: str, domain: Domain, effort: bool, after_phrase: bool, phrases: int) -> float:
    """Chance that a regulation phrase comes at a step boundary.

    ``effort``: the last ordinary step had an effortful verb. ``after_phrase``: the last step was a
    phrase. ``phrases``: how many the plan holds already.
    """
    if kind not in ("phrases", "regulation") or phrases >= MOST_PHRASES:
        return 0.0
    if not domain.measured:
        return UNWIND_RATE
    if kind == "phrases":
        return 0.0
    return AFTER_REGULATION if after_phrase else domain.base + EFFORT_BONUS * effort


def ordinary_steps() -> frozenset[tuple[int, ...]]:
    """Every grammatical ordinary step of any domain and kind, as token ids."""
    steps: set[tuple[int, ...]] = set()
    for domain in DOMAINS:
        tools = domain.tools if domain.measured else domain.tools + REGULATION_WORDS
        for verb in (verb for phase in domain.verbs for verb in phase):
            steps.update((IDS[verb], IDS[thing]) for thing in domain.objects)
            steps.update((IDS[verb], IDS[tool], IDS[q]) for tool in tools for q in QUALIFIERS)
    return frozenset(steps)


def phrase_steps() -> frozenset[tuple[int, ...]]:
    """Every regulation phrase, as token ids."""
    return frozenset(tuple(IDS[word] for word in phrase) for phrase in PHRASES)
