"""Names a client may ask for: the modes of this service, its encoder, and every model of every provider as ``provider/model``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mandi.llm.calls import Mode
from mandi.serving.problems import NOT_FOUND, Problem, Refused

if TYPE_CHECKING:
    from mandi.llm.provider import Provider

ENCODER = "mandi-encoder"
LIVE = "mandi"
POLICIES: Mapping[str, tuple[Mode | None, str]] = {
    LIVE: (None, "the mode the service is in"),
    "mandi-hybrid": (
        "hybrid",
        "whoever suits the question: student, vendor or local model; the analyst last",
    ),
    "mandi-mock": ("mock", "the analyst: rules over the figures of the models, no language model"),
    "mandi-real": ("real", "vendors and local models only, never the analyst"),
}
NO_MODEL = "model_not_found"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a name stands for: a mode, or one provider and its model."""

    name: str
    mode: Mode | None = None
    provider: str | None = None
    model: str | None = None


def chosen(name: str, providers: Mapping[str, Provider]) -> Chosen:
    """Return what a name stands for.

    Parameters
    ----------
    name : str
        As ``catalogue`` lists it.
    providers : mapping
        By name, everybody who is configured.

    Raises
    ------
    Refused
        404, with the names that are known.

    Examples
    --------
    >>> chosen("mandi-mock", {}).mode
    'mock'
    """
    if name in POLICIES:
        return Chosen(name, mode=POLICIES[name][0])
    provider, _, model = name.partition("/")
    if provider in providers and model in providers[provider].models():
        return Chosen(name, provider=provider, model=model)
    raise no_model(name, providers)


def chosen_encoder(name: str, providers: Mapping[str, Provider]) -> Chosen:
    """Return the provider and the model that a name of vectors stands for; as ``chosen``.

    Raises
    ------
    Refused
        404; nobody of this name gives vectors.
    """
    provider, _, model = name.partition("/")
    if provider in providers and model in encoders_of(providers[provider]):
        return Chosen(name, provider=provider, model=model)
    known = ", ".join([ENCODER, *(f"{p}/{m}" for p, each in providers.items() for m in encoders_of(each))])
    raise Refused(
        Problem(
            NOT_FOUND, f"no model {name[:100]!r} of vectors", "model", known, "GET /v1/models", code=NO_MODEL
        )
    )


def encoders_of(provider: Provider) -> Sequence[str]:
    """Return the models of a provider that give vectors."""
    named: Sequence[str] = getattr(provider, "embedding_models", ())
    return named


def catalogue(providers: Mapping[str, Provider], with_encoder: bool) -> Iterator[dict[str, Any]]:
    """Give every name as ``/v1/models`` lists it.

    Examples
    --------
    >>> [m["id"] for m in catalogue({}, with_encoder=True)]
    ['mandi', 'mandi-hybrid', 'mandi-mock', 'mandi-real', 'mandi-encoder']
    """
    for name, (_, words) in POLICIES.items():
        yield _listed(name, "mandi", "policy", words)
    if with_encoder:
        yield _listed(
            ENCODER, "mandi", "encoder", "vectors of hashed words and letters, for nearness of texts"
        )
    for provider in providers.values():
        for model in provider.models():
            yield _listed(
                f"{provider.name}/{model}", provider.name, provider.kind, "answers alone, or not at all"
            )
        for model in encoders_of(provider):
            yield _listed(f"{provider.name}/{model}", provider.name, "encoder", "vectors of texts")


def no_model(name: str, providers: Mapping[str, Provider]) -> Refused:
    """Return the refusal of a name nobody answers to."""
    known = ", ".join([*POLICIES, ENCODER, *(f"{p}/..." for p in providers)])
    return Refused(
        Problem(NOT_FOUND, f"no model {name[:100]!r}", "model", known, "GET /v1/models", code=NO_MODEL)
    )


def _listed(name: str, owner: str, kind: str, words: str) -> dict[str, Any]:
    return {
        "id": name, "object": "model", "created": 0, "owned_by": owner, "mandi": {"kind": kind, "words": words},
    }  # fmt: skip
