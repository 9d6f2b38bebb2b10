# syntax=docker/dockerfile:1
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /src
COPY requirements.txt requirements.lock requirements-argos.txt ./
RUN pip install --only-binary :all: -c requirements.lock -r requirements.txt \
    && pip install --only-binary :all: --no-deps -c requirements.lock -r requirements-argos.txt
WORKDIR /app
COPY manage.py gunicorn.conf.py LICENSE ./
COPY portal portal
COPY retrieval retrieval
COPY translation translation
COPY faq faq
COPY templates templates
COPY static static
COPY locale locale
COPY demo demo
# The program runs as a user who may not write here: its bytecode is made now.
RUN python -m compileall -q portal retrieval translation faq

FROM python:3.11-slim-bookworm
# Numbers, so that an orchestrator can see that it is not root. State is one volume; a new one takes the owner from here.
RUN groupadd --gid 10001 polyfaq \
    && useradd --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin polyfaq \
    && install -d -o 10001 -g 10001 -m 0750 /var/lib/polyfaq
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 POLYFAQ_HOME=/var/lib/polyfaq
WORKDIR /app
USER 10001:10001
VOLUME /var/lib/polyfaq
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-m", "portal.health"]
CMD ["gunicorn", "portal.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--timeout", "60"]
