// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.onnx;

/**
 * How a graph is written.
 *
 * @param portable        standard operators alone, for other runtimes; otherwise com.microsoft operators where they are faster
 *                        on ONNX Runtime's CPU
 * @param producerVersion version of this program, recorded in the model
 */
public record EmitOptions(boolean portable, String producerVersion) {
}
