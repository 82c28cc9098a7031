// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.run;

/** What computes. */
public enum DeviceKind {
    /** The GPU where everything for it is there, else the CPU. */
    AUTO,
    /** The first NVIDIA GPU, or an error. */
    CUDA,
    /** ONNX Runtime on the CPU. */
    CPU
}
