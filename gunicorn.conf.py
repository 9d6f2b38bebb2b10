"""Gunicorn's settings wherever it is started in this directory; the command line goes before them."""

import os

# Nothing is written outside the portal's own directories: no control socket in the user's home.
control_socket_disable = True
# Signs of life in memory, where there is such a place: a slow disk must not look like a dead worker.
if os.access("/dev/shm", os.W_OK):  # noqa: S108
    worker_tmp_dir = "/dev/shm"  # noqa: S108
