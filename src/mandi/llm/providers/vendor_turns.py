"""A prompt in the words of pydantic-ai, and its response in ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic_core import from_json, to_json

from mandi.llm.messages import Completion, Finish, Prompt, ToolCall, Usage
from mandi.llm.provider import ProviderError
from mandi.llm.providers.faults import NotTheShape, unsayable
from mandi.llm.providers.openai_body import MOST_TOKENS, model_named
from mandi.llm.token_estimate import prompt_tokens, tokens_in

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelRequestPart, ModelResponse
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.settings import ModelSettings

Typed = Literal["tool", "native"]
ANSWER_TOOL = "answer"
"""Tool whose arguments are the typed answer, where a vendor is held to a schema by a tool."""
_FINISH: dict[str, Finish] = {"length": "length", "content_filter": "content_filter"}


def turns(prompt: Prompt, provider: str) -> list[ModelMessage]:
    """Return the turns of a prompt.

    Parameters
    ----------
    prompt : Prompt
    provider : str
        For the error.

    Raises
    ------
    ProviderError
        ``refused_request``: the arguments of a former tool call are not a JSON object, or a tool's turn answers no call.
    """
    from pydantic_ai.messages import (
        ModelRequest,
        ModelResponse,
        SystemPromptPart,
        TextPart,
        ToolCallPart,
        ToolReturnPart,
        UserPromptPart,
    )

    called: dict[str, str] = {}
    made: list[ModelMessage] = []
    asked: list[ModelRequestPart] = []
    for message in prompt.messages:
        text = message.content or ""
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise unsayable(provider)  # half a letter: one client would send it as it is
        if message.role == "assistant":
            if asked:
                made.append(ModelRequest(parts=asked))
                asked = []
            parts: list[Any] = [TextPart(content=text)] if text else []
            for call in message.tool_calls:
                called[call.id] = call.name
                parts.append(ToolCallPart(call.name, _object(call, provider), tool_call_id=call.id))
            if parts:
                made.append(ModelResponse(parts=parts))
        elif message.role == "tool":
            name = called.get(message.tool_call_id or "") or message.name
            if not name or not message.tool_call_id:
                raise ProviderError(
                    provider, "refused_request", "a tool's turn answers no call before it", status=400
                )
            asked.append(ToolReturnPart(tool_name=name, content=text, tool_call_id=message.tool_call_id))
        elif message.role == "system":
            asked.append(SystemPromptPart(content=text))
        else:
            asked.append(UserPromptPart(content=text))
    if asked:
        made.append(ModelRequest(parts=asked))
    return made


def parameters(prompt: Prompt, typed: Typed) -> ModelRequestParameters:
    """Return the tools of a prompt and how its typed answer is asked for.

    Parameters
    ----------
    prompt : Prompt
    typed : str
        ``native``: the vendor holds its text to a schema, unless there are tools beside it; ``tool``: a tool that has to be
        called.
    """
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition
    from pydantic_ai.tools import ToolDefinition

    tools = [
        ToolDefinition(
            name=t.name,
            description=t.description,
            parameters_json_schema=dict(t.parameters),
            strict=t.strict or None,
        )
        for t in prompt.tools
    ]
    if prompt.answer_schema is None:
        return ModelRequestParameters(function_tools=tools)
    schema = dict(prompt.answer_schema)
    if typed == "native" and not tools:
        wanted = OutputObjectDefinition(json_schema=schema, name=ANSWER_TOOL)
        return ModelRequestParameters(output_mode="native", output_object=wanted)
    last = ToolDefinition(
        name=ANSWER_TOOL,
        description="Give the final answer.",
        parameters_json_schema=schema,
        kind="output",
    )
    return ModelRequestParameters(
        function_tools=tools, output_mode="tool", output_tools=[last], allow_text_output=False
    )


def settings(prompt: Prompt, timeout_s: float, idle_s: float, stream: bool) -> ModelSettings:
    """Return the settings of one request: the caller's, our timeouts, and no retries."""
    made: ModelSettings = {
        "max_retries": 0,
        "request_timeout": timeout_s,
        "timeout": min(idle_s, timeout_s) if stream else timeout_s,
    }
    if prompt.temperature is not None:
        made["temperature"] = prompt.temperature
    if prompt.top_p is not None:
        made["top_p"] = prompt.top_p
    if prompt.max_tokens is not None:
        made["max_tokens"] = prompt.max_tokens
    if prompt.stop:
        made["stop_sequences"] = list(prompt.stop)
    if prompt.seed is not None:
        made["seed"] = prompt.seed
    if prompt.tools and prompt.tool_choice is not None and prompt.answer_schema is None:
        made["tool_choice"] = _choice(prompt.tool_choice)
    if prompt.tools and not prompt.parallel_tools:
        made["parallel_tool_calls"] = False
    return made


def completion(
    response: ModelResponse, prompt: Prompt, provider: str, latency_ms: float, streamed: bool = False
) -> Completion:
    """Return a response as a completion; the arguments of the answer's tool are its text.

    Raises
    ------
    NotTheShape
        It has neither words nor calls, or the vendor says that its end is an error.
    ProviderError
        ``cut``: a stream whose end the vendor did not tell.
    """
    from pydantic_ai.messages import TextPart, ToolCallPart

    if streamed and response.finish_reason is None:
        raise ProviderError(provider, "cut", f"{provider} ended the stream before its end mark")
    if response.finish_reason == "error":
        raise NotTheShape("the vendor ended its answer with an error")
    typed = prompt.answer_schema is not None
    text = "".join(p.content for p in response.parts if isinstance(p, TextPart))
    calls = []
    for part in response.parts:
        if isinstance(part, ToolCallPart):
            arguments = part.args_as_json_str()
            if typed and part.tool_name == ANSWER_TOOL:
                text = arguments
            else:
                calls.append(ToolCall(part.tool_call_id, part.tool_name, arguments))
    finish: Finish = _FINISH.get(response.finish_reason or "", "tool_calls" if calls else "stop")
    if (
        not text and not calls and finish == "stop" and not prompt.stop
    ):  # a word that ends it may have come first
        raise NotTheShape("the answer has neither words nor calls")
    told = response.usage
    counts = (told.input_tokens, told.output_tokens)
    if any(counts) and all(0 <= n <= MOST_TOKENS for n in counts):
        usage = Usage(told.input_tokens, told.output_tokens, min(told.cache_read_tokens, told.input_tokens))
    else:
        said = tokens_in(text) + sum(tokens_in(c.name) + tokens_in(c.arguments) for c in calls)
        usage = Usage(prompt_tokens(prompt), said, estimated=True)
    return Completion(
        text,
        provider,
        model_named(response.model_name, ""),
        tuple(calls),
        finish,
        usage,
        latency_ms=latency_ms,
    )


def _object(call: ToolCall, provider: str) -> dict[str, Any]:
    try:
        told = from_json(call.arguments or "{}")
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise ProviderError(
            provider, "refused_request", "the arguments of a former tool call are no JSON object", status=400
        )
    return told


def _choice(choice: Any) -> Any:
    if isinstance(choice, str):
        return choice if choice in ("auto", "none", "required") else [choice]
    function = choice.get("function")
    name = function.get("name") if isinstance(function, dict) else choice.get("name")
    return [name] if isinstance(name, str) else "auto"


def as_text(arguments: Any) -> str:
    """Return a piece of tool arguments as the JSON text it is."""
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else to_json(arguments).decode()
