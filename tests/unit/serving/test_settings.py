"""Settings: every name that was ever promised is taken, what cannot be used is told, and no secret is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mandi.core.errors import ConfigError
from mandi.serving.settings import Settings, environment_with, fields, is_secret, load

PROMISED = {
    "AI_MODE": "mock", "OPENAI_API_KEY": "sk-a", "ANTHROPIC_API_KEY": "sk-b", "AI_TIMEOUT_SECONDS": "12",
    "MAX_FALLBACK_ATTEMPTS": "2", "POSTGRESQL_URL": "postgresql://u:p@h/d", "REDIS_URL": "redis://h/0",
    "CACHE_TTL_SECONDS": "60", "CACHE_AI_RESPONSES": "false", "ENABLE_USAGE_LOGGING": "false",
    "ENABLE_PERFORMANCE_MONITORING": "false", "ALERT_ON_AI_FAILURES": "false",
    "AI_PROVIDER": "openai", "OPENAI_MODEL": "m1", "LLAMA_ENDPOINT": "http://h:11434", "LLAMA_MODEL": "m2",
    "AI_ROUTER": "simple", "CONFIDENCE_THRESHOLD_HIGH": "0.8", "CONFIDENCE_THRESHOLD_LOW": "0.3",
    "MEMORY_BACKEND": "postgres", "NEO4J_URI": "bolt://h:7687", "NEO4J_USER": "neo4j", "NEO4J_PASSWORD": "pw",
    "ENABLE_AUTO_LABELING": "true", "ENABLE_RLHF_LITE": "true", "ENABLE_TUTOR_LOGGING": "true",
    "ENABLE_WEEKLY_RETRAINING": "true", "TRACK_CONFIDENCE_SCORES": "false", "TRACK_ROUTE_DECISIONS": "false",
    "TRACK_REWARD_SCORES": "false", "GOOGLE_AI_API_KEY": "sk-c", "GCP_PROJECT_ID": "proj", "GCP_REGION": "eu",
    "LOCAL_FALLBACK_ENABLED": "false", "QUALITY_ASSESSMENT_ENABLED": "false", "LOG_LEVEL": "DEBUG",
    "MANDI_SERVICE_FOLDER": "f", "MANDI_WORKERS": "3", "MANDI_TIMEOUT_SECONDS": "9",
}  # fmt: skip
ALIASES = [
    ("DATABASE_URL", "postgresql://h/d", "database_url"), ("LOCAL_INFER_URL", "http://h:1", "local_url"),
    ("GEMINI_CONFIDENCE_THRESHOLD", "0.7", "threshold_high"), ("GEMINI_API_KEY", "sk", "gemini_api_key"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for _, _, _, said in fields():
        for name in said.names:
            monkeypatch.delenv(name, raising=False)


def written(folder: Path, text: str) -> Path:
    (folder / ".env").write_text(text)
    return folder / ".env"


def test_nothing_is_required() -> None:
    settings = load()
    assert settings.ai_mode == "hybrid"
    assert settings.database_address.endswith("/.mandi/service.db")
    assert settings.redis_url is None
    assert not any(settings.providers_configured.values())
    assert settings.warnings() == []


def test_every_promised_variable_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PROMISED.items():
        monkeypatch.setenv(name, value)
    settings, default = load(), Settings.model_construct()
    names = {said.names[0]: name for _, name, _, said in fields()}
    for name in PROMISED:
        field = names[name]
        assert field in settings.model_fields_set, name
        if name != "MEMORY_BACKEND":  # the one that has a single value
            assert getattr(settings, field) != getattr(default, field), name


@pytest.mark.parametrize(("alias", "value", "field"), ALIASES)
def test_aliases(monkeypatch: pytest.MonkeyPatch, alias: str, value: str, field: str) -> None:
    monkeypatch.setenv(alias, value)
    assert field in load().model_fields_set


def test_the_canonical_threshold_wins_over_its_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_CONFIDENCE_THRESHOLD", "0.7")
    assert load().threshold_high == 0.7
    monkeypatch.setenv("CONFIDENCE_THRESHOLD_HIGH", "0.8")
    assert load().threshold_high == 0.8


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, "AI_MODE=mock\nMANDI_WORKERS=2\nOPENAI_API_KEY=\n")
    monkeypatch.setenv("MANDI_WORKERS", "4")
    settings = load(file)
    assert (settings.ai_mode, settings.workers, settings.openai_api_key) == ("mock", 4, None)
    merged = environment_with(file, {"MANDI_WORKERS": "4"})
    assert merged == {"AI_MODE": "mock", "MANDI_WORKERS": "4"}
    assert load(tmp_path / "none.env") == load()


@pytest.mark.parametrize(("name", "near"), [("MANDI_WORKER", "MANDI_WORKERS"), ("AI_MODES", "AI_MODE")])
def test_an_unknown_name_of_ours_is_refused_with_the_nearest(tmp_path: Path, name: str, near: str) -> None:
    file = written(tmp_path, f"{name}=2\nSOMEBODY_ELSES=1\n")
    with pytest.raises(ConfigError, match=f'did you mean "{near}"'):
        load(file)
    with pytest.raises(ConfigError, match=name):
        environment_with(file, {})


def test_names_read_by_other_commands_may_be_in_the_file(tmp_path: Path) -> None:
    assert load(written(tmp_path, "MANDI_BENCH_DATA=/data\nBENTOML_DO_NOT_TRACK=True\n")).port == 3000


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"MANDI_WORKERS": "many"}, "MANDI_WORKERS is 'many'"),
        ({"AI_MODE": "turbo"}, "AI_MODE is 'turbo'"),
        ({"AI_PROVIDER": "closedai"}, "AI_PROVIDER is 'closedai'"),
        ({"CONFIDENCE_THRESHOLD_HIGH": "1.2"}, "CONFIDENCE_THRESHOLD_HIGH is '1.2'"),
        ({"CONFIDENCE_THRESHOLD_LOW": "0.75"}, "CONFIDENCE_THRESHOLD_LOW is 0.75"),
        ({"AI_RETRY_MIN_SECONDS": "20"}, "AI_RETRY_MIN_SECONDS is 20"),
        ({"REDIS_URL": "http://:hunter2@h"}, 'REDIS_URL begins with "http:"'),
        ({"POSTGRESQL_URL": "hunter2"}, "POSTGRESQL_URL begins with no URL"),
        ({"LLAMA_ENDPOINT": "file:///etc/passwd"}, 'LLAMA_ENDPOINT begins with "file:"'),
        ({"AI_TIERS": "{bad hunter2"}, "AI_TIERS"),
        ({"COMPATIBLE_BASE_URL": "https://h"}, "COMPATIBLE_MODEL"),
        ({"AI_MODE": "real"}, "no provider is configured"),
        ({"AI_MODE": "real", "OPENAI_API_KEY": "hunter2", "AI_PROVIDER": "anthropic"}, "not configured"),
    ],
)
def test_what_cannot_be_used_is_told(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], message: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as told:
        load()
    assert message in str(told.value)
    assert "hunter2" not in str(told.value)
    assert told.value.__cause__ is None
    assert told.value.next_command


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "GOOGLE_AI_API_KEY", "LOCAL_INFER_URL"])
def test_real_needs_one_provider(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("AI_MODE", "real")
    monkeypatch.setenv(name, "http://h:1")
    assert load().ai_mode == "real"


def test_what_is_not_built_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_PASSWORD", "hunter2")
    monkeypatch.setenv("MEMORY_BACKEND", "neo4j")
    (told,) = load().warnings()
    assert "NEO4J_PASSWORD, MEMORY_BACKEND" in told
    assert "hunter2" not in told


def test_a_tutor_without_words_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_TUTOR_LOGGING", "true")
    assert load().warnings() == []
    monkeypatch.setenv("ENABLE_GENERATION_RECORDS", "false")
    (told,) = load().warnings()
    assert told.startswith("ENABLE_TUTOR_LOGGING: no words are kept")


def test_a_webhook_without_a_secret_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANDI_ALERT_WEBHOOK_URL", "https://example.com/hook")
    assert "without a signature" in load().warnings()[0]


def test_postgres_addresses_name_their_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"):
        monkeypatch.setenv("POSTGRESQL_URL", given)
        assert load().database_address == "postgresql+psycopg://u:p@h/d"


def test_no_secret_is_in_text(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [said.names[0] for _, _, field, said in fields() if is_secret(field)]
    assert {"OPENAI_API_KEY", "POSTGRESQL_URL", "REDIS_URL", "MANDI_ALERT_WEBHOOK_URL"} <= set(names)
    for name in names:
        monkeypatch.setenv(name, "hunter2")
    assert "hunter2" not in repr(Settings()) + str(Settings()) + Settings().model_dump_json()


def test_no_secret_has_a_default(root: Path) -> None:
    assert [name for _, name, field, _ in fields() if is_secret(field) and field.default is not None] == []
    lines = (root / ".env.example").read_text(encoding="utf-8").splitlines()
    given = {line[1:].partition("=")[0]: line.partition("=")[2] for line in lines if "=" in line}
    keys = [said.names[0] for _, _, field, said in fields() if is_secret(field) and not said.example]
    assert keys and not any(given[name] for name in keys)


@pytest.mark.parametrize("name", ["development", "staging", "production"])
def test_the_starting_points_can_be_used(root: Path, name: str) -> None:
    file = root / "env" / f"{name}.env"
    settings = load(file)
    assert settings.ai_mode == ("mock" if name == "development" else "hybrid")
    secret = {said.names[0] for _, _, field, said in fields() if is_secret(field)}
    assert not secret & set(environment_with(file, {}))


def test_every_variable_has_one_name_and_says_what_it_is_for() -> None:
    names = [n for _, _, _, said in fields() for n in said.names]
    assert len(names) == len(set(names))
    assert all(field.description for _, _, field, _ in fields())
    assert {name for _, name, _, _ in fields()} == set(Settings.model_fields)


def test_what_is_said_to_be_read_is_read(root: Path) -> None:
    text = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("src/mandi", "pipelines")
        for path in (root / folder).rglob("*.py")
        if not path.name.startswith("settings_")
    )
    later = {"nothing: not built", "numerical libraries"}
    unread = [
        said.names[0]
        for _, name, _, said in fields()
        if said.read_by not in later
        and not re.search(rf"(settings|self|settings_of\(\w+\))\.{name}\b", text)
        and f'"{said.names[0]}"' not in text
    ]
    assert unread == []
