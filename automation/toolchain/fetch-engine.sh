#!/bin/bash
# Fetches the Pulumi CLI and its Kubernetes and random plugins for the container image. Archives come from
# get.pulumi.com and are checked against the list of their release on GitHub: two places that would have to lie alike.
#
# Usage: fetch-engine.sh FOLDER ARCHITECTURE PULUMI_VERSION KUBERNETES_PLUGIN_VERSION RANDOM_PLUGIN_VERSION
# ARCHITECTURE is amd64 or arm64, as Docker has it.
set -euo pipefail

folder=$1
architecture=$2
pulumi=$3
kubernetes=$4
random=$5
downloads=${TENANTRY_ENGINE_DOWNLOADS:-https://get.pulumi.com/releases}
releases=${TENANTRY_ENGINE_RELEASES:-https://github.com/pulumi}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# fetch URL ARCHIVE LIST_URL: brings the archive, and ends everything unless the list has it with this very sum.
fetch() {
  curl --fail --silent --show-error --location --retry 5 --output "$2" "$1/$2"
  curl --fail --silent --show-error --location --retry 5 --output "$2.sums" "$3"
  # Lists differ in whether names have ./ before them.
  awk -v name="$2" '$2 == name || $2 == "./" name { print $1 "  " name }' "$2.sums" > "$2.sum"
  [ -s "$2.sum" ] || { echo "$3 does not list $2" >&2; exit 1; }
  # Tells SHA-256 from the SHA-1 of the plugins' lists by length.
  shasum --check "$2.sum"
}

mkdir -p "$folder"

cli="pulumi-v$pulumi-linux-${architecture/amd64/x64}.tar.gz"
fetch "$downloads/sdk" "$cli" "$releases/pulumi/releases/download/v$pulumi/pulumi-$pulumi-checksums.txt"
tar --extract --gzip --file "$cli" --directory "$folder" --strip-components 1 pulumi/pulumi

plugin() {
  archive="pulumi-resource-$1-v$2-linux-$architecture.tar.gz"
  fetch "$downloads/plugins" "$archive" "$releases/pulumi-$1/releases/download/v$2/pulumi-$1_$2_checksums.txt"
  tar --extract --gzip --file "$archive" --directory "$folder" "pulumi-resource-$1"
}
plugin kubernetes "$kubernetes"
plugin random "$random"

chmod 0755 "$folder"/pulumi*
