"""Everything about the service that can be set from outside, in one place: read, checked and told apart from secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from mandi.core.errors import ConfigError, nearest
from mandi.serving.settings_ai import ModeVariables, PatienceVariables, ProviderVariables, SpendingVariables
from mandi.serving.settings_field import Declared, declared
from mandi.serving.settings_learning import LearningVariables, UnbuiltVariables
from mandi.serving.settings_service import BatchVariables, ServiceVariables, StoreVariables, WatchVariables

PARTS = (
    ServiceVariables, StoreVariables, BatchVariables, WatchVariables,
    ModeVariables, ProviderVariables, PatienceVariables, SpendingVariables,
    LearningVariables, UnbuiltVariables,
)  # fmt: skip
ELSEWHERE = frozenset(
    {"MANDI_ROOT", "MANDI_USER", "MANDI_BENCH_DATA", "MANDI_TEST_POSTGRES", "MANDI_TEST_REDIS"}
)
"""Ours, and read by other commands than the service."""
OURS = ("MANDI_", "AI_")
SHOW = "mandi settings"
REAL_NEEDS = "OPENAI_API_KEY, ANTHROPIC_API_KEY, GOOGLE_AI_API_KEY, LLAMA_ENDPOINT or COMPATIBLE_BASE_URL"
SCHEMES = {
    "database_url": ("postgresql", "postgresql+psycopg", "postgres", "sqlite"),
    "redis_url": ("redis", "rediss", "unix"),
    **dict.fromkeys(
        ("openai_base_url", "anthropic_base_url", "gemini_base_url", "local_url", "compatible_base_url"),
        ("https", "http"),
    ),
    "alert_webhook_url": ("https", "http"),
}


class Settings(
    BaseSettings,
    ServiceVariables, StoreVariables, BatchVariables, WatchVariables,
    ModeVariables, ProviderVariables, PatienceVariables, SpendingVariables,
    LearningVariables, UnbuiltVariables,
):  # fmt: skip
    """The settings of the service, from the environment.

    Nothing is required: without any variable the service answers in hybrid mode by the analyst, on SQLite. See
    ``load`` for files, checks and errors.

    Examples
    --------
    >>> Settings(ai_mode="mock").threshold_high > Settings(ai_mode="mock").threshold_low
    True
    """

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", populate_by_name=True, frozen=True, hide_input_in_errors=True
    )

    @property
    def database_address(self) -> str:
        """URL of the database for SQLAlchemy; it may hold a password, so it is not for showing."""
        if self.database_url is None:
            return f"sqlite:///{(self.data_folder / 'service.db').absolute()}"
        given = self.database_url.get_secret_value()
        scheme, colon, rest = given.partition(":")
        return f"postgresql+psycopg{colon}{rest}" if scheme in ("postgres", "postgresql") else given

    @property
    def spool_place(self) -> Path:
        """Folder where records wait for the database."""
        return self.spool_folder or self.data_folder / "spool"

    @property
    def providers_configured(self) -> dict[str, bool]:
        """Whether each provider has what it needs to be asked: a key or an address, never which."""
        return {
            "openai": self.openai_api_key is not None,
            "anthropic": self.anthropic_api_key is not None,
            "gemini": self.gemini_api_key is not None,
            "local": self.local_url is not None,
            "compatible": self.compatible_base_url is not None,
        }

    @property
    def keeps_words(self) -> bool:
        """Whether the words of calls are kept where consent is granted: they go the way of the records of calls."""
        return self.enable_generation_records and self.enable_usage_logging

    def warnings(self) -> list[str]:
        """Return what was set and has no effect, a sentence each."""
        told = []
        given = [n for n in ("neo4j_uri", "neo4j_user", "neo4j_password") if getattr(self, n) is not None]
        if given or self.memory_backend == "neo4j":
            named = ", ".join(
                [*(n.upper() for n in given), *(["MEMORY_BACKEND"] if self.memory_backend == "neo4j" else [])]
            )
            told.append(f"{named}: no graph database is built in; conversations are kept in the SQL database")
        if self.enable_tutor_logging and not self.keeps_words:
            told.append("ENABLE_TUTOR_LOGGING: no words are kept, so no answers of a student are either")
        if self.alert_webhook_url is not None and self.alert_webhook_secret is None:
            told.append("MANDI_ALERT_WEBHOOK_SECRET is not set: alerts are posted without a signature")
        return told


def load(env_file: Path | None = None) -> Settings:
    """Read the settings and check them against one another.

    Parameters
    ----------
    env_file : Path, optional
        A ``.env``; what the environment says wins over it. No such file is the same as none.

    Raises
    ------
    ConfigError
        A variable of ours in the file is not known, a value cannot be used, or two of them do not go together. A secret's
        value is never in the message.
    """
    if env_file is not None:
        _check_names(env_file)
    try:
        settings = Settings(_env_file=env_file)  # type: ignore[call-arg]
    except ValidationError as error:
        raise _unusable(error) from None
    except SettingsError as error:
        raise ConfigError(f"{error}", allowed="JSON", next_command=SHOW) from None
    _check(settings)
    return settings


def environment_with(env_file: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment completed by a ``.env`` file, for a process that is to be started.

    Parameters
    ----------
    env_file : Path
    environment : mapping, optional
        What wins; that of this process if not given.

    Raises
    ------
    ConfigError
        A variable of ours in the file is not known.
    """
    given = os.environ if environment is None else environment
    return {**_file(env_file), **given}


