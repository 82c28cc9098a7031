// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

/** Type of a value; {@link #toString()} is its text form. */
public sealed interface Type permits TensorType, RowsType, CacheType {
}
