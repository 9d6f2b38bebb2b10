# syntax=docker/dockerfile:1
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /src
COPY requirements.txt requirements.lock requirements-argos.txt ./
RUN pip install -r requirements.txt -c requirements.lock && pip install --no-deps -r requirements-argos.txt -c requirements.lock

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin polyfaq && install -d -o polyfaq -g polyfaq /var/lib/polyfaq
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 POLYFAQ_HOME=/var/lib/polyfaq
WORKDIR /app
COPY manage.py LICENSE ./
COPY portal portal
COPY retrieval retrieval
COPY translation translation
COPY faq faq
COPY templates templates
COPY static static
COPY locale locale
COPY demo demo
USER polyfaq
VOLUME /var/lib/polyfaq
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/robots.txt', timeout=4)"]
CMD ["gunicorn", "portal.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--timeout", "60"]
