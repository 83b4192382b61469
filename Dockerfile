# Bun has the version that package.json pins, for it becomes the program: a compiled program carries the runtime that
# built it. Not the Alpine variant, whose runtime needs musl.
FROM oven/bun:1.4.5-slim AS build
WORKDIR /build
# What is installed changes more rarely than the source, and stays a layer of its own until it does. PostgreSQL for a
# developer's machine is optional, and left out.
COPY package.json bun.lock ./
COPY patches patches
RUN bun install --frozen-lockfile --production --omit=optional
COPY tsconfig.json ./
COPY drizzle drizzle
COPY src src
RUN bun run build

# The least that the program needs: of libraries glibc alone, authorities for TLS, no shell and no package manager. Debian
# 13, because distroless images of a release end a year after the next one. There are no tags by version; who wants the
# same base for ever pins the digest that `docker pull` shows.
FROM gcr.io/distroless/base-nossl-debian13:nonroot
COPY --from=build /build/dist/ratelock /ratelock
# A port inside a container is reached from outside of it only where it is bound to all addresses.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
# By number, because Kubernetes cannot tell of a name that it is not root.
USER 65532:65532
EXPOSE 3000
STOPSIGNAL SIGTERM
# A start may wait for its database for a minute before it answers.
HEALTHCHECK --interval=30s --timeout=3s --start-period=90s --retries=3 CMD ["/ratelock", "healthcheck"]
ENTRYPOINT ["/ratelock"]
