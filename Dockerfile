# A static binary, in an image that holds nothing else.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends cmake g++ gcc make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN make static && cp target/static/*/release/serverless-webhook /serverless-webhook

FROM scratch
COPY --from=build /serverless-webhook /serverless-webhook
USER 65532:65532
EXPOSE 8443 9090
ENTRYPOINT ["/serverless-webhook"]
CMD ["serve"]
