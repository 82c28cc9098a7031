// SPDX-License-Identifier: Apache-2.0
/**
 * The routing kernels: what they are ({@link io.github.depthc.backend.kernels.Kernel}), how they are compiled ({@link
 * io.github.depthc.backend.kernels.Cubins}, by {@link io.github.depthc.backend.kernels.Nvrtc}, which needs neither GPU nor driver), and the
 * same in plain Java ({@link io.github.depthc.backend.kernels.host}). Their CUDA sources are in {@code src/main/cuda}.
 */
package io.github.depthc.backend.kernels;
