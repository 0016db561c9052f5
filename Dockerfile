# Builds the release binary, then a small image with nothing but it.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p lakegate

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/lakegate lakegate \
    && install -d -o lakegate -g lakegate -m 0700 /var/lib/lakegate
COPY --from=build /src/target/release/lakegate /usr/local/bin/lakegate
USER lakegate
VOLUME /var/lib/lakegate
EXPOSE 8080
ENTRYPOINT ["lakegate"]
CMD ["serve"]
