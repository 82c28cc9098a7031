// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.plan;

/**
 * One layer's caches of the rows of a decode step. A cache is token-major, {@code [capacity, kvHeads · headDim]} for keys and as much for
 * values.
 *
 * @param keys    I64 {@code [rows]}: the address of each row's keys
 * @param values  I64 {@code [rows]}: the address of each row's values
 * @param indices I64 {@code [rows]}: the address of each row's sequence indices, I32 {@code [capacity]}; null where they are not stored
 * @param lengths I32 {@code [rows]}: entries in each row's cache
 * @param width   {@code kvHeads · headDim}
 */
public record LayerCaches(DeviceTensor keys, DeviceTensor values, DeviceTensor indices, DeviceTensor lengths, long width) {
}
