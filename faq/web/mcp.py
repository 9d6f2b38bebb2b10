"""A server of the Model Context Protocol, by its official SDK: faq.web.assistants as tools and resources.

An optional package (requirements-mcp.txt) brings the SDK; only this module imports it. Tools run in threads, each call with a
database connection of its own.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from mcp.types import ToolAnnotations

import faq
from faq import conf
from faq.errors import DomainError, NotFound
from faq.queries import locales
from faq.web import assistants
from faq.web.context import site_name
from faq.web.pages import MARKDOWN

P = ParamSpec("P")
R = TypeVar("R")
INSTRUCTIONS = (
    "This portal answers from its published sources only. Ask it first, and quote its answer with the addresses of its citations."
    " When the outcome is `abstained`, its sources do not answer the question: say so, and offer the nearest questions."
    " Give `language` as a BCP 47 tag of the reader's language."
)
MAX_BODY = 64 * 1024
"""Bytes of one request over HTTP."""
READ_ONLY = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
RECORDED = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
"""A question that cannot be answered is passed on to the editors."""


def server() -> MCPServer[Any]:
    """The portal's tools: search, ask, read_question, read_source; and its questions as resources."""
    made: MCPServer[Any] = MCPServer(
        name="polyfaq",
        title=site_name(locales.default_locale().tag).text,
        instructions=INSTRUCTIONS,
        website_url=str(conf.get("SITE_URL")),
        version=faq.__version__,
        log_level="WARNING",
    )
    made.tool(
        title="Search", annotations=READ_ONLY,
        description="Questions of the portal and passages of its sources about some words, best first, with addresses.",
    )(_told(assistants.search))  # fmt: skip
    made.tool(
        title="Ask", annotations=RECORDED,
        description="The portal's answer to a question, with references, or word that its sources do not answer it.",
    )(_told(assistants.ask))  # fmt: skip
    made.tool(
        title="Read a question", annotations=READ_ONLY,
        description="A question that search or ask named, by its key, with its answer and references, as Markdown.",
    )(_told(assistants.read_question))  # fmt: skip
    made.tool(
        title="Read a source", annotations=READ_ONLY,
        description="A source by its key as Markdown, from a passage on; next_passage tells where to read on.",
    )(_told(assistants.read_source))  # fmt: skip
    _add_resources(made)
    return made


def _add_resources(made: MCPServer[Any]) -> None:
    @made.resource("faq://overview", title="Topics and languages", mime_type="application/json")
    def overview() -> dict[str, Any]:
        return assistants.own_connection(assistants.overview)()

    @made.resource("faq://{language}/questions/{key}", title="A question", mime_type=MARKDOWN)
    def question(language: str, key: str) -> str:
        try:
            return assistants.own_connection(assistants.read_question)(key, language)
        except DomainError as error:
            raise ResourceNotFoundError(str(error)) from error


def _told(function: Callable[P, R]) -> Callable[P, R]:
    """Errors of the domain are for the assistant to read; of any other the SDK tells nothing."""
    call = assistants.own_connection(function)

    @wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except NotFound as error:
            raise ToolError(f"{error} Use the keys that search gives.") from error
        except DomainError as error:
            raise ToolError(str(error)) from error

    return told


def run(transport: Literal["stdio", "http"], host: str = "127.0.0.1", port: int = 8001) -> None:
    """Serve until the client goes, or the process is stopped."""
    made = server()
    if transport == "stdio":
        made.run("stdio")
    else:
        made.run(
            "streamable-http",
            host=host,
            port=port,
            json_response=True,
            stateless_http=True,
            max_request_body_size=MAX_BODY,
        )
