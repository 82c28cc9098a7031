// SPDX-License-Identifier: Apache-2.0
/** The CPU runtime: ONNX Runtime behind {@link io.github.depthc.backend.runtime.Engine} and the passes' executor. */
package io.github.depthc.backend.ort;
