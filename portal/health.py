"""`python -m portal.health [PORT]`: whether the server on this machine answers; for the health checks of containers.

It asks as a visitor of the portal's own address does, through its proxy: a server that takes only its own host name, and
only https, answers this too.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

SECONDS = 4


def main(port: int) -> int:
    """0 when the server answers with less than 400, else 1 and the reason on standard error."""
    site = urlsplit(os.environ.get("POLYFAQ_SITE_URL", ""))
    headers = {"Host": site.netloc or f"localhost:{port}", "X-Forwarded-Proto": site.scheme or "http"}
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/robots.txt", headers=headers)
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        sys.stderr.write(f"The server does not answer: {error}\n")
        return 1
    finally:
        connection.close()
    if status >= 400:
        sys.stderr.write(f"The server answers {status}; is {headers['Host']} in POLYFAQ_ALLOWED_HOSTS?\n")
    return int(status >= 400)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
