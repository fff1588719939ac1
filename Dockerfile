# An image that holds nothing but reaperd: to be run with a command from a volume, to be built upon,
# or to be copied from (COPY --from=IMAGE /sbin/reaperd /sbin/reaperd).
#
#   docker build -t reaperd .          podman build -t reaperd .
#
# The programs are static, so the final image needs no distribution: two files, about 4 MB.
FROM debian:bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      cmake g++ libcli11-dev libfmt-dev libspdlog-dev ninja-build nlohmann-json3-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The preset's ccache would start empty here.
RUN cmake --preset static -D CMAKE_CXX_COMPILER_LAUNCHER= \
 && cmake --build --preset static --target reaperd reaperctl \
 && install -D -s build/static/bin/reaperd-static /out/sbin/reaperd \
 && install -D -s build/static/bin/reaperctl /out/bin/reaperctl

FROM scratch
COPY --from=build /out /
# No "--" here: options may be given as the command, as in `docker run reaperd --explain`.
ENTRYPOINT ["/sbin/reaperd"]
CMD ["--help"]
