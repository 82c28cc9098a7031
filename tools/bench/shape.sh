# SPDX-License-Identifier: Apache-2.0
# Sourced by benchmarks that need the model of hidden 1024: makes "$work/mod" and "$work/dense" from one random checkpoint.
small_shape=(--hidden 1024 --layers 16 --heads 16 --kv-heads 4 --intermediate 2816 --vocab 32000 --context 4096)
small_bundles() {
  "$depthc" synth llama "${small_shape[@]}" -o "$work/h1024" >&2
  "$depthc" convert "$work/h1024" -o "$work/mod" --schedule 'prd(average=0.5)' > /dev/null 2>&1
  "$depthc" convert "$work/h1024" -o "$work/dense" --layers none > /dev/null 2>&1
}
