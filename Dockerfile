# Built where Docker is: docker build -t cmdb-impact .
FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
# The embedded engine keeps its files and the password of its runtime under the data folder of this user.
RUN useradd --create-home --uid 10001 cmdb && mkdir /data && chown cmdb: /data
COPY --from=build /wheels /wheels
COPY constraints.txt /wheels/
RUN python -m pip install --no-cache-dir -c /wheels/constraints.txt /wheels/*.whl && rm -r /wheels
USER cmdb
# A container ends with its server, so the engine must be stopped by it.
ENV CMDB_DATA_DIR=/data CMDB_ENGINE_LINGER=0
VOLUME /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
ENTRYPOINT ["cmdb"]
CMD ["serve"]
