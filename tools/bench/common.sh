# SPDX-License-Identifier: Apache-2.0
# Sourced by the benchmarks: builds depthc and the benchmark programs, makes a work folder that goes away at the end.
# The folder is made in TMPDIR, which must have room for what the script says.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
jdk=$("$root/tools/find-jdk") || { echo "bench: no JDK 25 or later found" >&2; exit 1; }
depthc=$root/depthc
export LC_ALL=C.UTF-8 # or arguments beyond ASCII are lost
export ORT_DISABLE_TELEMETRY=1 # it reads the command line, and crashes on long ones
"$depthc" --version > /dev/null # builds

classes=$root/integration/target/bench-classes
class_path=$classes:$root/cli/target/depthc-cli.jar:$(< "$root/cli/target/classpath.txt")
rm -rf "$classes"
# The test kit is not part of the command: what is used of it is compiled along.
"$jdk/bin/javac" -d "$classes" -cp "$class_path" -sourcepath "$root/reference/src/main/java:$root/testkit/src/main/java" \
  "$root"/integration/src/test/java/io/github/depthc/integration/bench/*.java

work=$(mktemp -d "${TMPDIR:-/tmp}/depthc-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

bench() { # CLASS ARGS…
  local class=$1
  shift
  "$jdk/bin/java" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
    -Dorg.bytedeco.javacpp.logger=slf4j -cp "$class_path" "io.github.depthc.integration.bench.$class" "$@"
}
