#!/bin/sh
# Puts what the pages use of npm into ../static, with its licences: sh harness/web/vendor/build.sh
# Needs node and npm; the pages need neither. Nothing of npm's packages is run but esbuild.
set -eu
cd "$(dirname "$0")"
static=$(cd ../static && pwd)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cp package.json package-lock.json codemirror.js "$work"
cd "$work"
npm ci --ignore-scripts --no-audit --no-fund --silent
node_modules/.bin/esbuild codemirror.js --bundle --minify --format=esm --target=es2022 --outfile="$static/codemirror.js"
cp node_modules/htmx.org/dist/htmx.min.js "$static/htmx.min.js"
cp node_modules/uplot/dist/uPlot.min.css "$static/uplot.css"
node_modules/.bin/esbuild node_modules/uplot/dist/uPlot.esm.js --minify --format=esm --target=es2022 --outfile="$static/uplot.js"
node - > "$static/LICENSES" <<'JS'
const { readFileSync, readdirSync } = require("fs");
const { packages } = JSON.parse(readFileSync("package-lock.json"));
for (const [folder, { version, license, dev }] of Object.entries(packages)) {
  if (!folder || dev) continue;
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  console.log(`${folder.replace("node_modules/", "")} ${version} (${license})\n\n${file ? readFileSync(`${folder}/${file}`, "utf8").trim() : ""}\n\n${"-".repeat(80)}\n`);
}
JS
