# docker build -t speech-emotion-baselines .            the benchmark and classical models, some 2 GB
# docker build --build-arg EXTRAS=[deep] ...            with torch
# docker run --rm --read-only --tmpfs /tmp --user 12345 -v "$PWD":/data speech-emotion-baselines \
#   classical.predict model.skops clip.wav
# Nothing is written but to /data and /tmp; without a /tmp features are not kept and loops compiled in memory.
FROM python:3.11-slim
ARG EXTRAS=
COPY . /opt/speech-emotion-baselines
RUN pip install --no-cache-dir -c /opt/speech-emotion-baselines/constraints.txt "/opt/speech-emotion-baselines$EXTRAS"
USER 12345
WORKDIR /data
ENTRYPOINT ["python", "-m"]
CMD ["benchmarks.run", "--help"]
