# docker build -t speech-emotion-baselines .            classical models without torch and CUDA: xgboost-cpu, under 1 GB of libraries
# docker build --build-arg EXTRAS=[service] ...         with the service: docker run -p 8000:8000 -v "$PWD":/data ... \
#   classical.service model.skops --host 0.0.0.0
# docker build --build-arg EXTRAS=[deep] ...            with torch, and xgboost as it is
# docker build --build-arg INDEX=ADDRESS ...            from another package index, such as one whose torch is for CPUs
# docker run --rm --read-only --tmpfs /tmp --user 12345 -v "$PWD":/data speech-emotion-baselines \
#   classical.predict model.skops clip.wav
# Nothing need be written but to /data and /tmp. Loops are compiled while the image is built; a read-only container cannot
# look them up, and compiles them once more into /tmp, without a /tmp in memory.
FROM python:3.11-slim
ARG EXTRAS=
ARG INDEX=
COPY . /opt/speech-emotion-baselines
WORKDIR /opt/speech-emotion-baselines
RUN index="${INDEX:+--index-url $INDEX}"; \
    pip install --no-cache-dir $index -c constraints.txt ".$EXTRAS" && \
    case "$EXTRAS" in *deep*|*all*) ;; *) \
        pip uninstall -y xgboost nvidia-nccl-cu12 && \
        pip install --no-cache-dir $index -c constraints.txt --no-deps xgboost-cpu ;; \
    esac
WORKDIR /data
ENV NUMBA_CACHE_DIR=/opt/compiled
RUN python -c "from features.compute import prepare; prepare()" && chmod -R a+rwX /opt/compiled
USER 12345
ENTRYPOINT ["python", "-m"]
CMD ["benchmarks.run", "--help"]
