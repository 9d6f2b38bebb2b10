"""A private nginx for tests that serves a folder with the configuration that the documentation gives to operators."""

import contextlib
import os
import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.services.servers import ServerMissing, _directory, _running, free_port

EXAMPLE = Path(__file__).parents[2] / "deploy" / "nginx" / "exported-site.conf"
MAIN = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log stderr;
events {{}}
http {{
    types {{ text/html html; text/css css; text/javascript js; application/json json; application/xml xml; image/svg+xml svg;
             text/plain txt; }}
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
{server}
}}
"""


def nginx_program() -> str:
    """The path of `nginx`; Debian keeps it off an ordinary user's PATH. ServerMissing."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if not found:
        raise ServerMissing("nginx is not installed (Debian: apt-get install nginx-light).")
    return found


@contextlib.contextmanager
def exported_site(folder: Path) -> Iterator[str]:
    """The address at which the folder is served. One process, as the user who runs the tests."""
    program, port = nginx_program(), free_port()
    with _directory("polyfaq-nginx-", None) as directory:
        server = re.sub(r"root [^;]+;", f"root {folder};", EXAMPLE.read_text(encoding="utf-8"))
        server = re.sub(r"listen 80;\n\s*listen \[::\]:80;", f"listen 127.0.0.1:{port};", server)
        conf = directory / "nginx.conf"
        conf.write_text(MAIN.format(directory=directory, server=server), encoding="utf-8")
        command = [program, "-p", str(directory), "-e", "stderr", "-c", str(conf)]
        with _running(command, directory, None) as wait:
            address = f"http://127.0.0.1:{port}"
            wait(lambda: urllib.request.urlopen(f"{address}/robots.txt", timeout=5).close())
            yield address
