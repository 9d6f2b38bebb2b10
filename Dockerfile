# syntax=docker/dockerfile:1
# Two images from one description: `portal` (the default: site, workers, timer, commands) and `proxy` (nginx with the static
# files, which belong to exactly this portal). What builds stays behind in the stages before them.
# A registry of your own: --build-arg REGISTRY=registry.example.org/library/
ARG REGISTRY=docker.io/library/
ARG PYTHON=3.11.13

FROM ${REGISTRY}python:${PYTHON}-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Optional packages: --build-arg EXTRAS="llm mcp onnx sentry" installs requirements-llm.txt, requirements-mcp.txt and so on too.
ARG EXTRAS=""
WORKDIR /src
COPY requirements.txt requirements-argos.txt requirements-llm.txt requirements-mcp.txt requirements-onnx.txt requirements-sentry.txt requirements.lock ./
RUN python -m venv --without-pip /opt/venv \
    && set -- -r requirements.txt \
    && for extra in ${EXTRAS}; do set -- "$@" -r "requirements-${extra}.txt"; done \
    && pip --python /opt/venv/bin/python install --only-binary :all: --no-compile -c requirements.lock "$@" \
    && pip --python /opt/venv/bin/python install --only-binary :all: --no-compile --no-deps -c requirements.lock \
        -r requirements-argos.txt
# One extension brings 66 MB of symbols that nothing reads. The program runs as a user who may not write here: its bytecode
# is made now, and needs no look at the source (which a layer may give another time).
RUN strip --strip-unneeded /opt/venv/lib/python3.11/site-packages/ctranslate2/_ext*.so \
    && /opt/venv/bin/python -c "import ctranslate2; ctranslate2.get_supported_compute_types('cpu')" \
    && /opt/venv/bin/python -m compileall -q -x '/tests?/' --invalidation-mode unchecked-hash /opt/venv/lib
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
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash manage.py portal retrieval translation faq demo \
    && POLYFAQ_HOME=/tmp/home POLYFAQ_STATIC_ROOT=/srv/static /opt/venv/bin/python manage.py collectstatic --noinput -v 0

FROM ${REGISTRY}nginx:1.28.0-bookworm AS proxy
COPY --from=build /srv/static /srv/static
COPY deploy/nginx /etc/nginx/polyfaq
RUN install -d -o 101 -g 101 /var/cache/nginx/pages
USER 101:101
EXPOSE 8080 8443
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["curl", "--fail", "--silent", "--show-error", "http://127.0.0.1:8081/"]
CMD ["nginx", "-c", "/etc/nginx/polyfaq/http.conf", "-g", "daemon off;"]

FROM ${REGISTRY}python:${PYTHON}-slim-bookworm AS portal
# Numbers, so that an orchestrator can see that it is not root. State is one volume; a new one takes the owner from here.
RUN groupadd --gid 10001 polyfaq \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin polyfaq \
    && install -d -o 10001 -g 10001 -m 0750 /var/lib/polyfaq \
    && python -m pip uninstall --quiet --yes --root-user-action=ignore pip setuptools wheel
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY --from=build /srv/static /srv/static
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    POLYFAQ_HOME=/var/lib/polyfaq \
    POLYFAQ_STATIC_ROOT=/srv/static \
    WEB_CONCURRENCY=2
WORKDIR /app
USER 10001:10001
VOLUME /var/lib/polyfaq
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-m", "portal.health"]
CMD ["gunicorn", "portal.wsgi:application", "--bind", "0.0.0.0:8000", "--threads", "4", "--timeout", "60"]
