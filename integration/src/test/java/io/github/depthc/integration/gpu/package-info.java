// SPDX-License-Identifier: Apache-2.0
/** The check of the GPU path on a machine with a GPU: {@code tools/gpu-check}. */
package io.github.depthc.integration.gpu;
