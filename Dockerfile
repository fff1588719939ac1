# An image that holds nothing but reaperd: to be run with a command from a volume, to be built upon,
# or to be copied from (COPY --from=IMAGE /sbin/reaperd /sbin/reaperd).
#
#   docker build -t reaperd .          podman build -t reaperd .
#
# The program is static, so the final image needs no distribution: one file, about 2 MB.
FROM debian:bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      cmake g++ libfmt-dev libspdlog-dev ninja-build nlohmann-json3-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The preset's ccache would start empty here.
RUN cmake --preset static -D CMAKE_CXX_COMPILER_LAUNCHER= \
 && cmake --build --preset static --target reaperd \
 && install -D -s build/static/bin/reaperd-static /out/sbin/reaperd

FROM scratch
COPY --from=build /out /
# No "--" here: options may be given as the command, as in `docker run reaperd --explain`.
ENTRYPOINT ["/sbin/reaperd"]
CMD ["--help"]
