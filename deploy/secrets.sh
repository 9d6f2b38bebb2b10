#!/bin/sh
# Makes the secrets that compose.yaml reads, each once: what is there stays. The folder keeps this machine's other users out; the
# files in it are readable, because the containers' users read them under other numbers.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets acme
chmod 700 secrets
chmod 755 acme
for name in postgres_password redis_password weaviate_api_key secret_key; do
  if [ ! -s "secrets/$name" ]; then
    od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n' > "secrets/$name.new"
    mv "secrets/$name.new" "secrets/$name"
  fi
  chmod 444 "secrets/$name"
done
echo "The secrets are in $(pwd)/secrets. Keep a copy where your backups are."
