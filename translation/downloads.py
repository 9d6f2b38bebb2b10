"""Downloads over http and https into a file, under a ceiling of bytes; every failure says what to do."""

import urllib.error
import urllib.request
from pathlib import Path

from translation.archives import CHUNK, Progress
from translation.types import EngineUnavailable, InvalidPackage

TIMEOUT_SECONDS = 60.0


def download(url: str, place: Path, ceiling: int, progress: Progress | None) -> None:
    """Fetch an http or https address into a file, under a ceiling of bytes."""
    if not url.lower().startswith(("https://", "http://")):
        raise InvalidPackage(f"{url} is no web address (https://…).")
    request = urllib.request.Request(url, headers={"User-Agent": "Polyfaq"})  # noqa: S310 - checked above
    try:
        with _opener().open(request, timeout=TIMEOUT_SECONDS) as response, place.open("wb") as file:
            total = int(response.headers.get("Content-Length") or 0)
            done = 0
            while block := response.read(CHUNK):
                done += len(block)
                if max(done, total) > ceiling:
                    raise InvalidPackage(f"{url} is larger than {ceiling // 1_000_000} MB.")
                file.write(block)
                if progress:
                    progress(done, total)
    except urllib.error.HTTPError as error:
        raise EngineUnavailable(f"{url} answered {error.code} {error.reason}.") from error
    except urllib.error.URLError as error:
        raise EngineUnavailable(
            f"{url} cannot be reached: {error.reason}. See whether this machine is online."
        ) from error
    except (TimeoutError, ConnectionError) as error:
        raise EngineUnavailable(f"{url} stopped answering: {error}. Try again later.") from error
    except OSError as error:
        raise EngineUnavailable(
            f"What {url} sends cannot be stored in {place.parent}: {error.strerror or error}. Free space and try again."
        ) from error
    except ValueError as error:
        raise InvalidPackage(f"{url} is no web address that can be fetched: {error}.") from error
    if 0 < place.stat().st_size < total:
        raise EngineUnavailable(f"{url}: the connection ended early. Try again.")


def _opener() -> urllib.request.OpenerDirector:
    """Only http and https, redirects too: no handler for files or FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPRedirectHandler(), urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener
