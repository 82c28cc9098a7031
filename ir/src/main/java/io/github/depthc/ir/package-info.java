// SPDX-License-Identifier: Apache-2.0
/**
 * What a model is: types, values, nodes, regions and the open set of op kinds.
 *
 * <p>Everything here is immutable. A graph is changed by building a new one through a
 * {@link io.github.depthc.ir.RegionBuilder}; uses, types and locations can therefore never be out of step.
 */
package io.github.depthc.ir;
