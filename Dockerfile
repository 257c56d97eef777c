# Static binaries, in images that hold nothing else but the authorities that they know Git servers and registries by:
# docker build --target webhook --tag serverless-webhook:0.2.0 .
# docker build --target controller --tag serverless-controller:0.2.0 .
# docker build --target node-agent --tag serverless-node-agent:0.2.0 .
# docker build --target registry --tag serverless-registry:0.2.0 .
# By its digest, where builds have to be repeatable: --build-arg rust=docker.io/library/rust@sha256:…
ARG rust=docker.io/library/rust:1.95-slim-bookworm
FROM ${rust} AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates cmake g++ gcc make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN make static \
 && cp target/static/*/release/serverless-webhook target/static/*/controller/serverless-controller \
  target/static/*/controller/serverless-node-agent target/static/*/release/serverless-registry /

FROM scratch AS controller
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /serverless-controller /serverless-controller
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/serverless-controller"]
CMD ["run"]

FROM scratch AS node-agent
COPY --from=build /serverless-node-agent /serverless-node-agent
# The files of containerd belong to root.
USER 0:0
EXPOSE 8080
ENTRYPOINT ["/serverless-node-agent"]
CMD ["run"]

FROM scratch AS registry
COPY --from=build /serverless-registry /serverless-registry
USER 65532:65532
EXPOSE 8443 9090
ENTRYPOINT ["/serverless-registry"]
CMD ["serve"]

FROM scratch AS webhook
COPY --from=build /serverless-webhook /serverless-webhook
USER 65532:65532
EXPOSE 8443 9090
ENTRYPOINT ["/serverless-webhook"]
CMD ["serve"]