def secrets_of(settings: Settings) -> list[str]:
    """Return every secret that is set, so that the log can be kept clean of them."""
    given = [getattr(settings, name) for name in type(settings).model_fields]
    return [value.get_secret_value() for value in given if isinstance(value, SecretStr)]


def fields() -> Iterator[tuple[type, str, FieldInfo, Declared]]:
    """Yield every variable: its part, its field's name, the field, and its declaration."""
    for part in PARTS:
        for name, field in part.model_fields.items():
            yield part, name, field, declared(field)


def is_secret(field: FieldInfo) -> bool:
    """Return whether a value may not be shown.

    Examples
    --------
    >>> is_secret(Settings.model_fields["openai_api_key"]), is_secret(Settings.model_fields["ai_mode"])
    (True, False)
    """
    return "SecretStr" in str(field.annotation)


def _file(env_file: Path) -> dict[str, str]:
    from dotenv import dotenv_values

    if not env_file.is_file():
        return {}
    _check_names(env_file)
    return {name: value for name, value in dotenv_values(env_file, interpolate=False).items() if value}


def _check_names(env_file: Path) -> None:
    from dotenv import dotenv_values

    if not env_file.is_file():
        return
    known = {n for _, _, _, said in fields() for n in said.names} | ELSEWHERE
    for name in dotenv_values(env_file, interpolate=False):
        if name.upper().startswith(OURS) and name.upper() not in known:
            raise ConfigError(
                f"{env_file.name} sets {name}, which is not known{nearest(name.upper(), known)}",
                allowed="the variables of docs/settings.md",
                next_command=SHOW,
            )


def _unusable(error: ValidationError) -> ConfigError:
    first = error.errors(include_url=False, include_input=True)[0]
    by_name = {n.upper(): (name, field) for _, name, field, said in fields() for n in said.names}
    named = str(first["loc"][0]).upper()
    name, field = by_name.get(named, (None, None))
    given = first.get("input")
    if field is None or is_secret(field) or name in ("prices", "tiers"):
        return ConfigError(f"{named} cannot be used", allowed=first["msg"], next_command=SHOW)
    return ConfigError(f"{named} is {given!r}", allowed=first["msg"], next_command=SHOW)


def _check(settings: Settings) -> None:
    if settings.threshold_low >= settings.threshold_high:
        raise ConfigError(
            f"CONFIDENCE_THRESHOLD_LOW is {settings.threshold_low} and CONFIDENCE_THRESHOLD_HIGH is {settings.threshold_high}",
            allowed="LOW < HIGH",
            next_command=SHOW,
        )
    if settings.retry_min_seconds > settings.retry_max_seconds:
        raise ConfigError(
            f"AI_RETRY_MIN_SECONDS is {settings.retry_min_seconds} and AI_RETRY_MAX_SECONDS is {settings.retry_max_seconds}",
            allowed="MIN <= MAX",
            next_command=SHOW,
        )
    _check_addresses(settings)
    _check_providers(settings)


def _check_addresses(settings: Settings) -> None:
    for _, name, _, said in fields():
        allowed = SCHEMES.get(name)
        given = getattr(settings, name)
        if allowed is None or given is None:
            continue
        text = given.get_secret_value() if isinstance(given, SecretStr) else given
        try:
            scheme = urlsplit(text).scheme
        except ValueError:
            scheme = ""
        if (
            scheme not in allowed
        ):  # the address may hold a password: only its scheme is told, and only a plain one
            told = f'"{scheme}:"' if scheme.isalpha() else "no URL"
            raise ConfigError(
                f"{said.names[0]} begins with {told}",
                allowed=", ".join(f"{s}:" for s in allowed),
                next_command=SHOW,
            )


def _check_providers(settings: Settings) -> None:
    configured = settings.providers_configured
    if settings.compatible_base_url is not None and settings.compatible_model is None:
        raise ConfigError(
            "COMPATIBLE_BASE_URL is set without COMPATIBLE_MODEL", next_command="set COMPATIBLE_MODEL"
        )
    if settings.ai_mode != "real":
        return
    if not any(configured.values()):
        raise ConfigError(
            'AI_MODE is "real" and no provider is configured', allowed=f"real with {REAL_NEEDS}",
            next_command="set one of them, or AI_MODE=hybrid",
        )  # fmt: skip
    if settings.ai_provider != "hybrid" and not configured[settings.ai_provider]:
        raise ConfigError(
            f'AI_MODE is "real" and AI_PROVIDER is "{settings.ai_provider}", which is not configured',
            allowed=", ".join(n for n, there in configured.items() if there),
            next_command=f"set what {settings.ai_provider} needs, or AI_PROVIDER=hybrid",
        )
