FROM python:3.11-slim-bookworm
RUN apt-get update -qq \
 && apt-get install -qq --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core postgresql-client \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/counterpoise
COPY requirements/run.txt requirements/build.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/run.txt \
 && pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY instrument instrument
COPY analysis analysis
COPY migrations migrations
COPY app app
# What it writes goes into the volumes and /tmp; the rest may be mounted read-only, and belongs to root.
ENV HOME=/tmp NUMBA_CACHE_DIR=/tmp/numba PYTHONDONTWRITEBYTECODE=1
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e . \
 && useradd --system --uid 10001 --home-dir /tmp --no-create-home counterpoise \
 && install --directory --owner counterpoise --mode 700 /srv/instruments /srv/ledger /srv/log /srv/backups
USER 10001
EXPOSE 8000
CMD ["counterpoise", "serve", "--host", "0.0.0.0", "--port", "8000"]
