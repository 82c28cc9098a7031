// SPDX-License-Identifier: Apache-2.0
/**
 * NVIDIA GPUs: a plan's segments as TensorRT engines, which are built on the machine that runs them, and the steps between them as CUDA
 * kernels on the same stream.
 */
package io.github.depthc.backend.tensorrt;
