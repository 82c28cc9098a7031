// SPDX-License-Identifier: Apache-2.0
/**
 * ONNX emission: a flat graph of tensor-level and {@code mod.*} ops becomes one {@code ModelProto} whose weights are external
 * data. {@link io.github.depthc.backend.onnx.OnnxEmitter} is the way in.
 */
package io.github.depthc.backend.onnx;
