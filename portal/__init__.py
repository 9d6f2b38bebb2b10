"""The Django project: wiring only.

The first module of every process of ours, before anything imports numpy. Its matrix products run in the thread that asks:
a second thread would spin between two questions, and several workers' threads would fight over the same cores (measured
on two cores: a question takes twice the time with it). OPENBLAS_NUM_THREADS overrides.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
