#!/bin/sh
# certbot's deploy hook: hands a new certificate to the running nginx. The files are written into, not replaced: the container has
# hold of those that are there.
set -eu
cd "$(dirname "$0")/.."
cat "$RENEWED_LINEAGE/fullchain.pem" > secrets/tls_certificate
cat "$RENEWED_LINEAGE/privkey.pem" > secrets/tls_key
docker compose exec -T nginx nginx -c /etc/nginx/polyfaq/https.conf -s reload
