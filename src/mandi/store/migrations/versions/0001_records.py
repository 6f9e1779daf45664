"""People, audit, settings, calls, deals, conversations and shared state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mandi.store.migrations.append_only import append_only
from mandi.store.migrations.columns import (
    JSON,
    TIME,
    amount,
    check,
    index,
    maybe,
    needed,
    primary,
    refers,
    unique,
)

revision = "0001"
down_revision = None
VIEW = """
CREATE VIEW api_usage_logs AS
SELECT m.id, m.endpoint, m.effective_mode AS ai_mode, m.status = 'success' AS success, m.latency_ms AS response_time_ms,
       m.error_message, u.id AS user_id, m.created_at AS timestamp
FROM ai_metrics m LEFT JOIN users u ON u.pseudonym = m.user_pseudonym
"""


def upgrade() -> None:
    """Make the first tables."""
    _people()
    _audit_and_settings()
    _calls()
    _deals()
    _conversations()


def _people() -> None:
    op.create_table(
        "organizations",
        needed("id", sa.String(32)),
        needed("name", sa.String(100)),
        needed("tier", sa.String(20)),
        needed("timezone", sa.String(64)),
        maybe("daily_budget_usd", amount(12, 6)),
        needed("active", sa.Boolean()),
        needed("created_at", TIME),
        needed("updated_at", TIME),
        check("organizations", "daily_budget_usd", "daily_budget_usd >= 0"),
        check("organizations", "tier", "tier IN ('free', 'pro', 'enterprise')"),
        primary("organizations", "id"),
        unique("organizations", "name"),
    )
    op.create_table(
        "users",
        needed("id", sa.String(32)),
        needed("organization_id", sa.String(32)),
        needed("username", sa.String(50)),
        maybe("email", sa.String(100)),
        needed("hashed_password", sa.String(255)),
        needed("role", sa.String(20)),
        needed("pseudonym", sa.String(32)),
        needed("is_active", sa.Boolean()),
        maybe("last_login", TIME),
        needed("created_at", TIME),
        needed("updated_at", TIME),
        maybe("deleted_at", TIME),
        check("users", "role", "role IN ('trader', 'analyst', 'reviewer', 'admin')"),
        refers("users", "organization_id", "organizations.id"),
        primary("users", "id"),
        unique("users", "email"),
        unique("users", "pseudonym"),
        unique("users", "username"),
    )
    index("users", "organization_id")
    op.create_table(
        "api_keys",
        needed("id", sa.String(32)),
        needed("organization_id", sa.String(32)),
        needed("user_id", sa.String(32)),
        needed("name", sa.String(100)),
        needed("prefix", sa.String(8)),
        needed("hash", sa.String(64)),
        needed("scopes", JSON),
        needed("created_at", TIME),
        maybe("last_used_at", TIME),
        maybe("expires_at", TIME),
        maybe("revoked_at", TIME),
        maybe("replaced_by", sa.String(32)),
        refers("api_keys", "organization_id", "organizations.id"),
        refers("api_keys", "replaced_by", "api_keys.id"),
        refers("api_keys", "user_id", "users.id"),
        primary("api_keys", "id"),
        unique("api_keys", "hash"),
    )
    index("api_keys", "organization_id")
    index("api_keys", "user_id")
    op.create_table(
        "refresh_tokens",
        needed("hash", sa.String(64)),
        needed("user_id", sa.String(32)),
        needed("family", sa.String(32)),
        needed("created_at", TIME),
        needed("expires_at", TIME),
        maybe("used_at", TIME),
        maybe("revoked_at", TIME),
        refers("refresh_tokens", "user_id", "users.id"),
        primary("refresh_tokens", "hash"),
    )
    index("refresh_tokens", "family")
    index("refresh_tokens", "user_id")


def _audit_and_settings() -> None:
    op.create_table(
        "audit_events",
        needed("id", sa.String(32)),
        needed("at", TIME),
        maybe("organization_id", sa.String(32)),
        needed("actor", sa.String(64)),
        needed("action", sa.String(64)),
        needed("target", sa.String(200)),
        needed("details", JSON),
        maybe("request_id", sa.String(64)),
        refers("audit_events", "organization_id", "organizations.id"),
        primary("audit_events", "id"),
    )
    index("audit_events", "at")
    index("audit_events", "organization_id", "at")
    op.create_table(
        "system_config",
        needed("key", sa.String(100)),
        needed("value", JSON),
        maybe("updated_by", sa.String(32)),
        needed("updated_at", TIME),
        refers("system_config", "updated_by", "users.id"),
        primary("system_config", "key"),
    )
    op.create_table(
        "shared_state",
        needed("key", sa.String(200)),
        needed("document", sa.LargeBinary()),
        maybe("expires_at", sa.Double()),
        needed("version", sa.BigInteger()),
        primary("shared_state", "key"),
    )
    index("shared_state", "expires_at")
    append_only("audit_events")


def _calls() -> None:
    op.create_table(
        "ai_metrics",
        needed("id", sa.String(32)),
        needed("request_id", sa.String(64)),
        needed("generation_id", sa.String(64)),
        needed("organization_id", sa.String(32)),
        needed("user_pseudonym", sa.String(32)),
        maybe("conversation_id", sa.String(32)),
        needed("endpoint", sa.String(100)),
        needed("task_type", sa.String(50)),
        maybe("assistant", sa.String(50)),
        maybe("language", sa.String(10)),
        needed("requested_mode", sa.String(20)),
        needed("effective_mode", sa.String(20)),
        needed("provider", sa.String(50)),
        needed("model", sa.String(100)),
        needed("route", sa.String(20)),
        needed("route_reason", sa.Text()),
        needed("fallback", sa.Boolean()),
        maybe("fallback_reason", sa.Text()),
        needed("degraded", sa.Boolean()),
        needed("cache", sa.String(20)),
        maybe("confidence", sa.Double()),
        needed("prompt_tokens", sa.Integer()),
        needed("completion_tokens", sa.Integer()),
        needed("total_tokens", sa.Integer()),
        needed("cost_usd", amount(10, 6)),
        needed("latency_ms", sa.Integer()),
        maybe("first_token_ms", sa.Integer()),
        needed("status", sa.String(20)),
        maybe("error_message", sa.Text()),
        needed("attempts", JSON),
        needed("created_at", TIME),
        check("ai_metrics", "cache", "cache IN ('off', 'miss', 'exact', 'semantic')"),
        check("ai_metrics", "confidence", "confidence BETWEEN 0 AND 1"),
        check("ai_metrics", "cost_usd", "cost_usd >= 0"),
        check("ai_metrics", "effective_mode", "effective_mode IN ('mock', 'real', 'hybrid')"),
        check("ai_metrics", "requested_mode", "requested_mode IN ('mock', 'real', 'hybrid')"),
        check("ai_metrics", "route", "route IN ('student', 'teacher', 'human', 'mock', 'none')"),
        check(
            "ai_metrics",
            "status",
            "status IN ('success', 'error', 'timeout', 'cancelled', 'refused', 'partial')",
        ),
        primary("ai_metrics", "id"),
        unique("ai_metrics", "generation_id"),
    )
    index("ai_metrics", "organization_id", "created_at")
    index("ai_metrics", "organization_id", "generation_id")
    index("ai_metrics", "provider", "created_at")
    index("ai_metrics", "request_id")
    index("ai_metrics", "user_pseudonym")
    op.execute(VIEW)


def _deals() -> None:
    op.create_table(
        "deals",
        needed("id", sa.String(32)),
        needed("organization_id", sa.String(32)),
        needed("user_id", sa.String(32)),
        needed("title", sa.String(200)),
        maybe("commodity", sa.String(50)),
        maybe("quantity", amount(15, 2)),
        needed("quantity_unit", sa.String(20)),
        maybe("price", amount(12, 2)),
        needed("price_unit", sa.String(20)),
        needed("currency", sa.String(3)),
        maybe("counterparty", sa.String(100)),
        needed("status", sa.String(20)),
        needed("created_at", TIME),
        needed("updated_at", TIME),
        check("deals", "price", "price > 0"),
        check("deals", "quantity", "quantity > 0"),
        check("deals", "status", "status IN ('draft', 'open', 'agreed', 'closed', 'cancelled')"),
        refers("deals", "organization_id", "organizations.id"),
        refers("deals", "user_id", "users.id"),
        primary("deals", "id"),
    )
    index("deals", "organization_id", "created_at")
    index("deals", "user_id")
    op.create_table(
        "ai_analyses",
        needed("id", sa.String(32)),
        needed("deal_id", sa.String(32)),
        needed("organization_id", sa.String(32)),
        maybe("generation_id", sa.String(64)),
        needed("requested_mode", sa.String(20)),
        needed("effective_mode", sa.String(20)),
        maybe("provider", sa.String(50)),
        maybe("model_used", sa.String(100)),
        needed("fallback", sa.Boolean()),
        maybe("reason", sa.Text()),
        needed("analysis_data", JSON),
        needed("evidence", JSON),
        maybe("confidence", sa.Double()),
        maybe("processing_time_ms", sa.Integer()),
        needed("api_cost", amount(10, 6)),
        needed("created_at", TIME),
        check("ai_analyses", "confidence", "confidence BETWEEN 0 AND 1"),
        check("ai_analyses", "effective_mode", "effective_mode IN ('mock', 'real', 'hybrid')"),
        check("ai_analyses", "requested_mode", "requested_mode IN ('mock', 'real', 'hybrid')"),
        refers("ai_analyses", "deal_id", "deals.id", ondelete="CASCADE"),
        refers("ai_analyses", "organization_id", "organizations.id"),
        primary("ai_analyses", "id"),
    )
    index("ai_analyses", "deal_id", "created_at")
    index("ai_analyses", "generation_id")
    index("ai_analyses", "organization_id")


def _conversations() -> None:
    op.create_table(
        "ai_conversations",
        needed("id", sa.String(32)),
        needed("organization_id", sa.String(32)),
        needed("user_id", sa.String(32)),
        maybe("title", sa.String(200)),
        needed("assistant_type", sa.String(50)),
        needed("channel", sa.String(50)),
        needed("language", sa.String(10)),
        maybe("session_id", sa.String(100)),
        needed("is_active", sa.Boolean()),
        needed("created_at", TIME),
        needed("updated_at", TIME),
        maybe("ended_at", TIME),
        needed("total_messages", sa.Integer()),
        needed("total_cost_usd", amount(10, 6)),
        check(
            "ai_conversations",
            "assistant_type",
            "assistant_type IN ('trade', 'contract', 'quality', 'general')",
        ),
        refers("ai_conversations", "organization_id", "organizations.id"),
        refers("ai_conversations", "user_id", "users.id"),
        primary("ai_conversations", "id"),
        unique("ai_conversations", "session_id"),
    )
    index("ai_conversations", "organization_id", "created_at")
    index("ai_conversations", "user_id", "updated_at")
    op.create_table(
        "ai_conversation_messages",
        needed("id", sa.String(32)),
        needed("conversation_id", sa.String(32)),
        needed("position", sa.Integer()),
        maybe("request_id", sa.String(64)),
        maybe("generation_id", sa.String(64)),
        needed("role", sa.String(20)),
        needed("status", sa.String(20)),
        needed("content", sa.Text()),
        maybe("content_translated", sa.Text()),
        needed("language", sa.String(10)),
        needed("tokens_used", sa.Integer()),
        needed("cost_usd", amount(10, 6)),
        needed("latency_ms", sa.Integer()),
        needed("sources", JSON),
        needed("route_decision", sa.String(50)),
        maybe("confidence_score", sa.Double()),
        maybe("student_response", sa.Text()),
        maybe("teacher_response", sa.Text()),
        maybe("intent", sa.String(50)),
        maybe("sentiment", sa.String(50)),
        maybe("labeled_intent", sa.String(50)),
        maybe("labeled_sentiment", sa.String(50)),
        maybe("reward_score", sa.Double()),
        needed("created_at", TIME),
        check("ai_conversation_messages", "confidence_score", "confidence_score BETWEEN 0 AND 1"),
        check("ai_conversation_messages", "role", "role IN ('user', 'assistant', 'system')"),
        check(
            "ai_conversation_messages",
            "route_decision",
            "route_decision IN ('student', 'teacher', 'human', 'mock', 'none')",
        ),
        check("ai_conversation_messages", "status", "status IN ('complete', 'partial', 'failed')"),
        refers("ai_conversation_messages", "conversation_id", "ai_conversations.id", ondelete="CASCADE"),
        primary("ai_conversation_messages", "id"),
        unique("ai_conversation_messages", "conversation_id", "position"),
        unique("ai_conversation_messages", "conversation_id", "request_id", "role"),
    )
    index("ai_conversation_messages", "confidence_score")
    index("ai_conversation_messages", "generation_id")
    index("ai_conversation_messages", "reward_score")
    index("ai_conversation_messages", "route_decision")
