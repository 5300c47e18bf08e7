#!/usr/bin/env bash
# Builds the page and puts it where the CloudFront of a platform stack takes it from.
# Usage: publish-page.sh <stack>, with AWS credentials and Pulumi logged in.
set -euo pipefail

stack="${1:?the stack is missing}"
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
node --eval "import('./api/dashboard/build.ts').then(({ ensurePage }) => ensurePage())"

bucket="$(pulumi stack output assetsBucket --stack "$stack" --non-interactive)"
distribution="$(pulumi stack output distributionId --stack "$stack" --non-interactive)"
region="$(pulumi config get aws:region --stack "$stack" --non-interactive)"

# Their names change with their content. They come first, so that no page names what is not there yet, and those of the
# page before stay, for whoever has it open.
aws s3 sync api/dashboard/dist/assets "s3://$bucket/assets" --region "$region" --only-show-errors \
  --cache-control "public, max-age=31536000, immutable"
# Not by `sync`, which takes a file of the same size for the same file.
aws s3 cp api/dashboard/dist "s3://$bucket" --recursive --region "$region" --only-show-errors \
  --exclude "assets/*" --exclude ".sources" --cache-control no-cache
aws cloudfront create-invalidation --distribution-id "$distribution" --paths / /index.html --output text \
  --query Invalidation.Status
